"""Every reader of files from outside, with valid files to start from, and what it may answer."""

import gzip
import json
import math
import random
import struct
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from studio.core.blend import Blend, Keyframe
from studio.core.canvas import Canvas, Placed, read_canvas, write_canvas
from studio.core.embedding_files import facts_of
from studio.core.export import export_bytes
from studio.core.export_options import ExportOptions, Format
from studio.core.foreign import read_foreign
from studio.core.foreign.text_reader import read_foreign_text
from studio.core.infotext import infotext
from studio.core.keyframe_picture import keyframe_from_file
from studio.core.learned_words import LearnedWord
from studio.core.metadata import read_recipe, write_png
from studio.core.project import Project, project_bytes, read_project
from studio.core.recipe import ModelRef, Recipe
from studio.core.recipe_json import recipe_from_json, recipe_to_json
from studio.core.safetensors_header import read_header
from studio.core.settings import Settings, load_settings
from tests.core.foreign import samples
from tests.core.foreign.samples import exif, hide, jpeg, png, webp
from tests.fuzz.mutate import mutant, text_mutant

Read = Callable[[Path], object]
Make = Callable[[random.Random], bytes]

PIXELS = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
RECIPE = Recipe(prompt='a "red" sailboat,\n(calm sea:1.2) é🙂', negative_prompt="fog", seed=2**32 - 1)
ACCOMPANIED = msgspec.structs.replace(
    RECIPE, learned_words=(LearnedWord(name="moss", hash="ab" * 32),), vae=ModelRef(name="sight", hash="cd" * 32)
)
KEYFRAMES = (Keyframe(seed=1, picture=write_png(PIXELS, RECIPE)), Keyframe(seed=2, prompt="dawn"))
BLEND = Blend(keyframes=KEYFRAMES, noise_shares=(0.25, 0.75), prompt_shares=(1.0, 0.0))
BLENDED = msgspec.structs.replace(RECIPE, blend=BLEND)
CANVAS = Canvas(placed=tuple(Placed(keyframe=each, x=0.5) for each in KEYFRAMES))


class Reader(NamedTuple):
    """`make` gives a mutant's bytes, which lie in a file when `read` is called with its path."""

    name: str
    make: Make
    read: Read


def readers() -> tuple[Reader, ...]:
    """All of them."""
    return (
        *(Reader(f"foreign {name}", _of_bytes(files), read_foreign) for name, files in FILES.items()),
        *(Reader(f"texts {name}", _of_texts(texts), read_foreign) for name, texts in TEXTS.items()),
        Reader("clipboard text", _of_text(*_pasted()), _paste),
        Reader("metadata", _of_bytes(OURS), read_recipe),
        Reader("keyframe picture", _of_bytes((*OURS, *EXPORTED)), _keyframe),
        Reader("recipe JSON", _of_text(recipe_to_json(RECIPE), recipe_to_json(BLENDED, indent=1)), _recipe),
        Reader("project file", _of_bytes(PROJECTS), read_project),
        Reader("project document", _of_project, read_project),
        Reader("canvas", _of_text(write_canvas(CANVAS).decode(), "{}"), _canvas),
        Reader("settings", _of_text(*SETTINGS), _settings),
        Reader("embedding", _of_bytes(EMBEDDINGS), _embedding),
    )


def _exported(kind: Format) -> bytes:
    return export_bytes(PIXELS, RECIPE, ExportOptions(format=kind))


_COMMENT = b"UNICODE\0" + samples.A1111.encode("utf-16-be")
_LITTLE = exif(b"UNICODE\0" + samples.A1111.encode("utf-16-le"), order="<")
OURS = (write_png(PIXELS, RECIPE), write_png(PIXELS, BLENDED))
EXPORTED = (_exported(Format.JPEG), _exported(Format.WEBP))
FILES: Mapping[str, tuple[bytes, ...]] = {
    "PNG": (*OURS, png({"parameters": samples.A1111}), png({"prompt": json.dumps(samples.COMFY)})),
    "JPEG": (EXPORTED[0], jpeg(exif(_COMMENT)), jpeg(exif(_COMMENT), xmp=b'latentstudio:recipe="{}"')),
    "WebP": (
        EXPORTED[1],
        webp(exif(_COMMENT)),
        webp(_LITTLE),
    ),
    "hidden": (
        hide(samples.A1111.encode(), signature=b"stealth_pnginfo", size=(40, 120)),
        hide(gzip.compress(samples.A1111.encode()), signature=b"stealth_pngcomp", size=(24, 160)),
        hide(samples.A1111.encode(), signature=b"stealth_pnginfo", size=(40, 120), file_format="WEBP"),
    ),
}
TEXTS: Mapping[str, dict[str, str]] = {
    "AUTOMATIC1111": {"parameters": samples.A1111},
    "Forge": {"parameters": samples.A1111.replace("v1.9.4", "f2.0.1v1.10.1-previous-664")},
    "SD.Next": {"parameters": samples.SD_NEXT},
    "variation": {"parameters": samples.VARIATION},
    "ComfyUI": {"prompt": json.dumps(samples.COMFY), "workflow": "{}"},
    "ComfyUI custom": {"prompt": json.dumps(samples.COMFY_CUSTOM)},
    "ComfyUI editor": {"workflow": json.dumps(samples.COMFY_EDITOR)},
    "InvokeAI": {"invokeai_metadata": json.dumps(samples.INVOKE)},
    "Fooocus": {"parameters": json.dumps(samples.FOOOCUS), "fooocus_scheme": "fooocus"},
    "Fooocus a1111": {"parameters": samples.FOOOCUS_A1111, "fooocus_scheme": "a1111"},
    "NovelAI": samples.NOVELAI_TEXTS,
    "companions": {"parameters": infotext(ACCOMPANIED)},
    "ours": {"latent_studio": recipe_to_json(BLENDED), "parameters": infotext(RECIPE)},
}
PROJECTS = (project_bytes(Project(recipe=BLENDED, canvas=CANVAS, notes="n")), project_bytes(Project()))
SETTINGS = (
    msgspec.toml.encode(Settings(model_folders=("/a", "~/b"))).decode(),
    'appearance = "dark"\npreview = "full"\nmodel_folders = ["x"]\nunknown = 1\n',
)


def _tensors(**shapes: tuple[int, ...]) -> bytes:
    """A safetensors file of zeros."""
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": (begin, end)}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


EMBEDDINGS = (_tensors(emb_params=(2, 16)), _tensors(clip_l=(2, 8), clip_g=(2, 16)), _tensors(word=(8,)))


def _of_bytes(files: tuple[bytes, ...]) -> Make:
    return lambda random_: mutant(random_, random_.choice(files), files)


def _of_text(*texts: str) -> Make:
    return lambda random_: text_mutant(random_, random_.choice(texts)).encode("utf-8", "replace")


def _of_texts(texts: dict[str, str]) -> Make:
    """The texts change, and the PNG around them is whole: so that it is the readers of texts that are tried."""

    def make(random_: random.Random) -> bytes:
        changed = {key: text_mutant(random_, text) if random_.random() < 0.8 else text for key, text in texts.items()}
        return png(changed)

    return make


def _of_project(random_: random.Random) -> bytes:
    """The document changes, and the zip around it is whole."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(PROJECTS[0])) as whole, zipfile.ZipFile(buffer, "w") as changed:
        for name in whole.namelist():
            data = whole.read(name)
            if name.endswith(".json"):
                data = text_mutant(random_, data.decode()).encode("utf-8", "replace")
            changed.writestr(name, data)
    return buffer.getvalue()


def _pasted() -> tuple[str, ...]:
    return (
        samples.A1111,
        infotext(RECIPE),
        recipe_to_json(RECIPE),
        json.dumps(samples.COMFY),
        json.dumps(samples.INVOKE),
    )


def _paste(path: Path) -> object:
    return read_foreign_text(path.read_text(encoding="utf-8"))


def _keyframe(path: Path) -> object:
    return keyframe_from_file(path, Recipe(width=64, height=64))


def _recipe(path: Path) -> object:
    return recipe_from_json(path.read_text(encoding="utf-8"))


def _embedding(path: Path) -> object:
    return facts_of(path, read_header(path))


def _canvas(path: Path) -> object:
    return read_canvas(path.read_bytes())


def _settings(path: Path) -> object:
    """Never fatal: a broken file is renamed aside, which is cleared here."""
    found = load_settings(path)
    for aside in path.parent.glob("*.broken-*"):
        aside.unlink()
    return found
