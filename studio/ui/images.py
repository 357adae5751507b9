"""From the engine's pictures to Qt's. The last step before the screen."""

from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage, QImageReader

from studio.core.errors import PictureError
from studio.core.events import Picture

_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def to_qimage(picture: Picture) -> QImage:
    """`picture`, (height, width, 3) uint8 sRGB, as a QImage that owns its pixels. May be called on any thread."""
    pixels = np.ascontiguousarray(picture)
    height, width = pixels.shape[:2]
    borrowed = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    # Copies, so nothing borrows the array any longer; and RGB32 is what the screen takes without converting again.
    return borrowed.convertToFormat(QImage.Format.Format_RGB32)


def to_picture(image: QImage) -> Picture:
    """`image` as (height, width, 3) uint8, owning its pixels."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return lines[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).copy()


def is_picture(path: Path) -> bool:
    """Whether a file is called a picture; what is in it is not looked at."""
    return path.suffix.casefold() in _SUFFIXES


def read_image(path: Path) -> QImage:
    """The picture in `path`.

    Raises:
        PictureError: where it cannot be read.
    """
    reader = QImageReader(str(path))
    image = reader.read()
    if image.isNull():
        raise PictureError(path, reader.errorString().rstrip(".").lower())
    return image.convertToFormat(QImage.Format.Format_RGB32)
