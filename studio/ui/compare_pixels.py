"""How far two pictures are apart, pixel by pixel."""

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from studio.ui.images import to_picture, to_qimage

GAIN = 4
"""How much a difference is amplified where the artist asks: what is hard to see becomes plain."""


def difference_of(first: QImage, second: QImage, gain: int = 1) -> QImage:
    """|first − second| of each channel, times `gain`, at most white. `second` is scaled to the size of `first`."""
    apart = np.abs(to_picture(first).astype(np.int16) - to_picture(fitted(second, first.size())).astype(np.int16))
    return to_qimage(np.minimum(apart * gain, 255).astype(np.uint8))


def mean_difference(first: QImage, second: QImage) -> float:
    """The mean of |first − second| over pixels and channels, as a part of the whole range: 0 to 1."""
    apart = np.abs(to_picture(first).astype(np.int16) - to_picture(fitted(second, first.size())).astype(np.int16))
    return float(apart.mean() / 255)


def fitted(image: QImage, size: QSize) -> QImage:
    """`image` at this size."""
    if image.size() == size:
        return image
    return image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
