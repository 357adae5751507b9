"""What is drawn when the studio has nothing else to do: the keyframes' thumbnails, the slider's frames, the atlas.

The life of one: the studio is idle → the first job is asked for by `Drafter.ask_tile` → its answer is shown and the
next is asked for → anything else to do withdraws it, and it goes back to the front of the line.
"""

from collections import deque
from typing import TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from studio.core.atlas import Cell, centre, order, region_of, tile_blend
from studio.core.blend import Blend, Keyframe
from studio.core.canvas import Canvas, Material, Point, puck_of
from studio.core.canvas_edits import blend_recipe
from studio.core.events import Drafted
from studio.core.heat import condensed
from studio.core.planner import DraftPlanner
from studio.core.recipe import Recipe
from studio.ui.canvas.drafter import Drafter
from studio.ui.canvas.frame_cache import key_of
from studio.ui.canvas.generations import Generations
from studio.ui.images import to_qimage

STEPS = 6
"""A map must be quick rather than fine."""
KEYFRAME_STEPS = 12
"""Of a keyframe's own picture: where it came through, drafts begin, and they are the truer the finer that is."""
LINE_FRAMES = 17
_SIDE_PX = 128
_KEPT = 1200
"""Small pictures kept: 64 KiB each at most, and 3 KiB of signature."""


What: TypeAlias = int | float | Cell
"""The index of a keyframe, the slider's t, or a cell."""


class Tile(msgspec.Struct, frozen=True, eq=False):
    """A finished job's picture, made small, and its signature."""

    image: QImage
    steps: int
    signature: NDArray[np.float32]


class AtlasFiller(QObject):
    """Draws in idle time.

    Signals:
        thumbnailReady: a keyframe's index and its QImage.
        lineReady: t between two keyframes, the steps, and the signature of its frame.
        tileReady: a Cell and its QImage.
        surveyed: a Cell and the signature of its picture.
    """

    thumbnailReady = Signal(int, object)  # noqa: N815 Qt's style
    lineReady = Signal(float, int, object)  # noqa: N815
    tileReady = Signal(object, object)  # noqa: N815
    surveyed = Signal(object, object)

    def __init__(self, drafter: Drafter, generations: Generations, planner: DraftPlanner) -> None:
        """Does nothing until it is idle and has a canvas. `planner` learns from what it draws how long drafts take."""
        super().__init__()
        self._drafter, self._generations, self._planner = drafter, generations, planner
        self._jobs: deque[What] = deque()
        self._asked: tuple[int, What, Recipe] | None = None
        self._done: dict[Recipe, Tile] = {}
        self._canvas, self._recipe = Canvas(), Recipe()
        self._is_idle, self._has_atlas, self._has_heat, self._is_planned = False, True, False, True

    @property
    def is_busy(self) -> bool:
        """Whether a tile is being made."""
        return self._asked is not None

    def set_idle(self, is_idle: bool) -> None:
        """Work, or stop at once."""
        self._is_idle = is_idle
        if is_idle:
            self._go_on()
        elif self._asked is not None:
            self._jobs.appendleft(self._asked[1])
            self._withdraw()

    def set_atlas(self, is_wanted: bool) -> None:
        """With or without the map; thumbnails are made all the same."""
        self._has_atlas = is_wanted
        self.begin(self._canvas, self._recipe)

    def set_heat(self, is_wanted: bool) -> None:
        """Whether the plane is to be surveyed, map or not."""
        self._has_heat = is_wanted
        if is_wanted and not self._has_atlas:
            self.begin(self._canvas, self._recipe)

    def begin(self, canvas: Canvas, recipe: Recipe) -> None:
        """Begin anew for this canvas, as soon as there is time. What was drawn before and still holds is kept."""
        self._withdraw()
        self._canvas, self._recipe, self._is_planned = canvas, recipe, False
        self._jobs.clear()
        self._go_on()

    def on_drafted(self, generation: int, drafted: Drafted) -> bool:
        """Take an answer. False where it is not to a question of ours, or to one that was withdrawn."""
        if self._asked is None or self._asked[0] != generation:
            return False
        _, what, recipe = self._asked
        self._asked = None
        sampling, rest = drafted.sampling_seconds, drafted.rest_seconds
        self._planner.learn(recipe.steps, sampling, rest, drafted.student_steps)
        # Along the slider frames lie so close that every detail counts; over the plane the composition does.
        signature = drafted.signature if isinstance(what, float) else condensed(drafted.signature)
        tile = Tile(_small(to_qimage(drafted.picture)), recipe.steps, signature)
        if len(self._done) >= _KEPT:
            del self._done[next(iter(self._done))]
        self._done[key_of(recipe)] = tile
        self._show(what, tile)
        self._go_on()
        return True

    def on_failed(self, generation: int) -> bool:
        """Take a refusal. What fails once fails for the whole canvas: the rest is left undone until it changes."""
        if self._asked is None or self._asked[0] != generation:
            return False
        self._asked = None
        self._jobs.clear()
        return True

    def _withdraw(self) -> None:
        if self._asked is not None:
            generation, self._asked = self._asked[0], None
            self._drafter.withdraw(generation)

    def _go_on(self) -> None:
        if self._is_idle and not self._is_planned:
            self._jobs, self._is_planned = deque(self._plan()), True
        while self._is_idle and self._asked is None and self._jobs:
            what = self._jobs.popleft()
            recipe = self._recipe_of(what)
            known = self._done.get(key_of(recipe))
            if known is not None:
                self._show(what, known)
                continue
            self._asked = (self._generations.next(), what, recipe)
            self._drafter.ask_tile(self._asked[0], recipe)

    def _show(self, what: What, tile: Tile) -> None:
        if isinstance(what, Cell):
            self.surveyed.emit(what, tile.signature)
            if self._has_atlas:
                self.tileReady.emit(what, tile.image)
        elif isinstance(what, float):
            self.lineReady.emit(what, tile.steps, tile.signature)
        else:
            self.thumbnailReady.emit(what, tile.image)

    def _plan(self) -> list[What]:
        jobs: list[What] = list(range(len(self._canvas.placed)))
        if len(self._canvas.placed) == 2:
            jobs += np.linspace(0, 1, LINE_FRAMES).tolist()
        if self._has_atlas or self._has_heat:
            jobs += order(self._canvas, puck_of(self._canvas, Material.NOISE))
        return jobs

    def _recipe_of(self, what: What) -> Recipe:
        if isinstance(what, Cell):
            blend = tile_blend(self._canvas, centre(region_of(self._canvas), what))
        elif isinstance(what, float):
            blend = tile_blend(self._canvas, _between(self._canvas, what))
        else:
            return keyframe_recipe(self._recipe, self._canvas.placed[what].keyframe)
        recipe = blend_recipe(self._recipe, blend)
        return replace(recipe, steps=min(self._recipe.steps, STEPS))


def base_of(recipe: Recipe, canvas: Canvas) -> Recipe:
    """What of `recipe` the canvas's pictures depend on: two with the same base have the same atlas."""
    if not canvas.placed:
        return recipe
    keyframes = tuple(each.keyframe for each in canvas.placed)
    first = (1.0, *(0.0 for _ in keyframes[1:]))
    blended = blend_recipe(recipe, Blend(keyframes=keyframes, noise_shares=first, prompt_shares=first))
    return replace(blended, blend=None)


def keyframe_recipe(recipe: Recipe, keyframe: Keyframe) -> Recipe:
    """The recipe of a keyframe's small picture."""
    return replace(blend_recipe(recipe, _only(keyframe)), steps=min(recipe.steps, KEYFRAME_STEPS))


def _only(keyframe: Keyframe) -> Blend:
    """A keyframe by itself: a blend of it with itself, whose first share is all."""
    return Blend(keyframes=(keyframe, keyframe), noise_shares=(1.0, 0.0), prompt_shares=(1.0, 0.0))


def _between(canvas: Canvas, t: float) -> Point:
    start, end = canvas.placed
    return (start.x + t * (end.x - start.x), start.y + t * (end.y - start.y))


def _small(image: QImage) -> QImage:
    if max(image.width(), image.height()) <= _SIDE_PX:
        return image
    smooth = Qt.TransformationMode.SmoothTransformation
    return image.scaled(_SIDE_PX, _SIDE_PX, Qt.AspectRatioMode.KeepAspectRatio, smooth)
