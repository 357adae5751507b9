"""What a mask does to the finished picture: pixels outside stay to the byte, and the seam lies inside."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from studio.core.events import Picture
from studio.core.start import Start
from studio.core.start_picture import Mask, decode_mask, decode_start

SEAM_PX = 16
"""How far inside the mask the new picture is wholly itself."""


def with_kept_pixels(made: Picture, start: Start | None) -> Picture:
    """`made` (height, width, 3) with the start's pixels where its mask keeps them, to the byte where it is 0.

    From the mask's edge inwards the new picture comes in over a few pixels, so that nothing outside is touched and
    no edge shows. Raises PictureError.
    """
    if start is None or not start.mask:
        return made
    kept = decode_start(start).astype(np.float32)
    share = feathered(decode_mask(start))[:, :, None]
    mixed: Picture = np.rint(kept + share * (made - kept)).astype(np.uint8)
    return mixed


def feathered(mask: Mask, seam_px: int = SEAM_PX) -> NDArray[np.float32]:
    """The mask's shares, 0 to 1, fading inwards to 0 at the edge of what it touches; the picture's rim is no edge.

    Where what is painted is narrower than two seams, it fades over as much as there is: thin lines are painted too.
    """
    touched = Image.fromarray((mask > 0).astype(np.uint8))
    inwards = np.zeros(mask.shape, np.uint8)
    for _ in range(seam_px):
        inwards += np.asarray(touched)
        touched = touched.filter(ImageFilter.MinFilter(3))
    depth = Image.fromarray(inwards)
    for _ in range(seam_px):
        depth = depth.filter(ImageFilter.MaxFilter(3))
    share: NDArray[np.float32] = mask.astype(np.float32) / 255.0 * inwards / np.maximum(1, np.asarray(depth))
    return share
