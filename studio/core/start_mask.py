"""A mask's seam, which lies inside of it: pixels outside are not touched."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from studio.core.start_picture import Mask

SEAM_PX = 16
"""How far inside the mask the new picture is wholly itself."""


def feathered(mask: Mask, seam_px: int = SEAM_PX) -> NDArray[np.float32]:
    """The mask's shares, 0 to 1, fading inwards to 0 at the edge of what it touches; the picture's rim is no edge.

    They leave 0 and reach 1 without a bend, as 3t² − 2t³: across the edge, neighbours differ as they did before. Where
    what is painted is narrower than two seams, it fades over as much as there is: thin lines are painted too.
    """
    touched = Image.fromarray((mask > 0).astype(np.uint8))
    inwards = np.zeros(mask.shape, np.uint8)
    for _ in range(seam_px):
        inwards += np.asarray(touched)
        touched = touched.filter(ImageFilter.MinFilter(3))
    depth = Image.fromarray(inwards)
    for _ in range(seam_px):
        depth = depth.filter(ImageFilter.MaxFilter(3))
    middle = 0.5  # of the outermost pixel; of the innermost, which is wholly free, too
    t = np.maximum(0.0, inwards - np.float32(middle)) / (np.maximum(1, np.asarray(depth)) - np.float32(middle))
    share: NDArray[np.float32] = mask.astype(np.float32) / 255.0 * t * t * (3.0 - 2.0 * t)
    return share
