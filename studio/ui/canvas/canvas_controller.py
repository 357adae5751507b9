"""Joins the session, the canvas's panel and whoever makes its pictures. What a wish means is decided here.

The life of one drag: `puckPressed` → `session.hold` → every move changes the session's canvas, the session tells its
listeners, the panel shows it and a draft is asked for → `puckReleased` → `session.release`, so that all of it was one
undo step → the picture in full. Return keeps that point: an ordinary picture, whose recipe carries the blend.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from studio.core import canvas_edits as edits
from studio.core.blend import Blend, Keyframe, Law, check_blend
from studio.core.canvas import Canvas, Material, Point, blend_of, can_blend
from studio.core.errors import OptionError
from studio.core.recipe import Recipe
from studio.core.session import Session
from studio.ui.canvas.canvas_files import load_canvas, save_canvas
from studio.ui.canvas.canvas_panel import CanvasPanel
from studio.ui.canvas.canvas_pictures import CanvasPictures
from studio.ui.canvas.card_pictures import CardPictures
from studio.ui.canvas.drafter import Drafter
from studio.ui.canvas.frame_cache import Frame
from studio.ui.canvas.keyframe_menu import Deed
from studio.ui.canvas.picture_reader import PictureReader
from studio.ui.wishes import new_seed

SETTLE_MS = 350
"""After a key or a slider's step the hand is taken to rest when nothing more comes for so long."""


class CanvasController(QObject):
    """Owns no state of its own that the artist made: that is the session's.

    Signals:
        pictureShown: a QImage for the main preview, its recipe, and whether it is the full picture.
        pictureEnded: there is nothing to show any more.
        kept: the recipe that was submitted.
        failed: a sentence for the banner.
    """

    pictureShown = Signal(object, object, bool)  # noqa: N815 Qt's style
    pictureEnded = Signal()  # noqa: N815
    kept = Signal(object)
    failed = Signal(str)

    def __init__(self, session: Session, panel: CanvasPanel, drafter: Drafter) -> None:
        """Shows what the session has, and listens to it from now on."""
        super().__init__()
        self._session, self._panel, self._drafter = session, panel, drafter
        self.pictures, self._reader = CanvasPictures(drafter), PictureReader()
        self._cards = CardPictures()
        self._blend: Blend | None = None
        self._before_press = self.canvas
        self._leads = False
        self._settle_timer = QTimer(self)
        self._settle_timer.setSingleShot(True)
        self._settle_timer.setInterval(SETTLE_MS)
        self._settle_timer.timeout.connect(self._on_hand_rested)
        self._is_held = False
        self._connect_pictures()
        self._connect_plane()
        self._connect_controls()
        session.listen(self._on_session_changed)
        self._blend = self._blend_now()
        self._show()
        self.pictures.set_visible(panel.isVisible())

    @property
    def canvas(self) -> Canvas:
        """The session's."""
        return self._session.state.canvas

    def recipe(self) -> Recipe:
        """The recipe of the point under the puck. Raises OptionError where the keyframes cannot be blended."""
        blend = blend_of(self.canvas)
        check_blend(blend)
        return edits.blend_recipe(self._session.recipe, blend)

    def close(self) -> None:
        """Ask for nothing any more and end the reading thread."""
        self._settle_timer.stop()
        self.pictures.stop()
        self._reader.close()

    # What the window asks.

    def add_recipe(self, recipe: Recipe, point: Point | None = None) -> None:
        """Put the picture of `recipe` on the canvas; one that is itself a blend opens as the canvas it was."""
        if recipe.blend is not None:
            opened = edits.canvas_at_blend(recipe.blend)
            self._do(lambda _: opened)
        else:
            self._do(edits.add_keyframe, edits.keyframe_of(recipe, recipe.seed), point)

    def add_file(self, path: Path, point: Point | None = None) -> None:
        """Make a keyframe of a picture file."""
        self._reader.want(path, point, self._session.recipe)

    def open_canvas(self, path: Path) -> None:
        """Replace the canvas by the one in `path`; one that cannot be read changes nothing."""
        self._do(lambda _: load_canvas(path))

    def save_canvas(self, path: Path) -> None:
        """Write the canvas to `path`."""
        try:
            save_canvas(path, self.canvas)
        except OptionError as error:
            self.failed.emit(str(error))

    def keep(self) -> None:
        """Make the point under the puck an ordinary picture."""
        try:
            recipe = self.recipe()
        except OptionError as error:
            self.failed.emit(str(error))
            return
        self._drafter.submit(recipe)
        self.kept.emit(recipe)

    def ask_variation(self, recipe: Recipe | None = None) -> None:
        """Ask for a variation of the picture of `recipe`; else of the selected keyframe, or of what is being edited."""
        index = self._panel.view.selected if recipe is None else -1
        recipe = recipe or self._session.recipe
        varied = self.canvas.placed[index].keyframe if index >= 0 else edits.keyframe_of(recipe, recipe.seed)
        self._panel.ask_variation(varied, index)

    def stop_leading(self) -> None:
        """The main preview shows something else now, until the canvas changes again."""
        self._leads = False

    # Wiring.

    def _connect_pictures(self) -> None:
        pictures, view = self.pictures, self._panel.view
        pictures.frameShown.connect(self._on_frame_shown)
        pictures.previewShown.connect(self._on_preview_shown)
        pictures.thumbnailReady.connect(self._on_thumbnail_ready)
        pictures.tileReady.connect(view.add_tile)
        pictures.atlasCleared.connect(view.clear_atlas)
        pictures.heatChanged.connect(view.show_heat)
        pictures.evennessChanged.connect(self._panel.show_evenness)
        pictures.failed.connect(self.failed)
        self._reader.ready.connect(self._on_picture_read)
        self._reader.failed.connect(self.failed)

    def _connect_plane(self) -> None:
        view = self._panel.view
        view.puckPressed.connect(self._on_hand_pressed)
        view.puckMoved.connect(self._on_puck_moved)
        view.puckReleased.connect(self._on_hand_released)
        view.clickTakenBack.connect(self._on_click_taken_back)
        view.keyframePressed.connect(self._on_hand_pressed)
        view.keyframeMoved.connect(self._on_keyframe_moved)
        view.keyframeReleased.connect(self._on_hand_released)
        view.addRequested.connect(self._on_add_requested)
        view.pictureDropped.connect(self.add_file)
        view.keepRequested.connect(self.keep)
        view.variationRequested.connect(self.ask_variation)
        view.deedWanted.connect(self._on_deed_wanted)
        self._panel.popover.edited.connect(self._on_keyframe_edited)
        self._panel.variation.wanted.connect(self._on_variation_wanted)
        menu = self._panel.menu
        menu.chosen.connect(self._on_deed_wanted)
        menu.closenessPressed.connect(self._on_hand_pressed)
        menu.closenessEdited.connect(self._on_closeness_edited)
        menu.closenessReleased.connect(self._on_hand_released)

    def _connect_controls(self) -> None:
        panel, bar, fade, weights = self._panel, self._panel.toolbar, self._panel.crossfade, self._panel.weights
        bar.addRequested.connect(self._on_add_requested)
        bar.keepRequested.connect(self.keep)
        bar.arrangeRequested.connect(self._on_arrange_requested)
        bar.linkedToggled.connect(self._on_linked_toggled)
        bar.atlasToggled.connect(self.pictures.set_atlas)
        bar.heatToggled.connect(self.pictures.set_heat)
        bar.variationRequested.connect(self.ask_variation)
        bar.clearRequested.connect(self._on_clear_requested)
        panel.openRequested.connect(self.open_canvas)
        panel.saveRequested.connect(self.save_canvas)
        panel.lawChosen.connect(self._on_law_chosen)
        panel.sharpnessEdited.connect(self._on_sharpness_edited)
        panel.budgetEdited.connect(self._on_budget_edited)
        panel.materialChosen.connect(panel.show_material)
        panel.visibilityChanged.connect(self.pictures.set_visible)
        for pressed in (fade.pressed, weights.sharePressed):
            pressed.connect(self._on_hand_pressed)
        for released in (fade.released, weights.shareReleased):
            released.connect(self._on_hand_released)
        fade.edited.connect(self._on_crossfade_edited)
        weights.shareEdited.connect(self._on_share_edited)

    # From the session.

    def _on_session_changed(self, names: frozenset[str]) -> None:
        is_canvas = "canvas" in names
        if not is_canvas and not names & _RECIPE_FIELDS:
            return
        is_new = self._show()
        blend = self._blend_now()
        if is_canvas and blend != self._blend:
            self._blend, self._leads = blend, blend is not None
            self._look_there(blend)
        elif not is_canvas:
            self._leads = False  # the main preview is for what is made from the panel now
            if is_new and blend is not None and self._panel.isVisible():
                self.pictures.drag(edits.blend_recipe(self._session.recipe, blend))

    def _show(self) -> bool:
        """Show the canvas. True where pictures of it no longer hold."""
        canvas = self.canvas
        self._panel.show_canvas(canvas)
        if not self.pictures.begin(canvas, self._session.recipe):
            return False
        self._show_thumbnails()
        self._panel.view.show_frame(None)
        blend = self._blend_now()
        self.pictures.offer(None if blend is None else edits.blend_recipe(self._session.recipe, blend))
        return True

    def _look_there(self, blend: Blend | None) -> None:
        if blend is None:
            self._settle_timer.stop()
            self.pictures.stop_render()
            self._panel.show_norm(None)
            self._panel.show_draft("")
            self.pictureEnded.emit()
            return
        self.pictures.drag(edits.blend_recipe(self._session.recipe, blend))
        if not self._is_held:
            self._settle_timer.start()

    def _blend_now(self) -> Blend | None:
        """Where the canvas stands; None where nothing can be drawn there."""
        return blend_of(self.canvas) if can_blend(self.canvas) else None

    # From the hand.

    def _change(self, edit: Callable[..., Canvas], *arguments: Any) -> None:
        """The canvas as `edit` makes it, or the sentence why not, and the canvas as it was."""
        try:
            changed = edit(self.canvas, *arguments)
        except OptionError as error:
            self.failed.emit(str(error))
        else:
            self._session.change(canvas=changed)

    def _do(self, edit: Callable[..., Canvas], *arguments: Any) -> None:
        """One deed, one undo step, however quickly it follows another."""
        if not self._is_held:
            self._session.release()
        self._change(edit, *arguments)
        if not self._is_held:
            self._session.release()

    def _on_hand_pressed(self) -> None:
        self._before_press = self.canvas
        self._session.hold()
        self._is_held = self._leads = True
        self._settle_timer.stop()
        self.pictures.set_held(True)

    def _on_hand_released(self) -> None:
        self._session.release()
        self._is_held = False
        self.pictures.set_held(False)
        self._on_hand_rested()

    def _on_click_taken_back(self) -> None:
        """The click was the first of two: its jump of the puck, one undo step, was not meant."""
        if self.canvas is not self._before_press:
            self._session.undo()

    def _on_hand_rested(self) -> None:
        self._settle_timer.stop()
        if self._blend is not None and self._leads:
            self.pictures.settle(edits.blend_recipe(self._session.recipe, self._blend))

    def _on_puck_moved(self, material: Material, point: Point) -> None:
        if material is not self._panel.material:
            self._panel.show_material(material)
        self._change(edits.with_puck, material, point)

    def _on_keyframe_moved(self, index: int, point: Point) -> None:
        self._change(edits.move_keyframe, index, point)

    def _on_crossfade_edited(self, t: float) -> None:
        self._change(edits.with_shares, self._panel.material, (1 - t, t))

    def _on_share_edited(self, index: int, share: float) -> None:
        self._change(edits.with_share, self._panel.material, index, share)

    def _on_add_requested(self, point: Point | None = None) -> None:
        recipe = self._session.recipe
        is_there = any(
            edits.keyframe_of(recipe, recipe.seed) == replace(each.keyframe, name="") for each in self.canvas.placed
        )
        seed = new_seed() if is_there else recipe.seed
        self._do(edits.add_keyframe, edits.keyframe_of(recipe, seed), point)

    def _on_picture_read(self, keyframe: Keyframe, point: Point | None) -> None:
        self._do(edits.add_keyframe, keyframe, point)

    def _on_deed_wanted(self, index: int, deed: Deed) -> None:
        each = self.canvas.placed[index]
        match deed:
            case Deed.EDIT:
                self._panel.edit_keyframe(index, each.keyframe, self._session.recipe.prompt)
            case Deed.DUPLICATE:
                self._do(edits.duplicate, index)
            case Deed.RESEED:
                self._do(lambda canvas: edits.change_keyframe(canvas, index, seed=new_seed()))
            case Deed.VARY:
                self._panel.ask_variation(each.keyframe, index)
            case Deed.GO_THERE:
                self._do(edits.with_puck, self._panel.material, (each.x, each.y))
            case Deed.USE_PROMPT:
                self._use_prompt(each.keyframe)
            case Deed.DELETE:
                self._do(edits.remove, index)

    def _use_prompt(self, keyframe: Keyframe) -> None:
        taken = {"prompt": keyframe.prompt, "negative_prompt": keyframe.negative_prompt}
        self._session.change_recipe(**{name: text for name, text in taken.items() if text is not None})

    def _on_variation_wanted(self, varied: Keyframe, seed: int, strength: float) -> None:
        name = self.tr("Variation")
        made = edits.change_keyframe(edits.variation_canvas(varied.seed, seed, strength, varied), 1, name=name)
        self._do(lambda _: made)

    def _on_keyframe_edited(self, index: int, fields: dict[str, Any]) -> None:
        if index < len(self.canvas.placed):
            self._do(lambda canvas: edits.change_keyframe(canvas, index, **fields))

    def _on_closeness_edited(self, index: int, closeness: float) -> None:
        self._change(lambda canvas: edits.change_keyframe(canvas, index, closeness=closeness))

    def _on_arrange_requested(self, figure: edits.Arrangement) -> None:
        self._do(edits.arrange, figure)

    def _on_linked_toggled(self, is_linked: bool) -> None:
        self._do(edits.with_linked, is_linked)

    def _on_clear_requested(self) -> None:
        self._do(lambda _: Canvas())

    def _on_law_chosen(self, law: Law) -> None:
        self._do(lambda canvas: replace(canvas, law=law))

    def _on_sharpness_edited(self, sharpness: float) -> None:
        self._change(lambda canvas: replace(canvas, sharpness=sharpness))

    def _on_budget_edited(self, budget_ms: int) -> None:
        self.pictures.set_settings(replace(self.pictures.settings, budget_ms=budget_ms))

    # From the pictures.

    def _on_frame_shown(self, recipe: Recipe, frame: Frame) -> None:
        self._show_frame(recipe, frame.image, frame.is_full)
        self._panel.show_norm(frame.norm)
        self._panel.show_draft(self._fact(frame))

    def _on_preview_shown(self, recipe: Recipe, image: QImage) -> None:
        self._show_frame(recipe, image, False)

    def _show_frame(self, recipe: Recipe, image: QImage, is_full: bool) -> None:
        self._panel.view.show_frame(image)
        if self._leads:
            self.pictureShown.emit(image, recipe, is_full)

    def _fact(self, frame: Frame) -> str:
        kind = self.tr("full") if frame.is_full else self.tr("draft")
        taken = self.tr("{taken} of {count} steps") if frame.depth else self.tr("{count} steps")
        steps = taken.format(taken=frame.steps - frame.depth, count=frame.steps)
        return f"{kind} · {steps} · {1000 * frame.seconds:.0f} ms"

    def _on_thumbnail_ready(self, index: int, image: QImage) -> None:
        if index < len(self.canvas.placed):
            self._cards.put(self.canvas.placed[index].keyframe, self._session.recipe, image)
            self._show_thumbnails()

    def _show_thumbnails(self) -> None:
        recipe = self._session.recipe
        self._panel.view.show_thumbnails([self._cards.get(each.keyframe, recipe) for each in self.canvas.placed])


_RECIPE_FIELDS = frozenset(field.name for field in msgspec.structs.fields(Recipe))
