"""The piece of a picture that is worked on alone: where it is cut out, and that the rest stays to the byte."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.core.errors import OptionError
from studio.core.recipe import Recipe, check_recipe
from studio.core.start import Area, Enlarging, Start
from studio.core.start_picture import decode_start, start_from_picture
from studio.core.start_region import Region, Stitch, region_of, with_kept_pixels


def masked(tall: int, wide: int, rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((tall, wide), np.uint8)
    mask[rows, columns] = 255
    return mask


def noisy(tall: int, wide: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (tall, wide, 3), np.uint8)


def part_of(picture: np.ndarray, mask: np.ndarray | None, **changes: object) -> Start:
    return replace(start_from_picture(picture, strength=1.0, mask=mask), area=Area.MASKED, **changes)


@pytest.mark.parametrize(
    ("mask", "size", "region"),
    [
        (masked(300, 400, np.s_[100:140], np.s_[200:240]), (64, 64), Region(168, 68, 104, 104)),
        (masked(300, 400, np.s_[100:140], np.s_[200:240]), (128, 64), Region(116, 68, 208, 104)),
        (masked(300, 400, np.s_[0:10], np.s_[390:400]), (64, 64), Region(358, 0, 42, 42)),
        (masked(100, 400, np.s_[20:80], np.s_[0:400]), (64, 64), Region(0, -150, 400, 400)),
        (masked(128, 64, np.s_[0:0], np.s_[0:0]), (64, 128), Region(0, 0, 64, 128)),
    ],
    ids=["padded", "widened", "in a corner", "beyond the edges", "nothing is masked"],
)
def test_the_region_holds_the_mask_in_the_recipes_proportions(mask, size, region):
    assert region_of(mask, *size, padding_px=32) == region


@settings(deadline=None, max_examples=25)
@given(
    tall=st.integers(16, 200),
    wide=st.integers(16, 200),
    box=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    size=st.tuples(st.integers(8, 24), st.integers(8, 24)),
    padding=st.integers(0, 64),
)
def test_any_mask_is_put_back_and_the_rest_stays_to_the_byte(tall, wide, box, size, padding):
    (top, bottom), (left, right) = sorted(box[:2]), sorted(box[2:])
    rows = slice(int(top * (tall - 1)), int(bottom * (tall - 1)) + 1)
    mask = masked(tall, wide, rows, slice(int(left * (wide - 1)), int(right * (wide - 1)) + 1))
    picture, width, height = noisy(tall, wide), 8 * size[0], 8 * size[1]
    start = part_of(picture, mask, padding_px=padding)
    stitch = Stitch(start, width, height)
    assert stitch.picture.shape == (height, width, 3)
    assert stitch.mask.shape == (height, width)
    whole = with_kept_pixels(np.zeros((height, width, 3), np.uint8), start)
    assert whole.shape == picture.shape
    assert (whole[mask == 0] == picture[mask == 0]).all()
    assert (whole.sum(axis=2) <= picture.sum(axis=2)).all()


def test_the_piece_comes_back_where_it_was():
    """A smooth picture is the same after it was enlarged and made small again; what is made is in the mask's place."""
    rows, columns = np.mgrid[:120, :160]
    picture = np.stack([rows, columns, rows // 2 + columns // 2], axis=-1).astype(np.uint8)
    mask = masked(120, 160, np.s_[40:80], np.s_[60:100])
    stitch = Stitch(part_of(picture, mask), 256, 256)
    assert np.abs(stitch.put_back(stitch.picture).astype(int) - picture).max() <= 1
    white = stitch.put_back(np.full((32, 32, 3), 255, np.uint8))  # a preview, smaller than the piece
    assert (white[50:70, 70:90] == 255).all()
    assert (white[mask == 0] == picture[mask == 0]).all()


def test_the_seam_is_of_pixels_that_were_made():
    """Enlarged four times, sixteen of them are four of the picture's; a mask that fills the piece has a seam too."""
    picture = np.zeros((64, 64, 3), np.uint8)
    start = part_of(picture, masked(64, 64, np.s_[16:48], np.s_[16:48]), padding_px=0)
    made = Stitch(start, 128, 128).put_back(np.full((128, 128, 3), 240, np.uint8))
    assert (made[32, 21:43] == 240).all()
    assert np.diff(made[32, 16:22, 0].astype(int)).min() > 0


def test_without_a_mask_all_of_it_is_made_anew_at_its_own_size():
    made = with_kept_pixels(np.full((64, 64, 3), 9, np.uint8), part_of(noisy(40, 100), None))
    assert made.shape == (40, 100, 3)
    assert (made == 9).all()


def test_only_such_a_start_may_have_a_size_of_its_own():
    start = part_of(noisy(40, 100), masked(40, 100, np.s_[:9], np.s_[:9]))
    check_recipe(Recipe(start=start))
    with pytest.raises(OptionError, match="The starting picture is 100 × 40 px, but"):
        check_recipe(Recipe(start=replace(start, area=Area.WHOLE)))
    other = start_from_picture(noisy(8, 8), mask=masked(8, 8, np.s_[:4], np.s_[:4])).mask
    with pytest.raises(OptionError, match="The mask is 8 × 8 px, but the picture to be made is 100 × 40"):
        check_recipe(Recipe(start=replace(start, mask=other)))
    enlarged = Start(picture=start.picture, enlarging=Enlarging.LATENTS)
    check_recipe(Recipe(start=enlarged))
    assert decode_start(enlarged).shape == (40, 100, 3)
    for wrong in (replace(enlarged, mask=start.mask), replace(enlarged, area=Area.MASKED)):
        with pytest.raises(OptionError, match="Latents are enlarged as a whole"):
            check_recipe(Recipe(start=wrong))


def test_a_size_that_no_picture_has_is_refused_before_it_is_decoded():
    data = bytearray(start_from_picture(noisy(8, 8)).picture)
    data[16:20] = (30_000).to_bytes(4, "big")
    with pytest.raises(OptionError, match="is 30000 × 8 px, and 4096 is the most"):
        check_recipe(Recipe(start=Start(picture=bytes(data), area=Area.MASKED)))
