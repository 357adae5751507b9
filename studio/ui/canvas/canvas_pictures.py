"""Every picture the canvas shows, from whichever source: drafts under the hand, the full render after it, idle tiles.

The life of a drag: `drag(recipe)` for every move → drafts, latest wins → the hand lets go: `settle(recipe)` → the same
recipe in full, streamed → `frameShown`. The next `drag` withdraws a render that is still going on. When nothing of this
is happening and the engine says it is idle, the atlas fills.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from studio.core.canvas import Canvas
from studio.core.evenness import Evenness
from studio.core.events import Drafted, Finished, Picture
from studio.core.likeness import likeness
from studio.core.planner import DraftSettings
from studio.core.recipe import Recipe
from studio.ui.canvas.atlas_filler import AtlasFiller, base_of
from studio.ui.canvas.drafter import Drafter
from studio.ui.canvas.frame_cache import Frame, FrameCache, key_of
from studio.ui.canvas.generations import Generations
from studio.ui.canvas.live_drafts import LiveDrafts
from studio.ui.canvas.plane_heat import PlaneHeat
from studio.ui.images import to_picture, to_qimage

_EVENNESS_MS = 120
"""How often the heat strip is computed anew while frames come in."""


class CanvasPictures(QObject):
    """Asks for pictures and remembers them.

    Signals:
        frameShown: the full recipe and its Frame.
        previewShown: the full recipe and a QImage of its render under way.
        thumbnailReady: a keyframe's index and its QImage.
        tileReady: a Cell and its QImage.
        atlasCleared: its tiles no longer hold.
        evennessChanged: an Evenness between two keyframes.
        heatChanged: the Speeds over the plane, or None where they are not known or not wanted.
        failed: the sentence.
    """

    frameShown = Signal(object, object)  # noqa: N815 Qt's style
    previewShown = Signal(object, object)  # noqa: N815
    thumbnailReady = Signal(int, object)  # noqa: N815
    tileReady = Signal(object, object)  # noqa: N815
    atlasCleared = Signal()  # noqa: N815
    evennessChanged = Signal(object)  # noqa: N815
    heatChanged = Signal(object)  # noqa: N815
    failed = Signal(str)

    def __init__(self, drafter: Drafter) -> None:
        """Answers come to `on_drafted`, `on_draft_failed`, `on_previewed`, `on_rendered`."""
        super().__init__()
        self._drafter, self._generations, self._cache = drafter, Generations(), FrameCache()
        self._live = LiveDrafts(drafter, self._cache, self._generations)
        self._filler = AtlasFiller(drafter, self._generations, self._live.planner)
        self._heat = PlaneHeat()
        self._offered: Recipe | None = None
        self._rendering: tuple[int, Recipe] | None = None
        self._render_is_seen = self._engine_is_idle = self._is_held = self._is_visible = False
        self._stands_for: tuple[object, ...] = ()
        self._line_for: tuple[object, ...] = ()
        self._line: dict[int, dict[float, NDArray[np.float32]]] = {}
        self._line_timer = QTimer(self)
        self._line_timer.setSingleShot(True)
        self._line_timer.setInterval(_EVENNESS_MS)
        self._line_timer.timeout.connect(self._on_line_grown)
        self._live.frameReady.connect(self._on_draft_ready)
        self._live.failed.connect(self.failed)
        self._live.settled.connect(self._update_idle)
        self._filler.thumbnailReady.connect(self.thumbnailReady)
        self._filler.tileReady.connect(self.tileReady)
        self._filler.lineReady.connect(self._on_line_ready)
        self._filler.surveyed.connect(self._heat.add)
        self._heat.changed.connect(self.heatChanged)

    @property
    def settings(self) -> DraftSettings:
        """What the artist prefers while dragging."""
        return self._live.settings

    @property
    def is_waiting(self) -> bool:
        """Whether a draft or a render is asked for and not yet there."""
        return self._live.is_busy or self._rendering is not None

    def set_settings(self, settings: DraftSettings) -> None:
        """Quality against speed."""
        self._live.settings = settings

    def set_atlas(self, is_wanted: bool) -> None:
        """Whether the plane fills while the studio is idle."""
        self._filler.set_atlas(is_wanted)
        if not is_wanted:
            self.atlasCleared.emit()

    def set_heat(self, is_wanted: bool) -> None:
        """Whether to show where over the plane the picture changes."""
        self._filler.set_heat(is_wanted)
        self._heat.set_wanted(is_wanted)

    def set_held(self, is_held: bool) -> None:
        """Whether a hand is on the canvas: then nothing else is drawn."""
        self._is_held = is_held
        self._update_idle()

    def set_visible(self, is_visible: bool) -> None:
        """Whether anybody can see the canvas: else no idle time is spent on it."""
        self._is_visible = is_visible
        self._update_idle()

    def begin(self, canvas: Canvas, recipe: Recipe) -> bool:
        """Take a canvas. True where what was drawn no longer holds; moving the puck changes nothing of it."""
        base = base_of(recipe, canvas)
        stands_for = (base, canvas.placed, canvas.law, canvas.sharpness)
        if stands_for == self._stands_for:
            return False
        self._stands_for = stands_for
        line_for = (base, tuple(each.keyframe for each in canvas.placed), canvas.law)
        if line_for != self._line_for:
            self._line_for, self._line = line_for, {}
            self._live.planner.trust()
            self.evennessChanged.emit(Evenness(()))
        self.atlasCleared.emit()
        self._heat.clear()
        self._filler.begin(canvas, recipe)
        return True

    def offer(self, recipe: Recipe | None) -> None:
        """Show a draft of `recipe` once there is nothing else to do, unless another is asked for meanwhile."""
        self._offered = recipe
        self._update_idle()

    def drag(self, recipe: Recipe) -> None:
        """Show a draft of `recipe` as soon as may be; a render under way is given up."""
        self._offered = None
        self._withdraw_render()
        self._filler.set_idle(False)
        self._live.want(recipe)
        self._update_idle()

    def settle(self, recipe: Recipe) -> None:
        """The hand rests here: the picture in full."""
        known = self._cache.get(recipe)
        if known is not None and known.is_full:
            self.frameShown.emit(recipe, known)
            return
        if self._rendering is not None and key_of(self._rendering[1]) == key_of(recipe):
            return
        self._withdraw_render()
        self._filler.set_idle(False)
        self._rendering, self._render_is_seen = (self._generations.next(), recipe), False
        self._drafter.render(self._rendering[0], recipe)

    def stop_render(self) -> None:
        """Give up the render under way; the best there is of its place is shown again."""
        if self._rendering is None:
            return
        recipe = self._rendering[1]
        self._withdraw_render()
        known = self._cache.get(recipe)
        if known is not None:
            self.frameShown.emit(recipe, known)
        self._update_idle()

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._line_timer.stop()
        self._heat.stop()
        self._offered = None
        self._withdraw_render()
        self._live.stop()
        self._engine_is_idle = False
        self._filler.set_idle(False)

    # Answers.

    def on_idle(self, is_idle: bool) -> None:
        """Whether the engine has nothing to do but what was asked for here."""
        self._engine_is_idle = is_idle
        self._update_idle()

    def on_drafted(self, generation: int, drafted: Drafted) -> None:
        """A draft or a tile came. One that was superseded is dropped."""
        if not self._live.on_drafted(generation, drafted):
            self._filler.on_drafted(generation, drafted)

    def on_previewed(self, generation: int, picture: Picture | QImage) -> None:
        """A step of the full render."""
        if self._rendering is not None and self._rendering[0] == generation:
            self._render_is_seen = True
            image = picture if isinstance(picture, QImage) else to_qimage(picture)
            self.previewShown.emit(self._rendering[1], image)

    def on_rendered(self, generation: int, finished: Finished) -> None:
        """The full render came."""
        if self._rendering is None or self._rendering[0] != generation:
            return
        (_, recipe), self._rendering = self._rendering, None
        draft = self._cache.get(recipe)
        norm = None if draft is None else draft.norm
        if draft is not None and draft.depth:
            self._live.planner.judge(likeness(to_picture(draft.image), finished.picture))
        seconds = sum(finished.seconds.values())
        frame = Frame(image=to_qimage(finished.picture), steps=recipe.steps, is_full=True, norm=norm, seconds=seconds)
        self._cache.put(recipe, frame)
        self.frameShown.emit(recipe, frame)
        self._update_idle()

    def on_draft_failed(self, generation: int, sentence: str) -> None:
        """A draft, a tile or a render could not be made."""
        if self._live.on_failed(generation, sentence):
            return
        is_render = self._rendering is not None and self._rendering[0] == generation
        if is_render:
            self._rendering = None
        if is_render or self._filler.on_failed(generation):
            self.failed.emit(sentence)
            self._update_idle()

    def _update_idle(self) -> None:
        is_free = self._is_visible and not self._is_held and not self.is_waiting
        if self._engine_is_idle and is_free and self._offered is not None:
            offered, self._offered = self._offered, None
            self._live.want(offered)
            is_free = not self._live.is_busy
        self._filler.set_idle(self._engine_is_idle and is_free)

    def _withdraw_render(self) -> None:
        if self._rendering is not None:
            generation, self._rendering = self._rendering[0], None
            self._drafter.withdraw(generation)

    def _on_draft_ready(self, recipe: Recipe, frame: Frame) -> None:
        blend = recipe.blend
        if (
            blend is not None
            and not frame.depth  # compared are frames that began at noise
            and len(blend.keyframes) == 2
            and blend.noise_shares == blend.prompt_shares
        ):
            self._on_line_ready(blend.noise_shares[1], frame.steps, frame.signature)
        if self._rendering is None or not self._render_is_seen:
            self.frameShown.emit(recipe, frame)

    def _on_line_ready(self, t: float, steps: int, signature: NDArray[np.float32] | None) -> None:
        if signature is not None:
            self._line.setdefault(steps, {})[t] = signature
            if not self._line_timer.isActive():
                self._line_timer.start()

    def _on_line_grown(self) -> None:
        """Frames of different steps differ by more than their place: only the largest group of one kind is compared."""
        group = max(self._line.values(), key=len, default={})
        self.evennessChanged.emit(Evenness(tuple(group.items())))
