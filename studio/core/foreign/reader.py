"""Which program wrote a picture, and what its metadata says."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from studio.core.errors import NoRecipeError, OptionError, PictureError
from studio.core.foreign.a1111 import read_a1111
from studio.core.foreign.carried import OUR_KEYWORD, TEXT_LIMIT, Carried
from studio.core.foreign.carrier_jpeg import SIGNATURE as JPEG_SIGNATURE
from studio.core.foreign.carrier_jpeg import read_jpeg
from studio.core.foreign.carrier_png import read_png
from studio.core.foreign.carrier_webp import is_webp, read_webp
from studio.core.foreign.comfyui import read_comfyui
from studio.core.foreign.comfyui_graph import graph_of_prompt, graph_of_workflow
from studio.core.foreign.draft import UNKNOWN, fitting_size, shown
from studio.core.foreign.fooocus import read_fooocus
from studio.core.foreign.invokeai import read_invokeai
from studio.core.foreign.novelai import read_novelai
from studio.core.foreign.ours import read_ours
from studio.core.foreign.stealth import stealth_text
from studio.core.foreign.understanding import Ignored, Understanding, Understood
from studio.core.packed import DamageError
from studio.core.png import SIGNATURE as PNG_SIGNATURE
from studio.core.reading import open_regular
from studio.core.strict_json import load_object

_HEAD_BYTES = 12
_KEYWORDS = {
    *(OUR_KEYWORD, "parameters", "prompt", "workflow", "invokeai_metadata", "fooocus_scheme", "Comment"),
    *("Description", "Software", "Source"),
}
_COMPANIONS = {"invokeai_workflow", "invokeai_graph", "Title", "Generation time"}
"""Written beside what is read, and saying nothing more about the picture."""
_GRAPH_FIELDS = {"prompt", "seed", "steps", "sampler", "guidance"}


def read_foreign(path: Path) -> Understanding:
    """What the metadata of a PNG, JPEG or WebP says, whichever program wrote it.

    Takes bounded time and memory whatever the file holds. Pixels are decoded only where nothing else is found, and
    only of pictures up to 4096 × 4096, to look for a text hidden in them.

    Raises:
        NoRecipeError: a picture that says nothing about how it was made.
        PictureError: a file that cannot be read.
    """
    try:
        with open_regular(path) as file:
            return _read(file, path)
    except DamageError as error:
        raise PictureError(path, str(error)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise PictureError(path, getattr(error, "strerror", None) or str(error)) from error


def _read(file: BinaryIO, path: Path) -> Understanding:
    carried = Carried()
    head = file.read(_HEAD_BYTES)
    _gather(file, head, carried)
    found = understand(carried.texts, carried.skipped)
    if found is None and not head.startswith(JPEG_SIGNATURE):
        found = _hidden(file, head, carried)
    if found is None:
        raise _nothing(path, carried)
    return _complete(found, carried)


def _gather(file: BinaryIO, head: bytes, carried: Carried) -> None:
    if head.startswith(PNG_SIGNATURE):
        read_png(file, carried)
    elif head.startswith(JPEG_SIGNATURE):
        read_jpeg(file, carried)
    elif is_webp(head):
        read_webp(file, carried)
    else:
        raise DamageError("it is not a PNG, JPEG or WebP file")


def understand(texts: Mapping[str, str], skipped: list[Ignored]) -> Understanding | None:
    """What the first reader that makes sense of the texts says; the surest signs come first.

    `texts` by the keywords that programs write them under. What a reader stumbled over is added to `skipped`.
    """
    readers: tuple[Callable[[Mapping[str, str]], Understanding | None], ...] = (
        _ours,
        _invokeai,
        _fooocus,
        _novelai,
        _graph,
        _workflow,
        _infotext,
    )
    for reader in readers:
        try:
            found = reader(texts)
        except (OptionError, ValueError) as error:  # of this reader's text; another program may have left its own
            skipped.append(Ignored(reader.__name__.strip("_"), "", str(error).removesuffix(".")))
        else:
            if found is not None:
                return found
    return None


def _ours(texts: Mapping[str, str]) -> Understanding | None:
    return read_ours(texts[OUR_KEYWORD]) if OUR_KEYWORD in texts else None


def _invokeai(texts: Mapping[str, str]) -> Understanding | None:
    if "invokeai_metadata" not in texts:
        return None
    return read_invokeai(load_object(texts["invokeai_metadata"], TEXT_LIMIT, nan_is_none=True))


def _fooocus(texts: Mapping[str, str]) -> Understanding | None:
    if texts.get("fooocus_scheme") != "fooocus" or "parameters" not in texts:
        return None
    return read_fooocus(load_object(texts["parameters"], TEXT_LIMIT, nan_is_none=True))


def _novelai(texts: Mapping[str, str]) -> Understanding | None:
    if "Comment" not in texts or not (texts.get("Software") == "NovelAI" or '"uc"' in texts["Comment"]):
        return None
    return read_novelai(load_object(texts["Comment"], TEXT_LIMIT, nan_is_none=True), texts)


def _graph(texts: Mapping[str, str]) -> Understanding | None:
    if "prompt" not in texts:
        return None
    return _surer(read_comfyui(graph_of_prompt(load_object(texts["prompt"], TEXT_LIMIT, nan_is_none=True))), texts)


def _workflow(texts: Mapping[str, str]) -> Understanding | None:
    if "workflow" not in texts:
        return None
    return _surer(read_comfyui(graph_of_workflow(load_object(texts["workflow"], TEXT_LIMIT, nan_is_none=True))), texts)


def _surer(found: Understanding | None, texts: Mapping[str, str]) -> Understanding | None:
    """What a graph gave; None where it gave less than all, and an infotext beside it, as some nodes write, says it."""
    if found is None or {each.field for each in found.understood} >= _GRAPH_FIELDS:
        return found
    return None if _infotext(texts) else found


def _infotext(texts: Mapping[str, str]) -> Understanding | None:
    return read_a1111(texts["parameters"]) if "parameters" in texts else None


def _hidden(file: BinaryIO, head: bytes, carried: Carried) -> Understanding | None:
    """What is hidden in the pixels: an infotext, or a JSON object of the texts that were in the file once."""
    try:
        text = stealth_text(file, carried.width, carried.height, png=head.startswith(PNG_SIGNATURE))
    except DamageError as error:
        carried.skip("hidden text", str(error))
        return None
    texts = {"parameters": text}
    with contextlib.suppress(ValueError):
        hidden = load_object(text, TEXT_LIMIT, nan_is_none=True)
        texts = {key: value for key, value in hidden.items() if isinstance(value, str)}
    return understand(texts, carried.skipped)


def _nothing(path: Path, carried: Carried) -> PictureError:
    if carried.skipped:
        first = carried.skipped[0]
        return PictureError(path, f"its metadata is damaged ({first.key}: {first.why})"[:300])
    return NoRecipeError(path)


def _complete(found: Understanding, carried: Carried) -> Understanding:
    """With the file's own size where the metadata states none, and with the texts nobody read."""
    changes: dict[str, object] = {}
    if not any(each.field == "size" for each in found.understood):
        width, height = fitting_size(carried.width, carried.height)
        changes["recipe"] = msgspec.structs.replace(found.recipe, width=width, height=height)
        stated = Understood("size", f"{carried.width}×{carried.height}, of the picture itself")
        changes["understood"] = (*found.understood, stated)
    known = _KEYWORDS | _COMPANIONS
    others = [Ignored(shown(key), shown(text), UNKNOWN) for key, text in carried.texts.items() if key not in known]
    changes["ignored"] = (*found.ignored, *carried.skipped, *others)
    return msgspec.structs.replace(found, **changes)
