"""The overlay that shows where over the plane the picture changes."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from studio.core.heat import Speeds
from studio.ui.canvas.colors import CanvasColors

_SIDE_PX = 192
_VEIL = 0.5
"""How much of the ground's colour lies over the map, so that the heat is read on any picture, light or dark."""
_COOL, _HOT = 0.6, 2.2
"""Times the mean speed between which the heat rises."""
_GLOW = 0.85


def heat_image(speeds: Speeds, colors: CanvasColors) -> QImage:
    """Warm where a small move changes much, over a veil that lets the map shine through."""
    amount = np.clip((np.nan_to_num(speeds, nan=0.0) - _COOL) / (_HOT - _COOL), 0.0, 1.0)
    glow = (_GLOW * amount)[..., None]
    veil = np.where(np.isfinite(speeds), _VEIL, 0.0)[..., None] * (1 - glow)
    hot, ground = (np.array(color.getRgb()[:3], np.float64) for color in (colors.heat, colors.ground))
    alpha = glow + veil
    mixed = np.concatenate([glow * hot + veil * ground, 255 * alpha], axis=-1)  # premultiplied
    pixels = np.ascontiguousarray(mixed[..., [2, 1, 0, 3]].astype(np.uint8))
    rows, columns = speeds.shape
    image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_ARGB32_Premultiplied)
    smooth = Qt.TransformationMode.SmoothTransformation
    return image.scaled(_SIDE_PX, _SIDE_PX, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
