"""Projects in the window: new, open, recent, save. Nothing is asked that could lose work: the old project stays.

The life of one opening: the path goes to the files' thread → the project comes back, or a sentence → what was in the
window and had no file is kept aside → the new state takes its place, as one step of undo → the title says so.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from studio.core.errors import StudioError
from studio.core.models import ModelInfo
from studio.core.project import SELECTION_MAX, SUFFIX, Project
from studio.core.session import Session, State
from studio.ui.document import Document, Remembered, document_of, project_of, state_of, with_recent
from studio.ui.main_window import MainWindow
from studio.ui.project_files import ProjectFiles
from studio.ui.wishes import first_recipe


class ProjectDesk(QObject):
    """Which project is in the window, and its way to files and back.

    Signals:
        remembering: something else than the session changed that should be found again.
        selected: the project's pictures are selected in the library.
    """

    remembering = Signal()
    selected = Signal()

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        files: ProjectFiles,
        models: dict[str, ModelInfo],
        last: Remembered,
    ) -> None:
        """`last` is what the last session left; `models` by how the engine finds them."""
        super().__init__(window)
        self._window, self._session, self._files, self._models = window, session, files, models
        self._last, self._recent = last, last.recent
        self._selection, self._is_sought = last.selection, False
        self._document = document_of(last, session.state)
        self._connect()
        self._show_title()

    @property
    def document(self) -> Document:
        """The project in the window."""
        return self._document

    @property
    def selection(self) -> tuple[str, ...]:
        """The names of the pictures selected in the library."""
        return self._selection

    @property
    def state(self) -> State:
        """What the window shows of it."""
        return self._session.state

    @property
    def is_changed(self) -> bool:
        """Whether the window shows something that the project's file has not."""
        return self._document.saved != self._session.state

    def remembered(self, *, is_clean: bool) -> Remembered:
        """What to write of the desk. `is_clean`: the studio is being closed, not killed."""
        return Remembered(
            project=str(self._document.path or ""),
            name=self._document.name,
            is_changed=self.is_changed,
            is_clean=is_clean,
            selection=self._selection,
            recent=self._recent,
        )

    def new(self) -> None:
        """Begin a project, with what the model in use wants."""
        key = self._session.recipe.model.name
        state = State(recipe=first_recipe(self._models[key], key)) if key in self._models else State()
        self._turn_to(self.tr("New project"), Document(saved=state), state, self._selection)

    def open(self, path: Path) -> None:
        """Open a project file; what is wrong with it is told, and the window stays as it is."""
        self._files.open(path.expanduser().absolute())

    def save(self) -> None:
        """Write to the project's file; asks for one where it has none."""
        if self._document.path is None:
            self.save_as()
        else:
            self._write(self._document.path)

    def save_as(self) -> None:
        """Ask for a file, and write to it."""
        dialog = self._dialog("saveProjectDialog", self.tr("Save project as"), self._write_chosen)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(SUFFIX[1:])
        start = self._document.path or Path.home() / (self._document.title or self.tr("Untitled"))
        dialog.setDirectory(str(start.parent))
        dialog.selectFile(start.name)
        dialog.open()

    def choose(self, folder: Path | None = None) -> None:
        """Ask which project to open."""
        dialog = self._dialog("openProjectDialog", self.tr("Open project"), lambda path: self.open(Path(path)))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        start = folder or (self._document.path.parent if self._document.path else Path.home())
        dialog.setDirectory(str(start))
        dialog.open()

    def offer_recovered(self) -> None:
        """After a crash, say what was brought back."""
        if self._last.is_clean or not self._last.is_changed:
            return
        when = time.strftime("%H:%M", time.localtime(self._last.saved_at))
        sentence = self.tr("Recovered “{name}” from {time}: the studio ended without being closed.")
        self._window.banner.tell(
            sentence.format(name=self._title(), time=when),
            {self.tr("Keep"): lambda: None, self.tr("Discard"): self._discard},
            is_decision=True,
        )

    def close(self) -> None:
        """Wait until everything is written."""
        self._files.close()

    # Turning from one project to another.

    def _turn_to(self, text: str, document: Document, state: State, selection: tuple[str, ...]) -> None:
        """Put another project into the window, as one step of undo. The old one is kept where no file has it."""
        kept = self._title() if self._keep() else ""
        place = self._session.history.place
        turn = _Turn(self)
        self.put(document, state, selection)
        self._session.record(text, turn.go, turn.go)
        if kept:
            sentence = self.tr("“{name}” had changes that no file has. It was kept aside.").format(name=kept)
            self._window.banner.tell(sentence, {self.tr("Go back"): partial(self._go_back, place)})

    def put(self, document: Document, state: State, selection: tuple[str, ...]) -> None:
        """Show `document` and `state`, without a step of undo; select these pictures, as soon as they are found."""
        self._document, self._selection = document, selection
        self._session.put(state)
        self._show_title()
        self._seek()

    def _seek(self) -> None:
        self._is_sought = True
        self._window.library_model.locate(self._selection)

    def _go_back(self, place: int) -> None:
        self._keep()
        self._session.history.go_to(place)

    def _discard(self) -> None:
        path = self._document.path
        self.open(path) if path is not None else self.new()

    def _keep(self) -> bool:
        """Put what is in the window aside, where no file has it."""
        is_worth = self.is_changed
        if is_worth:
            self._files.keep(project_of(self._session.state, self._selection), self._title())
        return is_worth

    def _write(self, path: Path) -> None:
        token = (self._document, self._session.state)
        self._files.save(path, project_of(self._session.state, self._selection), token)

    def _write_chosen(self, chosen: str) -> None:
        path = Path(chosen)
        self._write(path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX))

    # What the window shows.

    def _title(self) -> str:
        return self._document.title or self.tr("Untitled")

    def _show_title(self) -> None:
        self._window.setWindowTitle(f"{self._title()}[*] — Latent Studio")
        self._window.setWindowModified(self.is_changed)

    def _dialog(self, name: str, title: str, chosen: Callable[[str], None]) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.setObjectName(name)
        dialog.setNameFilter(self.tr("Latent Studio projects (*{suffix})").format(suffix=SUFFIX))
        dialog.fileSelected.connect(chosen)
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    def _connect(self) -> None:
        action = self._window.action
        action("newProject").triggered.connect(lambda _=False: self.new())
        action("openProject").triggered.connect(lambda _=False: self.choose())
        action("earlierVersions").triggered.connect(lambda _=False: self._choose_earlier())
        action("saveProject").triggered.connect(lambda _=False: self.save())
        action("saveProjectAs").triggered.connect(lambda _=False: self.save_as())
        action("clearRecent").triggered.connect(lambda _=False: self._set_recent(()))
        self._window.menus["Open recent"].aboutToShow.connect(self._fill_recent)
        self._window.projectDropped.connect(lambda path: self.open(Path(path)))
        self._session.listen(lambda names: self._show_title())
        self._window.library_view.chosenChanged.connect(self._on_chosen_changed)
        self._window.library_model.located.connect(self._on_located)
        self._window.shown.connect(self._seek)
        self._files.opened.connect(self._on_project_opened)
        self._files.saved.connect(self._on_project_saved)
        self._files.failed.connect(self._on_file_failed)

    def _choose_earlier(self) -> None:
        if self._files.folder.is_dir():
            self.choose(self._files.folder)
        else:
            self._window.banner.tell(self.tr("There are no earlier versions yet. Each save makes one."))

    def _fill_recent(self) -> None:
        menu, clear = self._window.menus["Open recent"], self._window.action("clearRecent")
        for old in menu.actions():
            if old is not clear:
                menu.removeAction(old)
        menu.insertSeparator(clear)
        for path in self._recent:
            entry = menu.addAction(Path(path).stem.replace("&", "&&"))
            entry.setToolTip(path)
            entry.setStatusTip(path)
            entry.triggered.connect(lambda _=False, path=path: self.open(Path(path)))
            menu.insertAction(menu.actions()[menu.actions().index(clear) - 1], entry)
        clear.setEnabled(bool(self._recent))

    def _set_recent(self, recent: tuple[str, ...]) -> None:
        self._recent = recent
        self.remembering.emit()

    # Answers.

    def _on_project_opened(self, path: Path, project: Project) -> None:
        state = state_of(project)
        is_ours = self._files.folder in path.parents
        document = Document(None, path.stem, None) if is_ours else Document(path, "", state)
        self._turn_to(self.tr("Open {name}").format(name=path.stem), document, state, project.selection)
        if not is_ours:
            self._set_recent(with_recent(self._recent, path))

    def _on_project_saved(self, path: Path, token: tuple[Document, State]) -> None:
        document, state = token
        if self._document is document:  # else another project came into the window meanwhile
            self._document = msgspec.structs.replace(document, path=path, name="", saved=state)
            self._show_title()
        self._set_recent(with_recent(self._recent, path))
        self._window.status.show_activity(self.tr("Saved as {path}").format(path=path))

    def _on_located(self, numbers: tuple[int, ...]) -> None:
        if self._is_sought:  # else the artist has chosen others meanwhile
            self._is_sought = False
            self._window.library_view.choose(numbers)
            self.selected.emit()

    def _on_chosen_changed(self) -> None:
        self._is_sought = False
        self._selection = self._window.library_view.chosen_names()[:SELECTION_MAX]
        self.remembering.emit()

    def _on_file_failed(self, error: StudioError) -> None:
        self._window.banner.tell(str(error))


class _Turn:
    """The step from one project to another. Each going puts back what the last one left."""

    def __init__(self, desk: ProjectDesk) -> None:
        self._desk = desk
        self._before = desk.document, desk.state, desk.selection

    def go(self) -> None:
        """Change what is in the window for what was before."""
        before, self._before = self._before, (self._desk.document, self._desk.state, self._desk.selection)
        self._desk.put(*before)
