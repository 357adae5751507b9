"""What can be done with a picture: show, save a copy, copy, reveal, throw away, take its recipe."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QPoint, QSize, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from studio.core.errors import PictureError, SaveError, StudioError
from studio.core.events import Finished
from studio.core.files import write_atomically
from studio.core.infotext import infotext
from studio.core.metadata import write_png
from studio.core.recipe import Recipe
from studio.library.library import PictureRow
from studio.library.names import picture_name
from studio.ui.ability_gate import allow
from studio.ui.images import read_image, to_qimage
from studio.ui.latest import Latest
from studio.ui.library_model import LibraryModel
from studio.ui.main_window import MainWindow
from studio.ui.shelf import Shelf
from studio.ui.unsaved import Unsaved


class OnShow(msgspec.Struct, frozen=True, eq=False):
    """The finished picture on show. `path` is None for one that is only in memory.

    `is_whole`: the image is the picture itself, not its thumbnail while the file is being read.
    """

    image: QImage
    recipe: Recipe
    path: Path | None
    finished: Finished | None = None
    is_whole: bool = True


class PictureDesk(QObject):
    """Keeps the preview and the film strip in step, and does what is asked with a picture.

    Signals:
        recipeChosen: a recipe to go on from, and the name of the picture it came from.
        foreignChosen: the path of a picture that is not ours, or not a PNG.
        showingChanged: whether a finished picture is on show.
        startWanted: the path of a picture to go on from.
        canvasWanted: a recipe whose picture is to be a keyframe on the canvas, and its file, or None.
        reopenWanted: the recipe of a picture kept from a canvas, which is to come back.
        trashWanted: the paths of pictures to move to the trash.
        canvasLeft: the preview turned from the canvas's pictures to others.
    """

    recipeChosen = Signal(object, str)  # noqa: N815 Qt's style
    foreignChosen = Signal(object)  # noqa: N815
    showingChanged = Signal(bool)  # noqa: N815
    startWanted = Signal(object)  # noqa: N815
    canvasWanted = Signal(object, object)  # noqa: N815
    reopenWanted = Signal(object)  # noqa: N815
    trashWanted = Signal(object)  # noqa: N815
    canvasLeft = Signal()  # noqa: N815

    def __init__(self, window: MainWindow, library: Shelf, model: LibraryModel, folder: Path) -> None:
        """`folder` is where finished pictures lie."""
        super().__init__(window)
        self._window, self._library, self._model, self._folder = window, library, model, folder
        self._on_show: OnShow | None = None
        self._unsaved = Unsaved(window, self._keep_again, self._save_one_as, self._name)
        self._before: OnShow | None = None
        self._follows, self._copies_soon = True, False
        self._files = Latest("pictures", self)
        self._connect()

    @property
    def on_show(self) -> OnShow | None:
        """The finished picture on show; None for a preview or an empty view."""
        return self._on_show

    @property
    def unsaved(self) -> tuple[Finished, ...]:
        """Pictures that could not be written and live only in memory."""
        return self._unsaved.items

    def follow(self) -> None:
        """Show what is being made, from now on."""
        self._follows = True
        self.canvasLeft.emit()

    def show_sketch(self, image: QImage, size: QSize) -> None:
        """Show what the library does not hold: the canvas's, a contact sheet. What is being made goes on unseen."""
        self._follows = False
        if self._on_show is not None:
            self._put_on_show(None)
        self._window.preview_view.show_image(image, size)

    def show_again(self, shown: OnShow | None) -> None:
        """Show what was on show before a sketch; where nothing was, what is being made."""
        if shown is None:
            self._window.preview_view.clear()
            self.follow()
        elif shown.path is not None and not shown.is_whole:
            self._show_file(shown.path, shown.recipe, QSize(*shown.recipe.picture_size))
        else:
            self._window.preview_view.show_image(shown.image)
            self._put_on_show(shown)

    def show_preview(self, image: QImage, size: QSize) -> None:
        """Show the picture in the making, unless the artist went to look at another."""
        if self._follows:
            self._before = self._on_show or self._before
            self._put_on_show(None)
            self._window.preview_view.show_image(image, size)

    def end_preview(self) -> None:
        """Nothing is in the making any more: show again what was on show before, if anything was."""
        if self._follows and self._on_show is None and self._before is not None:
            self.show_again(self._before)

    def fill(self) -> None:
        """Show the picture that is current where none is on show; what is made next is shown all the same."""
        number = self._window.library_view.currentIndex().row()
        if number >= 0 and self._window.preview_view.image.isNull():
            for row in self._model.rows_between(number, number):
                self._fetch(row.path, row.recipe, QSize(row.width, row.height))

    def take_finished(self, finished: Finished, image: QImage) -> None:
        """Show a finished picture and put it into the strip; keep it in memory where it has no file."""
        path = Path(finished.path) if finished.path else None
        if path is None:
            self._unsaved.add(finished)
        else:
            self._model.reload_newest()
        if self._follows:
            self._window.preview_view.show_image(image)
            self._put_on_show(OnShow(image, finished.recipe, path, finished))
            if path is not None:
                self._window.library_view.select(path)

    def show_row(self, row: PictureRow) -> None:
        """Show a picture of the library, as soon as it is read; say why where it cannot be."""
        self._show_file(row.path, row.recipe, QSize(row.width, row.height))

    def show_path(self, path: Path) -> None:
        """Show a picture by its file alone, as soon as that is read."""
        self._files.wish(
            lambda: OnShow(read_image(path), self._library.recipe_of(path), path), self._turn_to, self._on_refused
        )

    def use_row(self, row: PictureRow) -> None:
        """Go on from the recipe of a picture of the library."""
        self.recipeChosen.emit(row.recipe, row.path.name)

    def forget(self, paths: Sequence[Path]) -> None:
        """These are gone: where one of them is on show, show the one that is current now."""
        if self._before is not None and self._before.path in paths:
            self._before = None
        if self._on_show is not None and self._on_show.path in paths:
            self._put_on_show(None)
            self._window.preview_view.clear()
            self._window.library_view.choose_current()

    def save_as(self) -> None:
        """Write a copy of the picture on show where the artist says."""
        if self._on_show is None:
            return
        shown = self._on_show
        proposed = shown.path.name if shown.path else f"seed-{shown.recipe.seed}.png"
        target, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save picture as"), str(Path.home() / proposed), self.tr("Pictures (*.png)")
        )
        if target:
            self._guard(lambda: self._save(shown, Path(target).with_suffix(".png")))

    def offer_unsaved(self, sentence: str) -> None:
        """Tell why pictures could not be saved, and offer to save them elsewhere or again."""
        self._unsaved.offer(sentence)

    def forget_unsaved(self) -> None:
        """Let go of the pictures that are only in memory."""
        self._unsaved.forget()

    def copy_picture(self) -> None:
        """The picture's pixels on the clipboard.

        By `setImage`: a QMimeData made in Python would still be on the clipboard when the process ends, and its
        destructor, called after Python is gone, crashes.
        """
        self._copies_soon = self._on_show is not None and not self._on_show.is_whole
        if self._on_show is not None and self._on_show.is_whole:
            QGuiApplication.clipboard().setImage(self._window.preview_view.image)

    def reveal(self, path: Path | None = None) -> None:
        """Open the folder of a picture."""
        folder = path.parent if path else self._folder
        if not folder.is_dir():
            self._window.banner.tell(
                self.tr("There are no pictures yet: {folder} is made with the first.").format(folder=folder)
            )
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._window.banner.tell(
                self.tr("No file manager answered. The pictures are in {folder}.").format(folder=folder)
            )

    def open_recipe(self, path: Path) -> None:
        """Bring back the recipe of a picture file, ours or another program's."""

        def bring() -> None:
            try:
                recipe = self._library.recipe_of(path)
            except PictureError:  # not one of ours, or no PNG; where nobody's settings are in it, that is told
                self.foreignChosen.emit(path)
            else:
                self.recipeChosen.emit(recipe, path.name)

        self._guard(bring)

    def _connect(self) -> None:
        view, window = self._window.library_view, self._window
        view.pictureChosen.connect(self._on_picture_chosen)
        view.recipeWanted.connect(self._on_recipe_wanted)
        window.preview_view.menuRequested.connect(self._on_preview_menu_requested)
        window.pathDropped.connect(self._on_path_dropped)
        window.action("savePicture").triggered.connect(self.save_as)
        window.action("copyPicture").triggered.connect(self.copy_picture)
        window.action("reveal").triggered.connect(self._on_reveal_triggered)
        window.action("openFolder").triggered.connect(lambda _=False: self.reveal())
        window.action("trash").triggered.connect(self._on_trash_triggered)
        window.action("useRecipe").triggered.connect(self._on_use_recipe_triggered)
        window.action("sendToCanvas").triggered.connect(self._on_send_to_canvas_triggered)
        window.action("openPicture").triggered.connect(self._on_open_picture_triggered)
        self._model.closing.connect(self._files.close)
        self._put_on_show(None)

    def _put_on_show(self, shown: OnShow | None) -> None:
        self._files.drop()
        self._on_show, self._copies_soon = shown, False
        self._before = None if shown is not None else self._before
        for name in ("savePicture", "copyPicture", "useRecipe"):
            self._window.action(name).setEnabled(shown is not None)
        allow(self._window.action("sendToCanvas"), shown is not None)
        for name in ("reveal", "trash"):
            self._window.action(name).setEnabled(shown is not None and shown.path is not None)
        self.showingChanged.emit(shown is not None)

    def _save(self, shown: OnShow, target: Path) -> None:
        if shown.path is not None:
            data = _read(shown.path)
        else:
            assert shown.finished is not None
            data = write_png(shown.finished.picture, shown.recipe)
        write_atomically(target, data)
        self._unsaved.settle(shown.finished)
        self._window.status.show_activity(self.tr("Saved as {path}").format(path=target))

    def _save_one_as(self, finished: Finished) -> None:
        shown = self._on_show
        if shown is None or shown.finished is not finished:
            image = to_qimage(finished.picture)
            self._window.preview_view.show_image(image)
            self._put_on_show(OnShow(image, finished.recipe, None, finished))
        self.save_as()

    def _name(self, finished: Finished) -> str:
        return picture_name(finished.recipe, datetime.now(), self._library.name_pattern)

    def _keep_again(self, finished: Finished) -> None:
        self._library.keep(finished)
        self._model.reload_newest()

    def _show_file(self, path: Path, recipe: Recipe, size: QSize) -> None:
        self._turn_away()
        self._fetch(path, recipe, size)

    def _fetch(self, path: Path, recipe: Recipe, size: QSize) -> None:
        """Show the thumbnail at the picture's size, where there is one, until the file is read."""
        if self._on_show is not None and self._on_show.path == path and self._on_show.is_whole:
            self._present(self._on_show)
            return
        image = self._model.image(path) or QImage()
        self._present(OnShow(image, recipe, path, is_whole=False), size)
        self._files.wish(partial(read_image, path), self._on_read, self._on_refused)

    def _turn_to(self, shown: OnShow) -> None:
        self._turn_away()
        self._present(shown)

    def _turn_away(self) -> None:
        """The artist looks at another picture than the one in the making, or the canvas's."""
        self._follows = False
        self.canvasLeft.emit()

    def _present(self, shown: OnShow, size: QSize | None = None) -> None:
        if not shown.image.isNull():
            self._window.preview_view.show_image(shown.image, size)
        self._put_on_show(shown)

    def _on_read(self, image: QImage) -> None:
        assert self._on_show is not None, "what is put on show instead drops the wish"
        self._on_show = msgspec.structs.replace(self._on_show, image=image, is_whole=True)
        self._window.preview_view.show_image(image)
        if self._copies_soon:
            self.copy_picture()

    def _on_refused(self, error: StudioError) -> None:
        self._window.banner.tell(str(error))
        if self._on_show is not None and not self._on_show.is_whole:
            self._put_on_show(None)
            self._window.preview_view.clear()

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except SaveError as error:
            self._window.banner.tell(str(error), {self.tr("Save as…"): self.save_as})
        except StudioError as error:
            self._window.banner.tell(str(error))

    # Slots.

    def _on_picture_chosen(self, row: PictureRow) -> None:
        self.show_row(row)

    def _on_recipe_wanted(self, row: PictureRow) -> None:
        self.use_row(row)

    def _on_preview_menu_requested(self, place: QPoint) -> None:
        self._window.menus["&Picture"].popup(place)

    def _on_path_dropped(self, path: str) -> None:
        self.open_recipe(Path(path))

    def _on_reveal_triggered(self) -> None:
        self.reveal(self._on_show.path if self._on_show else None)

    def _on_trash_triggered(self) -> None:
        path = self._on_show.path if self._on_show else None
        if path is not None:
            self.trashWanted.emit((path,))

    def _on_use_recipe_triggered(self) -> None:
        if self._on_show is not None:
            name = self._on_show.path.name if self._on_show.path else self.tr("the picture on show")
            self.recipeChosen.emit(self._on_show.recipe, name)

    def _on_send_to_canvas_triggered(self) -> None:
        if self._on_show is not None:
            self.canvasWanted.emit(self._on_show.recipe, self._on_show.path)

    def _on_open_picture_triggered(self) -> None:
        folder = self._folder if self._folder.is_dir() else Path.home()
        path, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Open a picture’s recipe"),
            str(folder),
            self.tr("Pictures (*.png *.jpg *.jpeg *.webp)"),
        )
        if path:
            self.open_recipe(Path(path))


def copy_recipe(recipe: Recipe) -> None:
    """The recipe on the clipboard, in the text that other programs read."""
    QGuiApplication.clipboard().setText(infotext(recipe))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(path, (error.strerror or str(error)).lower()) from error
