"""Starting pictures and masks: what is read of a file, what is kept in the recipe, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from studio.core.blend import Blend, Keyframe
from studio.core.errors import OptionError, PictureError
from studio.core.outpaint import REACH_PX, outpainted
from studio.core.recipe import Recipe, check_recipe
from studio.core.start import MASK_BYTES_MAX, START_BYTES_MAX, Area, Encoding, Start, steps_taken
from studio.core.start_mask import SEAM_PX, feathered
from studio.core.start_picture import (
    decode_mask,
    decode_start,
    encode_mask,
    mask_from_file,
    refitted,
    start_from_file,
    start_from_picture,
    uncropped,
)
from studio.core.start_region import with_kept_pixels
from tests.core.test_keyframe_picture import huge_png

SMALL = Recipe(width=64, height=64)


def a_picture(width: int = 64, height: int = 64) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def a_mask(width: int = 64, height: int = 64) -> np.ndarray:
    """A square in the middle."""
    mask = np.zeros((height, width), np.uint8)
    mask[16:48, 16:48] = 255
    return mask


def test_a_picture_of_the_recipes_size_is_kept_to_the_byte(tmp_path: Path) -> None:
    Image.fromarray(a_picture()).save(tmp_path / "a.png")
    start = start_from_file(tmp_path / "a.png", SMALL)
    assert (decode_start(start) == a_picture()).all()
    assert start == start_from_picture(a_picture())
    check_recipe(replace(SMALL, start=start))


def test_any_other_is_upright_and_cropped_around_its_middle(tmp_path: Path) -> None:
    sideways = Image.new("RGB", (300, 100), "black")
    sideways.paste("white", (0, 0, 150, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise
    sideways.save(tmp_path / "a.png", exif=exif)
    picture = decode_start(start_from_file(tmp_path / "a.png", SMALL))
    assert picture.shape == (64, 64, 3)
    assert picture[:24].min() > 200
    assert picture[40:].max() < 50


def test_sixteen_bits_and_four_inks_are_read_as_they_look(tmp_path: Path) -> None:
    grey = np.full((64, 64), 32768, np.uint16)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.new("CMYK", (64, 64), (0, 255, 255, 0)).save(tmp_path / "inks.jpg", quality=100)
    assert np.unique(decode_start(start_from_file(tmp_path / "grey.png", SMALL))).tolist() == [128]
    red, green, blue = decode_start(start_from_file(tmp_path / "inks.jpg", SMALL)).mean(axis=(0, 1))
    assert red > 200 > 60 > max(green, blue)


def test_what_shows_through_is_white_and_may_be_the_mask(tmp_path: Path) -> None:
    layered = np.zeros((64, 64, 4), np.uint8)
    layered[:, 32:, 3] = 255
    Image.fromarray(layered).save(tmp_path / "a.png")
    plain = start_from_file(tmp_path / "a.png", SMALL)
    masked = start_from_file(tmp_path / "a.png", SMALL, alpha_is_mask=True)
    assert decode_start(plain)[:, :32].min() == 255
    assert decode_start(plain)[:, 32:].max() == 0
    assert plain.mask == b""
    assert (decode_mask(masked)[:, :32] == 255).all()
    assert (decode_mask(masked)[:, 32:] == 0).all()
    Image.fromarray(a_picture()).save(tmp_path / "opaque.png")
    assert start_from_file(tmp_path / "opaque.png", SMALL, alpha_is_mask=True).mask == b""


def test_another_file_keeps_what_was_set(tmp_path: Path) -> None:
    Image.fromarray(a_picture()).save(tmp_path / "a.png")
    old = start_from_picture(255 - a_picture(), strength=0.3, mask=a_mask())
    old = replace(old, encoding=Encoding.SAMPLE)
    new = start_from_file(tmp_path / "a.png", replace(SMALL, start=old))
    assert new == replace(old, picture=start_from_picture(a_picture()).picture)
    part = replace(start_from_picture(a_picture(96), mask=a_mask(96)), area=Area.MASKED)
    taken = start_from_file(tmp_path / "a.png", replace(SMALL, start=part))
    assert taken == replace(part, picture=new.picture, mask=b"")


@pytest.mark.parametrize(("size", "reason"), [((30_000, 20), "30,000 × 20 px"), ((30_000, 30_000), "too many pixels")])
def test_one_30000_pixels_wide_is_refused_before_it_is_decoded(
    tmp_path: Path, size: tuple[int, int], reason: str
) -> None:
    (tmp_path / "wide.png").write_bytes(huge_png(*size))
    with pytest.raises(PictureError, match=rf"wide\.png cannot be read: .*{reason}.*Choose another picture\.$"):
        start_from_file(tmp_path / "wide.png", SMALL)


def test_a_picture_of_1024_pixels_fits_whatever_it_shows() -> None:
    start = start_from_picture(a_picture(1024, 1024))
    assert 3 << 20 < len(start.picture) <= START_BYTES_MAX
    with pytest.raises(OptionError, match="Make it smaller"):
        start_from_picture(a_picture(1536, 1024))


def test_a_mask_comes_back_from_bytes_and_from_truths() -> None:
    start = start_from_picture(a_picture(), mask=a_mask())
    assert (decode_mask(start) == a_mask()).all()
    assert encode_mask(a_mask() > 0) == start.mask
    ragged = np.random.default_rng(0).integers(0, 256, (1024, 1024), np.uint8)
    assert ragged.size > MASK_BYTES_MAX
    with pytest.raises(OptionError, match="Paint with fewer soft edges"):
        encode_mask(ragged)


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    Image.fromarray(a_mask(80, 64)).save(tmp_path / "mask.png")
    sentence = "The mask is 80 × 64 px, but the picture is 64 × 64 px. Give a mask of that size."
    with pytest.raises(OptionError, match=sentence):
        mask_from_file(tmp_path / "mask.png", SMALL)
    with pytest.raises(OptionError, match=sentence):
        start_from_picture(a_picture(), mask=a_mask(80, 64))


def test_a_mask_of_the_size_of_the_pictures_file_is_cropped_with_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(a_picture(64, 128)).save(tmp_path / "lying.png", exif=exif)
    upright = np.zeros((64, 128), np.uint8)
    upright[:, 64:] = 255
    Image.fromarray(upright).save(tmp_path / "mask.png")
    mask = Start(picture=b"x", mask=mask_from_file(tmp_path / "mask.png", SMALL, tmp_path / "lying.png"))
    assert decode_mask(mask).shape == (64, 64)
    assert (decode_mask(mask)[:, 40:] == 255).all()


def test_refitted_crops_picture_and_mask_alike() -> None:
    start = start_from_picture(a_picture(96, 64), mask=a_mask(96, 64), strength=0.4)
    made = refitted(start, 64, 64)
    assert (decode_start(made) == a_picture(96, 64)[:, 16:80]).all()
    assert (decode_mask(made) == a_mask(96, 64)[:, 16:80]).all()
    assert made.strength == 0.4


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (replace(start_from_picture(a_picture()), strength=1.5), "Strength: 1.5 is outside 0.0 to 1.0"),
        (
            start_from_picture(a_picture(80)),
            "The starting picture is 80 × 64 px, but the picture to be made is 64 × 64",
        ),
        (replace(start_from_picture(a_picture()), mask=encode_mask(a_mask(80))), "The mask is 80 × 64 px"),
        (Start(picture=b"GIF89a"), "The starting picture is not a PNG picture"),
    ],
    ids=["strength", "picture", "mask", "gif"],
)
def test_a_start_that_does_not_go_with_the_recipe_is_refused(start: Start, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        check_recipe(replace(SMALL, start=start))


def test_all_pictures_of_a_recipe_together_are_limited() -> None:
    start = start_from_picture(a_picture(1024, 1024), mask=a_mask(1024, 1024))
    keyframes = tuple(Keyframe(seed=seed, picture=b"x" * (1 << 20)) for seed in (1, 2))
    blend = Blend(keyframes=keyframes, noise_shares=(0.5, 0.5), prompt_shares=(0.5, 0.5))
    with pytest.raises(OptionError, match="The recipe's pictures take more than"):
        check_recipe(Recipe(width=1024, height=1024, start=start, blend=blend))


def test_damaged_bytes_get_a_sentence() -> None:
    start = start_from_picture(a_picture(), mask=a_mask())
    with pytest.raises(PictureError, match="The starting picture cannot be read: it is damaged"):
        decode_start(replace(start, picture=start.picture[:200]))
    with pytest.raises(PictureError, match="The mask cannot be read"):
        decode_mask(replace(start, mask=start.mask[:50]))


@pytest.mark.parametrize(
    ("strength", "steps", "taken"),
    [(0.0, 20, 0), (0.6, 20, 12), (1.0, 20, 20), (0.01, 20, 1), (0.5, 5, 3), (0.99, 4, 4), (0.1, 1, 1)],
)
def test_strength_is_a_share_of_the_steps(strength: float, steps: int, taken: int) -> None:
    assert steps_taken(Start(picture=b"x", strength=strength), steps) == taken
    assert steps_taken(None, steps) == steps


def test_kept_pixels_are_kept_and_the_seam_lies_inside() -> None:
    start = start_from_picture(np.zeros((64, 64, 3), np.uint8), mask=a_mask())
    mixed = with_kept_pixels(np.full((64, 64, 3), 240, np.uint8), start)
    assert (mixed[a_mask() == 0] == 0).all()
    across = mixed[32, 15:32, 0].astype(int)
    assert (np.diff(across) >= 0).all()
    assert np.diff(across).max() <= 1.6 * 240 / SEAM_PX
    assert (np.diff(across)[[0, -1]] <= 3).all(), "it bends at neither end"
    assert across[-1] == 240
    assert with_kept_pixels(mixed, None) is mixed


def test_a_seam_is_no_wider_than_what_is_painted_and_none_at_the_pictures_rim() -> None:
    painted = np.zeros((64, 160), np.uint8)
    painted[:, :64] = 255
    painted[:, 120:124] = 255
    assert (feathered(painted)[:, : 64 - SEAM_PX] == 1.0).all()
    assert feathered(painted)[:, 120:124].max(axis=0) == pytest.approx([7 / 27, 1.0, 1.0, 7 / 27])
    assert feathered(np.zeros((64, 64), np.uint8)).max() == 0.0
    assert np.unique(feathered(np.full((64, 64), 51, np.uint8))) == pytest.approx([0.2])


def test_outpainting_makes_room_and_keeps_the_picture() -> None:
    start, width, height = outpainted(a_picture(), 20, 0, 10, 0, multiple=16)
    assert (width, height) == (96, 64)
    assert (decode_start(start)[:, 20:84] == a_picture()).all()
    mask = decode_mask(start)
    assert (mask[:, :20] == 255).all()
    assert (mask[:, 84:] == 255).all()
    assert (mask[:, 20 + REACH_PX : 84 - REACH_PX] == 0).all()
    assert (feathered(mask)[:, :20] == 1.0).all(), "of the filling nothing is left"
    assert outpainted(a_picture(), 20, 0, 0, 4, multiple=16)[1:] == (96, 80)
    left_only, _, _ = outpainted(a_picture(), 20, 0, 0, 0, multiple=16)
    assert (decode_start(left_only)[:, 32:] == a_picture()).all()


@pytest.mark.parametrize(
    ("sides", "sentence"),
    [
        ((0, 0, 0, 0), "not 0 on all"),
        ((-8, 0, 8, 0), "0 or more"),
        ((0, 0, 4096, 0), "the width would be 4,160 px, and 4,096 is the most"),
    ],
)
def test_room_that_cannot_be_made_is_refused(sides: tuple[int, int, int, int], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        outpainted(a_picture(), *sides, multiple=16)


def test_where_only_the_masked_area_is_worked_on_a_picture_keeps_its_size(tmp_path: Path) -> None:
    Image.fromarray(a_picture(90, 50)).save(tmp_path / "a.png")
    part = replace(SMALL, start=Start(picture=b"x", area=Area.MASKED, padding_px=8))
    start = start_from_file(tmp_path / "a.png", part)
    assert (decode_start(start) == a_picture(90, 50)).all()
    assert (start.area, start.padding_px) == (Area.MASKED, 8)
    check_recipe(replace(SMALL, start=start))


@pytest.mark.parametrize("size", [(1200, 1100), (8000, 40)], ids=["bytes", "pixels"])
def test_a_picture_larger_than_a_start_may_be_is_made_smaller_as_a_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.fromarray(a_picture(*size)).save(tmp_path / "a.png", compress_level=1)
    start = start_from_file(tmp_path / "a.png", replace(SMALL, start=Start(picture=b"x", area=Area.MASKED)))
    down, across = decode_start(start).shape[:2]
    assert across < size[0]
    assert across / down == pytest.approx(size[0] / size[1], rel=0.03)
    check_recipe(replace(SMALL, start=start))


def test_a_mask_goes_along_when_all_of_a_picture_is_had_again(tmp_path: Path) -> None:
    Image.fromarray(a_picture(400, 200)).save(tmp_path / "a.png")
    cropped = replace(start_from_file(tmp_path / "a.png", SMALL), mask=encode_mask(a_mask()))
    whole = start_from_file(tmp_path / "a.png", replace(SMALL, start=replace(cropped, area=Area.MASKED)))
    mask = decode_mask(uncropped(cropped, whole.picture))
    assert mask.shape == (200, 400)
    rows, columns = np.nonzero(mask > 127)
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (50, 150, 150, 250)
    assert (decode_mask(refitted(uncropped(cropped, whole.picture), 64, 64)) > 127).sum() == (a_mask() > 0).sum()
