"""The starting picture from the artist's side: how it gets in, and what becomes of each wish. Each is one undo step."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QImage
from PySide6.QtWidgets import QFileDialog

from studio.core.abilities import Ability
from studio.core.errors import PictureError, StudioError
from studio.core.recipe import Recipe, check_recipe
from studio.core.session import Session
from studio.core.start import Area, Enlarging, Start, png_size
from studio.core.start_picture import refitted, start_from_file, uncropped
from studio.ui.ability_gate import allow, refuses
from studio.ui.background import Background
from studio.ui.main_window import MainWindow
from studio.ui.picture_desk import PictureDesk
from studio.ui.start.pictures import Shown, show, start_from_image
from studio.ui.start.start_panel import THUMB_PX

Fit: TypeAlias = Callable[[Recipe], Start]
"""Gives a start from one source, in the background: of a recipe's size or, where that says so, of its own."""
_FIT_MS = 250
"""After the last change of the size: as long as it is being typed, the picture waits."""
_ORIGINS_MAX = 16
_REFINEMENTS = ("refine", "refineLatents")
_REFINE_STRENGTHS = {Enlarging.PIXELS: 0.4, Enlarging.LATENTS: 0.55}
"""Enlarged latents are those of a soft picture with edges like stairs: more of it is to be made anew."""


class _Origin(NamedTuple):
    """Where a picture came from. `is_whole`: it is all that can be had from there, and no piece cropped to a size."""

    fit: Fit
    is_whole: bool


class StartDesk(QObject):
    """Joins the panel of the starting picture with the session.

    Signals:
        shown: the start as it looks, once it is decoded; None where there is none.
    """

    shown = Signal(object)

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        pictures: PictureDesk,
        *,
        submit: Callable[[Recipe], bool],
    ) -> None:
        """`submit` puts a recipe into the queue."""
        super().__init__(window)
        self._window, self._session, self._pictures, self._submit = window, session, pictures, submit
        self._panel = window.prompt_panel.start_panel
        self.background = Background("starts", self)
        self._origins: dict[bytes, _Origin] = {}
        self._looks: Shown | None = None
        self._fit_timer = QTimer(self)
        self._fit_timer.setSingleShot(True)
        self._connect()
        self._follow()

    def use_file(self, path: Path) -> None:
        """Start from the picture at `path`; say why, where the model cannot."""
        self._use(partial(start_from_file, path), path.name)

    def use_image(self, image: QImage) -> None:
        """Start from pixels that no file holds."""
        self._use(partial(start_from_image, image), self.tr("the picture on show"))

    def put(self, start: Start | None, **fields: object) -> None:
        """Start from this, with other fields of the recipe, as an undo step of its own."""
        self._session.release()
        self._session.change_recipe(start=start, **fields)
        self._session.release()

    # How it gets in.

    def _use(self, fit: Fit, name: str) -> None:
        recipe = self._session.recipe
        if refuses(self._window, Ability.STARTS):
            return
        self.background.run(lambda: fit(recipe), lambda start: self._take(start, fit, name))

    def _take(self, start: Start, fit: Fit, name: str) -> None:
        self._remember(start, fit)
        self.put(start)
        self._window.status.show_activity(self.tr("Starts from {name}").format(name=name))

    def _remember(self, start: Start, fit: Fit) -> None:
        """Where a picture came from: for another size it is fitted from there, and not from what is left of it."""
        self._origins[start.picture] = _Origin(fit, start.area is Area.MASKED)
        while len(self._origins) > _ORIGINS_MAX:
            del self._origins[next(iter(self._origins))]

    # What follows from the session. A start of another size than the recipe's is fitted in the background and put
    # without a step of its own: undo and redo go from size to size, and what they meet is fitted in the same way. So
    # is one of which only the masked area is worked on now, and all of which is to be had from where it came.

    def _follow(self) -> None:
        start = self._session.recipe.start
        self._panel.set_fitting(start is not None and not self._fits(start))
        if start is None:
            self.shown.emit(None)
        elif not self._fits(start):
            self._fit_timer.start(0 if start.area is Area.MASKED else _FIT_MS)
        elif self._looks is not None and _pixels(self._looks.start) == _pixels(start):
            self._on_decoded(replace(self._looks, start=start))
        else:
            side = round(THUMB_PX * self._panel.devicePixelRatioF())
            self.background.run(partial(show, start, side), self._on_decoded)

    def _fits(self, start: Start) -> bool:
        """Whether it needs no fitting. What is no picture at all cannot be fitted: that is told beside it."""
        if start.has_own_size:
            origin = self._origins.get(start.picture)
            return start.area is Area.WHOLE or origin is None or origin.is_whole
        wanted = (None, (self._session.recipe.width, self._session.recipe.height))
        return png_size(start.picture) in wanted and png_size(start.mask) in wanted

    def _on_fit_due(self) -> None:
        recipe = self._session.recipe
        if recipe.start is not None and not self._fits(recipe.start):
            origin = self._origins.get(recipe.start.picture)
            self.background.run(partial(_fitted, recipe, origin), lambda made: self._on_fitted(recipe, *made))

    def _on_fitted(self, wanted: Recipe, start: Start, fit: Fit | None) -> None:
        recipe, state = self._session.recipe, self._session.state
        if recipe.start is not wanted.start or (recipe.width, recipe.height) != (wanted.width, wanted.height):
            return  # it was changed meanwhile, and is being fitted again
        if fit is not None:
            self._remember(start, fit)
        elif start == wanted.start:
            self._origins.pop(start.picture, None)  # nothing more is to be had from there
        if start == wanted.start:
            self._follow()  # the session does not tell of what stays
        else:
            self._session.put(replace(state, recipe=replace(recipe, start=start)))

    def _on_decoded(self, shown: Shown) -> None:
        if self._session.recipe.start is not shown.start:
            return
        self._looks = shown
        shown.thumbnail.setDevicePixelRatio(self._panel.devicePixelRatioF())
        self._panel.show_picture(shown.thumbnail, self._share(shown))
        self.shown.emit(shown)

    def _share(self, shown: Shown) -> str:
        if shown.mask is None:
            return self.tr("No mask: all of it is made anew.")
        share = 100 * float(shown.mask.mean()) / 255
        words = f"{share:.0f}" if share >= 1 else self.tr("less than 1")
        if shown.start.area is Area.WHOLE:
            return self.tr("{n} % is made anew, in red.").format(n=words)
        size = shown.image.size()
        said = self.tr("{n} % of {w} × {h} px is made anew, in red.")
        return said.format(n=words, w=size.width(), h=size.height())

    # Slots.

    def _connect(self) -> None:
        panel, window = self._panel, self._window
        panel.pathDropped.connect(self.use_file)
        panel.edited.connect(self._on_edited)
        panel.dragging.connect(self._on_dragging)
        panel.removeWanted.connect(self._on_remove_wanted)
        panel.chooseWanted.connect(self._on_choose_wanted)
        self.background.failed.connect(window.banner.tell)
        self._fit_timer.timeout.connect(self._on_fit_due)
        self._session.listen(self._on_session_changed)
        self._pictures.startWanted.connect(self.use_file)
        self._pictures.showingChanged.connect(self._on_showing_changed)
        window.action("useAsStart").triggered.connect(self._on_use_as_start_triggered)
        window.action("refine").triggered.connect(self._on_refine_triggered)
        window.action("refineLatents").triggered.connect(self._on_refine_latents_triggered)
        window.closeRequested.connect(self._on_close_requested)
        self._on_showing_changed()

    def _on_session_changed(self, names: frozenset[str]) -> None:
        if names & {"start", "width", "height"}:
            self._follow()

    def _on_edited(self, name: str, value: object) -> None:
        start = self._session.recipe.start
        if start is None:
            return
        if name in ("strength", "padding_px"):  # by a slider: what comes in one go is one step
            self._session.change_recipe(start=replace(start, **{name: value}))
        else:
            self.put(replace(start, **{name: value}))

    def _on_dragging(self, is_held: bool) -> None:
        self._session.hold() if is_held else self._session.release()

    def _on_remove_wanted(self) -> None:
        self.put(None)

    def _on_choose_wanted(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Choose a starting picture"),
            str(Path.home()),
            self.tr("Pictures (*.png *.jpg *.jpeg *.webp)"),
        )
        if path:
            self.use_file(Path(path))

    def _on_showing_changed(self) -> None:
        shown = self._pictures.on_show
        allow(self._window.action("useAsStart"), shown is not None)
        for name in _REFINEMENTS:
            self._window.action(name).setEnabled(shown is not None and shown.recipe.blend is None)

    def _on_use_as_start_triggered(self) -> None:
        shown = self._pictures.on_show
        if shown is not None:
            self.use_file(shown.path) if shown.path else self.use_image(shown.image)

    def _on_refine_triggered(self) -> None:
        self._refine(Enlarging.PIXELS)

    def _on_refine_latents_triggered(self) -> None:
        self._refine(Enlarging.LATENTS)

    def _refine(self, enlarging: Enlarging) -> None:
        """Make the picture on show again at twice the size, from itself. The artist's own recipe stays."""
        shown = self._pictures.on_show
        if shown is not None:
            fit: Fit = partial(start_from_file, shown.path) if shown.path else partial(start_from_image, shown.image)
            self.background.run(partial(_refined, shown.recipe, fit, enlarging), self._put_into_queue)

    def _put_into_queue(self, recipe: Recipe) -> None:
        self._pictures.follow()
        if self._submit(recipe):
            size = f"{recipe.width} × {recipe.height}"
            self._window.status.show_activity(self.tr("Refining at {size} px").format(size=size))

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if event.isAccepted():
            self._fit_timer.stop()
            self.background.close()


def _pixels(start: Start) -> tuple[bytes, bytes]:
    return start.picture, start.mask


def _refined(recipe: Recipe, fit: Fit, enlarging: Enlarging) -> Recipe:
    """The same picture at twice the size, from itself. Raises OptionError and PictureError."""
    width, height = recipe.picture_size
    larger = replace(recipe, width=2 * width, height=2 * height, start=None)
    check_recipe(larger)  # before a picture is made that no recipe may hold
    from_pixels = enlarging is Enlarging.PIXELS
    start = fit(larger if from_pixels else replace(larger, width=width, height=height))
    return replace(larger, start=replace(start, strength=_REFINE_STRENGTHS[enlarging], enlarging=enlarging))


def _fitted(recipe: Recipe, origin: _Origin | None) -> tuple[Start, Fit | None]:
    """The start of `recipe` as that wants it, and where it can be had from again, if what is there is its middle.

    It is made from where it came, where that is still there and no mask goes with it.
    """
    start = recipe.start
    assert start is not None
    if origin is not None and start.area is Area.MASKED:
        try:
            return uncropped(start, origin.fit(recipe).picture), origin.fit
        except StudioError:
            return start, None  # the file is gone, or the mask too ragged to be so large: what is there stays
    if origin is not None and not start.mask:
        try:
            return origin.fit(recipe), origin.fit
        except PictureError:
            pass  # the file is gone; the pixels are not
    made = refitted(start, recipe.width, recipe.height)
    is_middle = origin is not None and (origin.is_whole or _has_proportions_of(start, made))
    return made, origin.fit if origin is not None and is_middle else None


def _has_proportions_of(one: Start, other: Start) -> bool:
    first, second = png_size(one.picture), png_size(other.picture)
    return first is not None and second is not None and first[0] * second[1] == second[0] * first[1]
