"""What was made goes back into the start: unmasked pixels stay to the byte.

And where only what is masked is worked on, as large as the recipe says: where that is cut out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.core.events import Picture
from studio.core.start import Area, Start
from studio.core.start_mask import feathered
from studio.core.start_picture import Mask, decode_mask, decode_start


def with_kept_pixels(made: Picture, start: Start | None) -> Picture:
    """`made` (height, width, 3) with the start's pixels where its mask keeps them, to the byte where it is 0.

    Where only the masked area was worked on, the whole start with that in its place.

    From the mask's edge inwards the new picture comes in over a few pixels, so that nothing outside is touched and
    no edge shows. Raises PictureError.
    """
    if start is not None and start.area is Area.MASKED:
        return Stitch(start, made.shape[1], made.shape[0]).put_back(made)
    if start is None or not start.mask:
        return made
    kept = decode_start(start).astype(np.float32)
    share = feathered(decode_mask(start))[:, :, None]
    mixed: Picture = np.rint(kept + share * (made - kept)).astype(np.uint8)
    return mixed


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of a picture in pixels. It may reach beyond the edges."""

    left: int
    top: int
    width: int
    height: int

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of the picture that lie in it; slices end at the picture's edge by themselves."""
        rows = slice(max(0, self.top), self.top + self.height)
        return rows, slice(max(0, self.left), self.left + self.width)

    def beyond(self, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """How far it reaches above and below, left and right of a picture of this size, in pixels."""
        down = (max(0, -self.top), max(0, self.top + self.height - height))
        return down, (max(0, -self.left), max(0, self.left + self.width - width))


def region_of(mask: Mask, width: int, height: int, padding_px: int) -> Region:
    """What is masked, with `padding_px` around it, widened or heightened to the proportions of `width` × `height`.

    It is moved into the picture where it fits; where it does not, it reaches beyond on both sides. Where nothing is
    masked, it is all of the picture.
    """
    tall, wide = mask.shape
    top, bottom = _padded(mask.max(axis=1), padding_px)
    left, right = _padded(mask.max(axis=0), padding_px)
    scale = max((right - left) / width, (bottom - top) / height)
    across, down = (max(1, round(side * scale)) for side in (width, height))
    return Region(_placed(left, right, across, wide), _placed(top, bottom, down, tall), across, down)


class Stitch:
    """A start, and the piece of it that is worked on at the recipe's size."""

    def __init__(self, start: Start, width: int, height: int) -> None:
        """`start` whose masked area is made anew at `width` × `height` px; without a mask, all of it. PictureError."""
        self._whole = decode_start(start)
        tall, wide = self._whole.shape[:2]
        mask = decode_mask(start) if start.mask else np.full((tall, wide), 255, np.uint8)
        self._region = region_of(mask, width, height, start.padding_px)
        beyond = self._region.beyond(wide, tall)
        edged = np.pad(self._whole[self._region.inside], (*beyond, (0, 0)), mode="edge")
        free = np.pad(mask[self._region.inside], beyond, constant_values=255)
        self.picture: Picture = np.array(_sized(Image.fromarray(edged), width, height, Image.Resampling.LANCZOS))
        self.mask: Mask = np.array(_sized(Image.fromarray(free), width, height, Image.Resampling.BILINEAR))
        self._keep_the_rim(wide, tall)
        inner = tuple(slice(before, before + size) for (before, _), size in zip(beyond, self._size(), strict=True))
        self._inner = (inner[0], inner[1])
        share = Image.fromarray(feathered(self.mask))
        small = np.asarray(_sized(share, self._region.width, self._region.height, Image.Resampling.BILINEAR))
        self._share: NDArray[np.float32] = small[self._inner] * (mask[self._region.inside] > 0)

    def put_back(self, made: Picture) -> Picture:
        """The whole start with `made`, the piece at any size, where it was cut out; unmasked pixels to the byte.

        The seam is as many pixels wide as it is where all of a picture is made: of those that were made.
        """
        fitted = _sized(Image.fromarray(made), self._region.width, self._region.height, Image.Resampling.LANCZOS)
        whole, place = self._whole.copy(), self._region.inside
        kept, share = whole[place].astype(np.float32), self._share[:, :, None]
        whole[place] = np.rint(kept + share * (np.asarray(fitted)[self._inner] - kept)).astype(np.uint8)
        return whole

    def _keep_the_rim(self, width: int, height: int) -> None:
        """Where the picture goes on beyond the piece, the mask ends with it, or there would be no seam."""
        region, mask = self._region, self.mask
        if region.top > 0:
            mask[:1] = 0
        if region.left > 0:
            mask[:, :1] = 0
        if region.top + region.height < height:
            mask[-1:] = 0
        if region.left + region.width < width:
            mask[:, -1:] = 0

    def _size(self) -> tuple[int, int]:
        """Rows and columns of the region that lie in the picture."""
        rows, columns = self._whole[self._region.inside].shape[:2]
        return rows, columns


def _padded(most: NDArray[np.uint8], padding_px: int) -> tuple[int, int]:
    """First and one past the last place along one side that is masked, with padding within the picture."""
    places = np.flatnonzero(most)
    if not len(places):
        return 0, len(most)
    return max(0, int(places[0]) - padding_px), min(len(most), int(places[-1]) + 1 + padding_px)


def _placed(first: int, end: int, size: int, side: int) -> int:
    """Where a span of `size` begins, around the middle of `first` to `end`, in a picture of `side`."""
    if size > side:
        return (side - size) // 2
    return min(max((first + end - size) // 2, 0), side - size)


def _sized(image: Image.Image, width: int, height: int, filter_: Image.Resampling) -> Image.Image:
    return image if image.size == (width, height) else image.resize((width, height), filter_)
