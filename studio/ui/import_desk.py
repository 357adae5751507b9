"""Pictures and settings from elsewhere: by a drop, by the menu, from the clipboard. Each use is one step of undo."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from PySide6.QtCore import QMimeData, QObject
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog

from studio.core.abilities import Ability
from studio.core.errors import SaveError
from studio.core.export import export_bytes
from studio.core.export_options import ExportOptions
from studio.core.files import write_new
from studio.core.foreign.adoption import Adoption
from studio.core.models import ModelInfo
from studio.core.recipe import Recipe
from studio.core.session import Session
from studio.ui.ability_gate import refuses
from studio.ui.canvas_desk import CanvasDesk
from studio.ui.images import to_picture
from studio.ui.import_panel import ImportPanel, Use
from studio.ui.import_reader import Found, ImportReader
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import PictureDesk
from studio.ui.start.drop_choice import DropChoice
from studio.ui.start.start_desk import StartDesk

UseRecipe = Callable[..., None]
"""The controller's `use_recipe`: a recipe, where it comes from, and other fields of the state."""
_PICTURE_TYPES = ("image/png", "image/webp", "image/jpeg")
"""What programs put on the clipboard beside the bare pixels; the file's own bytes still carry its texts."""
_PICTURE_BYTES_MAX = 256 << 20
_NEEDS = {Use.START: Ability.STARTS, Use.KEYFRAME: Ability.BLENDS}


class ImportDesk(QObject):
    """Reads what comes in, shows it, and does what the artist chose with it."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        *,
        models: Mapping[str, ModelInfo],
        pictures: PictureDesk,
        canvas: CanvasDesk,
        starts: StartDesk,
        use_recipe: UseRecipe,
        folders: tuple[Path, ...],
    ) -> None:
        """`models` by how the engine finds them; `folders` hold models, and what goes with them."""
        super().__init__(window)
        self._window, self._session, self._canvas, self._use_recipe = window, session, canvas, use_recipe
        self._starts = starts
        self._reader = ImportReader(models, folders, self)
        self._panel: ImportPanel | None = None
        self._pasted: tempfile.TemporaryDirectory[str] | None = None
        self._reader.ready.connect(self._on_found)
        self._reader.failed.connect(window.banner.tell)
        pictures.foreignChosen.connect(self.open)
        window.action("importPicture").triggered.connect(self._on_import_triggered)
        window.action("pastePicture").triggered.connect(lambda _=False: self.paste())
        window.action("pasteStart").triggered.connect(self._on_paste_start_triggered)
        choice = DropChoice(window.preview_view)
        choice.startWanted.connect(starts.use_file)
        choice.recipeWanted.connect(pictures.open_recipe)
        window.closeRequested.connect(self._on_close_requested)

    def use_folders(self, folders: tuple[Path, ...]) -> None:
        """Look for what goes with models in and beside these from now on."""
        self._reader.use_folders(folders)

    def open(self, path: Path) -> None:
        """Read the picture at `path`, and show what it says."""
        self._reader.want_file(path, self._session.recipe.model)

    def paste(self) -> None:
        """Read a picture, a picture's file or settings as text from the clipboard."""
        mime = QGuiApplication.clipboard().mimeData()
        path = self._picture_in(mime)
        if path is not None:
            self.open(path)
        elif mime.hasText() and mime.text().strip():
            self._reader.want_text(mime.text(), self.tr("The clipboard’s text"), self._session.recipe.model)
        else:
            self._window.banner.tell(
                self.tr("The clipboard holds no picture and no text. Copy a picture, or the text of its settings.")
            )

    def _picture_in(self, mime: QMimeData) -> Path | None:
        return _local_file(mime) or self._pasted_picture(mime)

    def _pasted_picture(self, mime: QMimeData) -> Path | None:
        """The clipboard's picture as a file, so that its texts and its pixels can be read like any other's."""
        data = next((found for kind in _PICTURE_TYPES if (found := bytes(mime.data(kind).data()))), b"")
        if not data and mime.hasImage():
            pixels = to_picture(QGuiApplication.clipboard().image())
            data = export_bytes(pixels, Recipe(), ExportOptions(with_recipe=False))
        if not 0 < len(data) <= _PICTURE_BYTES_MAX:
            return None
        if self._pasted is None:
            self._pasted = tempfile.TemporaryDirectory(prefix="latent-studio-")
        try:
            return write_new(Path(self._pasted.name) / "Pasted picture", data)
        except SaveError as error:
            self._window.banner.tell(str(error))
            return None

    def _use(self, use: Use, found: Found) -> None:
        self._session.release()  # whatever was changed just now stays a step of its own
        if use is Use.KEYFRAME:
            self._add_keyframe(found)
        elif use is Use.START and found.path is not None:
            self._starts.use_file(found.path)
        elif found.adoption is not None:
            {Use.ALL: self._use_all, Use.PROMPT: self._use_prompt, Use.SEED: self._use_seed}[use](found.adoption, found)
        self._session.release()

    def _use_all(self, adoption: Adoption, found: Found) -> None:
        if adoption.canvas is None:
            self._use_recipe(adoption.recipe, found.name)
            return
        self._use_recipe(adoption.recipe, found.name, canvas=adoption.canvas)
        self._window.action("latentCanvas").setChecked(True)

    def _use_prompt(self, adoption: Adoption, found: Found) -> None:
        recipe = adoption.recipe
        self._session.change_recipe(prompt=recipe.prompt, negative_prompt=recipe.negative_prompt)
        self._window.status.show_activity(self.tr("Prompt of {name} taken").format(name=found.name))

    def _use_seed(self, adoption: Adoption, found: Found) -> None:
        self._use_recipe(msgspec.structs.replace(self._session.recipe, seed=adoption.recipe.seed), found.name)
        self._window.status.show_activity(self.tr("Seed of {name} taken").format(name=found.name))

    def _add_keyframe(self, found: Found) -> None:
        if found.path is not None and not refuses(self._window, Ability.BLENDS):
            self._window.action("latentCanvas").setChecked(True)
            self._canvas.canvas.add_file(found.path)

    def _on_found(self, found: Found) -> None:
        if found.adoption is not None and found.adoption.is_exact:  # our own: nothing to ask
            self._session.release()
            self._use_recipe(found.adoption.recipe, found.name)
            return
        if self._panel is None:
            self._panel = ImportPanel(self._window)
            self._panel.useWanted.connect(self._use)
        self._panel.show_found(found, {use: self._window.lacks.get(ability, "") for use, ability in _NEEDS.items()})

    def _on_paste_start_triggered(self) -> None:
        path = self._picture_in(QGuiApplication.clipboard().mimeData())
        if path is not None:
            self._starts.use_file(path)
        else:
            self._window.banner.tell(self.tr("The clipboard holds no picture. Copy one, then paste it again."))

    def _on_import_triggered(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Import picture"),
            str(Path.home()),
            self.tr("Pictures (*.png *.jpg *.jpeg *.webp)"),
        )
        if path:
            self.open(Path(path))

    def _on_close_requested(self, event: QCloseEvent) -> None:
        """Once everybody agreed that the window closes, end the reading thread and forget what was pasted."""
        if not event.isAccepted():
            return
        self._reader.close()
        if self._pasted is not None:
            self._pasted.cleanup()
            self._pasted = None


def _local_file(mime: QMimeData) -> Path | None:
    urls = mime.urls() if mime.hasUrls() else []
    local = urls[0].toLocalFile() if len(urls) == 1 else ""
    return Path(local) if local else None
