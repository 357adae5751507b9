"""From a picture file to a keyframe: checked before it is decoded, cropped to the recipe's size, kept as PNG bytes."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from studio.core.blend import PICTURE_BYTES_MAX, Keyframe
from studio.core.decoding import opaque, open_picture
from studio.core.errors import NoRecipeError, PictureError
from studio.core.metadata import read_recipe
from studio.core.recipe import Recipe


def keyframe_from_file(path: Path, recipe: Recipe) -> Keyframe:
    """A keyframe of the file at `path`, for pictures like `recipe`.

    A picture that was made here from a prompt and a seed gives that prompt and seed, which is exact; any other file
    gives the picture itself. Raises PictureError.
    """
    try:
        made = read_recipe(path)
    except NoRecipeError:
        made = None
    except PictureError:
        made = None  # not ours to read; whether it is a picture at all is found out below
    if made is not None and made.blend is None and made.start is None:
        return Keyframe(
            seed=made.seed, prompt=made.prompt, negative_prompt=made.negative_prompt, name=_name(made.prompt, path)
        )
    picture = encode_picture(path, recipe.width, recipe.height)
    return Keyframe(seed=recipe.seed, picture=picture, name=path.stem[:200])


def encode_picture(path: Path, width: int, height: int, bytes_max: int = PICTURE_BYTES_MAX) -> bytes:
    """The picture at `path`, cropped around its middle to `width` × `height` px, as at most `bytes_max` PNG bytes.

    Raises:
        PictureError: a file that is missing, no picture, damaged or too large.
    """
    with open_picture(path) as picture:
        picture.draft("RGB", (2 * width, 2 * height))  # a JPEG is decoded smaller, and so faster
        upright = ImageOps.exif_transpose(picture)
        fitted = ImageOps.fit(opaque(upright), (width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    fitted.save(buffer, "PNG", compress_level=6)
    if buffer.tell() > bytes_max:
        reason = f"at {width} × {height} px it takes more than {bytes_max >> 20} MiB, even compressed"
        raise PictureError(path.name, reason)
    return buffer.getvalue()


def _name(prompt: str, path: Path) -> str:
    return (prompt.strip() or path.stem)[:60]
