"""What a start looks like, and starts from what is on the screen. For the background: pictures are decoded here."""

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from studio.core.recipe import Recipe
from studio.core.start import Area, Start
from studio.core.start_picture import (
    Mask,
    decode_mask,
    decode_start,
    refitted,
    start_from_picture,
    whole_picture,
    with_picture,
)
from studio.ui.images import to_picture, to_qimage
from studio.ui.start.brush import Rect

_TINT = (218, 58, 58, 255)
"""Red, as printers' masks are."""
_OPACITY = 0.55
_HALF = 128
ROOM = QColor(*_TINT[:3], round(255 * _OPACITY))
"""What is added around a picture: it is made anew as well."""
_TINTS = np.rint(np.arange(256)[:, None] / 255 * _OPACITY * _TINT).astype(np.uint8).view(np.uint32)[:, 0]
"""What each value of a mask looks like: RGBA, premultiplied, the four bytes in one number."""


class Shown(msgspec.Struct, frozen=True, eq=False):
    """A start made visible: the picture, its mask (None: everywhere), and both small."""

    start: Start
    image: QImage
    mask: Mask | None
    thumbnail: QImage


class Tint:
    """A mask in a see-through red, kept in step with it."""

    def __init__(self, mask: Mask) -> None:
        """`mask` is read again by `follow`, not kept in step by itself."""
        self._mask = mask
        self._pixels = np.zeros(mask.shape, np.uint32)
        height, width = mask.shape
        self.image = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied)
        self.follow((0, 0, width, height))

    def follow(self, rect: Rect) -> None:
        """Take over what the mask is inside `rect` by now."""
        left, top, right, bottom = rect
        self._pixels[top:bottom, left:right] = _TINTS[self._mask[top:bottom, left:right]]


def outline(mask: Mask, target: QRectF, room: QRect) -> QImage:
    """The edge of what is masked, one pixel of white within one of black, so that it is seen on any picture.

    The mask fills `target`; the image is of `room` alone, at the screen's resolution, however large the mask is.
    """
    height, width = mask.shape
    rows = _under(room.top(), room.height(), target.top(), target.height(), height)
    columns = _under(room.left(), room.width(), target.left(), target.width(), width)
    is_in = mask[rows].take(columns, axis=1) >= _HALF
    here, up, down = is_in[1:-1, 1:-1], is_in[:-2, 1:-1], is_in[2:, 1:-1]
    left, right = is_in[1:-1, :-2], is_in[1:-1, 2:]
    edge = (here != up) | (here != down) | (here != left) | (here != right)
    look = np.ascontiguousarray(edge * (here + np.uint8(1)))
    borrowed = QImage(look.data, room.width(), room.height(), room.width(), QImage.Format.Format_Indexed8)
    borrowed.setColorTable([0, QColor("black").rgba(), QColor("white").rgba()])
    return borrowed.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)  # its own pixels


def _under(begin: int, count: int, target_begin: float, target_length: float, length: int) -> NDArray[np.intp]:
    """The mask's rows or columns under these pixels of the screen, and under one more on both sides."""
    places = (np.arange(begin - 1, begin + count + 1) + 0.5 - target_begin) * (length / target_length)
    return np.clip(places.astype(np.intp), 0, length - 1)


def show(start: Start, side_px: int) -> Shown:
    """`start` decoded, with a thumbnail of `side_px` at most on both sides. Raises PictureError."""
    image = to_qimage(decode_start(start))
    mask = decode_mask(start) if start.mask else None
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    thumbnail = image.scaled(side_px, side_px, keep, smooth)
    if mask is not None:
        painter = QPainter(thumbnail)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(thumbnail.rect(), Tint(mask).image)
        painter.drawImage(0, 0, outline(mask, QRectF(thumbnail.rect()), thumbnail.rect()))
        painter.end()
    return Shown(start, image, mask, thumbnail)


def start_from_image(image: QImage, recipe: Recipe) -> Start:
    """What is on the screen, and in no file, as the start of `recipe`. Raises OptionError and PictureError."""
    if recipe.start is not None and recipe.start.area is Area.MASKED:
        return with_picture(recipe.start, whole_picture(Image.fromarray(to_picture(image))))
    made = start_from_picture(to_picture(image))
    if (image.width(), image.height()) != (recipe.width, recipe.height):
        made = refitted(made, recipe.width, recipe.height)
    return with_picture(recipe.start, made.picture)
