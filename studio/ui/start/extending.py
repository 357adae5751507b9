"""Going on beyond the edges of a picture: how much on each side, and what the start of the larger one is. Pure."""

import msgspec
import numpy as np
from msgspec.structs import replace

from studio.core.outpaint import outpainted
from studio.core.start import Start
from studio.core.start_picture import decode_mask, decode_start, encode_mask


class Margins(msgspec.Struct, frozen=True, kw_only=True):
    """Pixels to add on each side."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """What a picture of this size becomes."""
        return self.left + width + self.right, self.top + height + self.bottom

    def rounded(self, width: int, height: int, multiple: int) -> "Margins":
        """At least as much as these, so that the new size is a multiple of `multiple`."""
        across, down = self.size(width, height)
        sides = {"left" if self.left and not self.right else "right": -across % multiple}
        sides |= {"top" if self.top and not self.bottom else "bottom": -down % multiple}
        return replace(self, **{side: getattr(self, side) + more for side, more in sides.items()})


def extended(start: Start, margins: Margins) -> Start:
    """`start` with room around it that is masked to be made anew, beside what is masked already.

    Raises:
        PictureError: a start that is damaged.
        OptionError: a picture that becomes too large to be kept in a recipe.
    """
    sides = (margins.left, margins.top, margins.right, margins.bottom)
    made, _, _ = outpainted(decode_start(start), *sides, multiple=1)
    mask = made.mask
    if start.mask:
        room = ((margins.top, margins.bottom), (margins.left, margins.right))
        mask = encode_mask(np.maximum(decode_mask(made), np.pad(decode_mask(start), room)))
    return replace(made, encoding=start.encoding, mask=mask)
