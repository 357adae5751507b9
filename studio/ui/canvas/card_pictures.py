"""The cards' pictures: each keyframe's own, drawn once for a model and its settings."""

from PySide6.QtGui import QImage

from studio.core.blend import Keyframe
from studio.core.recipe import Recipe
from studio.ui.canvas.atlas_filler import keyframe_recipe
from studio.ui.canvas.frame_cache import key_of

_KEPT = 240


class CardPictures:
    """Remembers them, so that undo brings them back at once."""

    def __init__(self) -> None:
        """There are none."""
        self._known: dict[Recipe, QImage] = {}

    def put(self, keyframe: Keyframe, recipe: Recipe, image: QImage) -> None:
        """Keep the picture of `keyframe` as `recipe` makes it; the oldest is forgotten for it where there are many."""
        if len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        self._known[key_of(keyframe_recipe(recipe, keyframe))] = image

    def get(self, keyframe: Keyframe, recipe: Recipe) -> QImage | None:
        """Its picture: one that was put, or for a picture file the file's own; else None."""
        known = self._known.get(key_of(keyframe_recipe(recipe, keyframe)))
        if known is None and keyframe.picture:
            known = QImage.fromData(keyframe.picture)
            self.put(keyframe, recipe, known)
        return known
