"""Pictures of places the puck has been, so that going back shows them at once."""

from collections import OrderedDict

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from studio.core.recipe import Recipe

BYTES_MAX = 96 << 20


class Frame(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A picture of one recipe. `norm` is ‖noise‖ ÷ √d, where known.

    One that is not full is a draft: of few steps, or of all but decoded the fastest way. `depth` of its steps were not
    taken: it began among the keyframes' trajectories.
    """

    image: QImage
    steps: int
    depth: int = 0
    is_full: bool = False
    norm: float | None = None
    seconds: float = 0.0
    signature: NDArray[np.float32] | None = None

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return self.image.sizeInBytes() + (0 if self.signature is None else self.signature.nbytes)


class FrameCache:
    """Frames by recipe, the least recently used forgotten first. Names of keyframes do not count."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        """Holds at most `bytes_max`."""
        self._bytes_max = bytes_max
        self._frames: OrderedDict[Recipe, Frame] = OrderedDict()
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """What the frames take in memory."""
        return self._bytes

    def get(self, recipe: Recipe) -> Frame | None:
        """The best frame of `recipe`."""
        key = key_of(recipe)
        frame = self._frames.get(key)
        if frame is not None:
            self._frames.move_to_end(key)
        return frame

    def put(self, recipe: Recipe, frame: Frame) -> None:
        """Keep `frame`, unless there is a finer one."""
        key = key_of(recipe)
        old = self._frames.get(key)
        if old is not None and (old.is_full, old.steps) > (frame.is_full, frame.steps):
            return
        if old is not None:
            self._bytes -= old.size_bytes
        self._frames[key] = frame
        self._frames.move_to_end(key)
        self._bytes += frame.size_bytes
        while self._bytes > self._bytes_max and self._frames:
            _, forgotten = self._frames.popitem(last=False)
            self._bytes -= forgotten.size_bytes


def key_of(recipe: Recipe) -> Recipe:
    """`recipe` without what changes no pixel."""
    if recipe.blend is None:
        return recipe
    nameless = tuple(replace(each, name="") if each.name else each for each in recipe.blend.keyframes)
    return replace(recipe, blend=replace(recipe.blend, keyframes=nameless))
