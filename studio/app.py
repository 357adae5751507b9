"""Builds the whole studio and wires it, in plain sight. Only this file and the command line know both sides."""

import logging
import os
import sys
import time
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

import msgspec
from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from studio.core.engine import Engine
from studio.core.errors import StudioError
from studio.core.hub import Hub
from studio.core.models import ModelInfo, first_models, resolve_model
from studio.core.places import Places, resources_dir
from studio.core.recipe import ModelRef, Recipe
from studio.core.session import Session, State
from studio.core.settings import load_settings, model_folders
from studio.display import check_display
from studio.library.thumbnail_cache import ThumbnailCache
from studio.ui.adapter_desk import AdapterDesk
from studio.ui.autosave import Autosave
from studio.ui.canvas_desk import CanvasDesk
from studio.ui.canvas_settings import CanvasSettings
from studio.ui.controller import Controller
from studio.ui.document import Remembered
from studio.ui.engine_thread import EngineThread
from studio.ui.export_desk import ExportDesk
from studio.ui.forever import Forever
from studio.ui.get_desk import GetDesk
from studio.ui.grid_desk import GridDesk
from studio.ui.history_desk import HistoryDesk
from studio.ui.import_desk import ImportDesk
from studio.ui.job_desk import JobDesk
from studio.ui.library_desk import LibraryDesk
from studio.ui.library_model import LibraryModel
from studio.ui.main_window import MainWindow
from studio.ui.model_desk import ModelDesk
from studio.ui.models_desk import ModelsDesk
from studio.ui.notes_panel import NotesDesk
from studio.ui.opening import Opening, OpenLibrary
from studio.ui.picture_desk import PictureDesk
from studio.ui.preferences import Preferences
from studio.ui.project_desk import ProjectDesk
from studio.ui.project_files import ProjectFiles
from studio.ui.questions import Questions
from studio.ui.queue_desk import QueueDesk
from studio.ui.read_only import ReadOnly
from studio.ui.session_file import SessionFile
from studio.ui.shelf import Shelf
from studio.ui.sketch_desk import SketchDesk
from studio.ui.start.extend_desk import ExtendDesk
from studio.ui.start.mask_desk import MaskDesk
from studio.ui.start.start_desk import StartDesk
from studio.ui.style_desk import StyleDesk
from studio.ui.thumbnails import THUMBNAIL_PX, Thumbnails
from studio.ui.wishes import first_recipe, with_model

MakeEngine = Callable[[tuple[Path, ...]], Engine]
"""From the folders that hold models."""
MakeHub = Callable[[], Hub]

_LOG_BYTES = 1 << 20
_log = logging.getLogger(__name__)


def build(data_dir: Path, *, model: str | None = None) -> MainWindow:
    """The whole real studio, engine thread included, without showing it. Needs a QApplication.

    `model` is a name or a folder; without one the last session's model is used, else the first there is.

    Raises:
        ModelError: where `model` cannot be used.
    """

    def make_engine(folders: tuple[Path, ...]) -> Engine:
        from studio.engine.local import LocalEngine  # noqa: PLC0415 torch is first imported here, on the engine's thread

        return LocalEngine(folders, hashes=Places(data_dir).hashes, measured=Places(data_dir).measured)

    return assemble(Places(data_dir), make_engine=make_engine, model=model)


def _hub() -> Hub:
    from studio.engine.hub import HuggingFaceHub  # noqa: PLC0415 only where the artist asks for a download

    return HuggingFaceHub()


def assemble(
    places: Places,
    *,
    make_engine: MakeEngine,
    model: str | None = None,
    open_library: OpenLibrary | None = None,
    make_hub: MakeHub = _hub,
) -> MainWindow:
    """The studio on any engine, library and hub. Tests give scripted ones."""
    app = QApplication.instance()
    assert isinstance(app, QApplication), "make a QApplication first"
    settings, settings_error = load_settings(places.settings)
    models = _models(folders := model_folders(places, settings), model)
    opening = Opening(places, open_library)
    library = opening.open_first()
    session_file = SessionFile(places.session, is_read_only=library.is_read_only)
    state, layout, last = session_file.load()

    thread = EngineThread(opening.guarded(lambda: make_engine(folders)), opening.open)
    library_model = LibraryModel(library, Thumbnails(ThumbnailCache(places.thumbnails, THUMBNAIL_PX).thumbnail))
    window = MainWindow(library_model)
    thread.setParent(window)
    session = Session(_first_state(state, models, model), time.monotonic)
    jobs = JobDesk(thread, window.status, window.progress, window)
    pictures = PictureDesk(window, library, library_model, places.pictures)
    sketches = SketchDesk(thread, jobs, window.status, window.progress, window)
    canvas = CanvasDesk(window, session, sketches, pictures)
    questions = Questions(thread, window)
    preferences = Preferences(app, window, thread, library, settings=settings, places=places)
    CanvasSettings(window, canvas, preferences)
    projects = _projects(window, session, models, places, last)
    window.controller = Controller(
        window=window,
        session=session,
        thread=thread,
        library=library,
        models=models,
        projects=projects,
        autosave=Autosave(window, session, projects, preferences, session_file),
        jobs=jobs,
        pictures=pictures,
        canvas=canvas,
        questions=questions,
    )
    queue = QueueDesk(window, jobs, library, session.record)
    queue.recipeChosen.connect(window.controller.use_recipe)
    _feeders(window, session, jobs, pictures, models=models, folder=places.pictures)
    _models_at_hand(window, models, library, preferences, places=places, make_hub=make_hub)
    _incoming(window, session, models, pictures, canvas, places=places, preferences=preferences)
    desk = LibraryDesk(window, library, pictures, places.pictures, session.record)
    desk.exportRequested.connect(ExportDesk(window, pictures, preferences).export)
    sketches.pictureWanted.connect(window.controller.keep)
    window.restore_layout(layout)
    library_model.reload()
    _tell_first(window, queue, projects, opening, settings_error)
    window.closeRequested.connect(opening.release_after)
    app.aboutToQuit.connect(window.close)  # a thread that runs on would abort the process
    thread.start()
    return window


def run(data_dir: Path, *, model: str | None = None, project: Path | None = None) -> int:
    """Show the studio, with `project` in it, and stay until it is closed. 0: it closed well, 1: it could not open."""
    try:
        check_display(os.environ)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 1
    _log_to(Places(data_dir).log)
    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("latent-studio")
    app.setApplicationDisplayName("Latent Studio")
    app.setDesktopFileName("latent-studio")
    icon = resources_dir() / "icons" / "latent-studio.svg"
    if icon.is_file():
        app.setWindowIcon(QIcon(str(icon)))
    try:
        window = build(data_dir, model=model)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 1
    sys.excepthook = _hook(window)
    window.show()
    if project is not None:
        window.controller.projects.open(project)
    seconds = os.environ.get("STUDIO_QUIT_AFTER")
    if seconds:  # a packaged program is tested by opening it for a moment
        QTimer.singleShot(round(1000 * float(seconds)), window, window.close)
    return app.exec()


def _models(folders: tuple[Path, ...], wanted: str | None) -> dict[str, ModelInfo]:
    """The models to begin with, by how the engine finds them: their name, or for `wanted` as it was given.

    Folders that others filled may be large and slow: they are looked through once the window is on the screen.
    """
    models = {info.name: info for info in first_models(folders)}
    if wanted is not None:
        info = resolve_model(wanted, folders)
        models.setdefault(info.name if info.name.casefold() == wanted.casefold() else wanted, info)
    return models


def _first_state(saved: State | None, models: dict[str, ModelInfo], wanted: str | None) -> State:
    """Go on from the last session; else from what the model wants."""
    key = _key_of(models, wanted)
    if saved is None:
        key = key or next(iter(models), "")
        return State(recipe=first_recipe(models[key], key)) if key else State()
    if not key or saved.recipe.model.name == key:  # one that is not found yet may be later
        return saved
    recipe: Recipe = with_model(saved.recipe, models.get(saved.recipe.model.name), models[key], key)
    return msgspec.structs.replace(saved, recipe=msgspec.structs.replace(recipe, model=ModelRef(name=key)))


def _key_of(models: dict[str, ModelInfo], wanted: str | None) -> str:
    return "" if wanted is None else next(key for key in models if key.casefold() == wanted.casefold())


def _projects(
    window: MainWindow, session: Session, models: dict[str, ModelInfo], places: Places, last: Remembered
) -> ProjectDesk:
    """What belongs to the project beside its recipe and canvas: file, notes, list of undo, styles for its prompt."""
    HistoryDesk(window.history_panel, session).show_on(window)
    NotesDesk(window.notes_panel, session)
    StyleDesk(window, session, places.styles)
    return ProjectDesk(window, session, ProjectFiles(places.projects), models, last)


def _feeders(
    window: MainWindow,
    session: Session,
    jobs: JobDesk,
    pictures: PictureDesk,
    *,
    models: dict[str, ModelInfo],
    folder: Path,
) -> None:
    """What fills the queue with more than one picture."""
    is_ready, submit = window.controller.is_ready, window.controller.submit
    Forever(window, session, jobs, is_ready, submit)
    GridDesk(window, session, jobs, pictures, models=models, folder=folder, is_ready=is_ready, submit=submit)


def _models_at_hand(
    window: MainWindow,
    models: dict[str, ModelInfo],
    library: Shelf,
    preferences: Preferences,
    *,
    places: Places,
    make_hub: MakeHub,
) -> None:
    """What keeps the list of models, shows it, and fetches more."""
    recipes = window.controller.recipes
    desk = ModelDesk(window, recipes, models, preferences.model_folders)
    preferences.foldersChanged.connect(desk.use_folders)
    ModelsDesk(window, recipes, desk, library, places.hashes)
    GetDesk(window, window.controller.jobs, make_hub, places.models, recipes.load_again)


def _incoming(
    window: MainWindow, session: Session, models: dict[str, ModelInfo], pictures: PictureDesk, canvas: CanvasDesk,
    *, places: Places, preferences: Preferences,
) -> None:  # fmt: skip
    """What takes in files: adapters, pictures to start from, to paint masks on, to read settings from."""
    adapters = AdapterDesk(window, session, places, preferences.model_folders)
    preferences.foldersChanged.connect(adapters.use_folders)
    starts = StartDesk(window, session, pictures, submit=window.controller.submit)
    MaskDesk(window, session, pictures, starts)
    ExtendDesk(window, session, pictures, starts, models)
    use_recipe = window.controller.use_recipe
    imports = ImportDesk(
        window, session, models=models, pictures=pictures, canvas=canvas, starts=starts, use_recipe=use_recipe,
        folders=preferences.model_folders,
    )  # fmt: skip
    preferences.foldersChanged.connect(imports.use_folders)


def _tell_first(
    window: MainWindow, queue: QueueDesk, projects: ProjectDesk, opening: Opening, settings_error: StudioError | None
) -> None:
    """What the artist should know at once."""
    if opening.in_use is None:
        projects.offer_recovered()
    queue.load()
    for sentence in (settings_error, opening.notice):
        if sentence:
            window.banner.tell(str(sentence))
    if opening.in_use is not None:
        ReadOnly(window, window.controller.pictures, opening.in_use)


def _log_to(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError:  # a log that cannot be written must not keep the window shut
        return
    logging.basicConfig(
        level=logging.INFO, handlers=[handler], format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def _hook(window: MainWindow) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """What to do with an exception in a slot: log it, tell it, go on."""

    def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        _log.error("unexpected failure in the window", exc_info=(kind, error, trace))
        window.banner.tell(
            f"Something unforeseen went wrong ({kind.__name__}). The studio goes on; the details are in the log."
        )

    return excepthook
