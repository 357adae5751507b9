"""Whatever a file holds: an understanding, or an error of the tree, in bounded time and memory."""

import gzip
import io
import json
import os
import struct
import time
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import NoRecipeError, PictureError, StudioError
from studio.core.foreign import Understanding, read_foreign
from studio.core.recipe import check_recipe
from tests.core.foreign import samples
from tests.core.foreign.samples import chunk, exif, hide, jpeg, png, text_chunk, webp

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
FUZZ = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def outcome(path, data=None):
    """The understanding, or the sentence of the error."""
    if data is not None:
        path.write_bytes(data)
    try:
        found = read_foreign(path)
    except PictureError as error:
        assert "\n" not in str(error)
        return str(error)
    assert isinstance(found, Understanding)
    assert len(found.ignored) < 1000
    if found.program != "Latent Studio":
        check_recipe(found.recipe)
    return found


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile") / "picture"


PARAMETERS = "\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512"
DEEP = '{"a":' * 50_000
COMMAS = "Steps: 20, Sampler: Euler, Seed: 1" + ", a" * 10_000
KEYS = "Steps: 20, Sampler: Euler, Seed: 1" + "".join(f", key {number}: x" for number in range(10_000))
QUOTES = "Steps: 20, Sampler: Euler, Seed: 1" + ', key: "x' * 10_000
BRACKETS = "Steps: 20, Sampler: Euler, Seed: 1" + ", key: [[[1" * 10_000


def chain(count):
    nodes = {str(n): {"class_type": "X", "inputs": {"a": [str(n + 1), 0], "b": [str(n + 2), 0]}} for n in range(count)}
    sampler = {"class_type": "KSampler", "inputs": {"seed": 1, "positive": ["0", 0], "latent_image": ["0", 0]}}
    return json.dumps({"s": sampler, **nodes, **{f"t{n}": sampler for n in range(50)}})


def tangle():
    """1,500 samplers of sixty links each."""
    inputs = {"seed": 1, "positive": ["0", 0]}
    nodes = range(1500)
    links = {n: {f"i{k}": [str((n * 7 + k) % 1500), 0] for k in range(60)} for n in nodes}
    latents = {n: {"latent_image": [str(n + 1), 0]} for n in nodes}
    graph = {str(n): {"class_type": "KSampler", "inputs": {**inputs, **latents[n], **links[n]}} for n in nodes}
    return json.dumps(graph)


def packed_itxt(data):
    return chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress(data, 9))


def big_header(width, height):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return samples.PNG_HEAD + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def two_sizes():
    """A small size first and a huge one before the pixels, and the other way round after them."""
    huge, small = big_header(60_000, 60_000)[8:33], big_header(64, 64)[8:33]
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return samples.PNG_HEAD + small + huge + pixels + small + chunk(b"IEND", b"")


def real_png():
    buffer = io.BytesIO()
    Image.new("RGBA", (64, 48)).save(buffer, "PNG")
    return buffer.getvalue()


HOSTILE = {
    "empty": bytes,
    "not a picture": lambda: b"hello world, this is text",
    "only a signature": lambda: samples.PNG_HEAD,
    "a jpeg's signature": lambda: b"\xff\xd8\xff",
    "a webp's signature": lambda: b"RIFF\0\0\0\0WEBP",
    "100 MB of text": lambda: png(chunks=[chunk(b"tEXt", b"parameters\0" + b"a" * (100 << 20))]),
    "a stated 4 GB of text": lambda: png()[:-12] + struct.pack(">I", 2**32 - 1) + b"tEXtparameters\0",
    "a packed bomb": lambda: png(chunks=[chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(100 << 20), 9))]),
    "a packed international bomb": lambda: png(chunks=[packed_itxt(bytes(100 << 20))]),
    "many bombs": lambda: png(chunks=[packed_itxt(bytes(4 << 20))] * 500),
    "many bombs of other names": lambda: png(
        chunks=[chunk(b"zTXt", b"%d\0\0" % n + zlib.compress(bytes(4 << 20))) for n in range(200)]
    ),
    "100,000 chunks": lambda: png(chunks=[chunk(b"teSt", b"")] * 100_000),
    "10,000 texts": lambda: png(chunks=[text_chunk(f"k{n}", "x") for n in range(10_000)]),
    "a text of no keyword": lambda: png(chunks=[chunk(b"tEXt", b"parameters")]),
    "a damaged checksum": lambda: png({"parameters": PARAMETERS}).replace(b"Euler", b"Heun "),
    "10,000 commas": lambda: png({"parameters": COMMAS}),
    "10,000 keys": lambda: png({"parameters": KEYS}),
    "10,000 quotes": lambda: png({"parameters": QUOTES}),
    "10,000 brackets": lambda: png({"parameters": BRACKETS}),
    "a megabyte of one letter": lambda: png({"parameters": "a" * (1 << 20)}),
    "a megabyte of colons": lambda: png({"parameters": "a:" * (1 << 19)}),
    "a megabyte of spaces and colons": lambda: png({"parameters": "x: " + " " * (1 << 20) + ","}),
    "a megabyte of commas": lambda: png({"parameters": "," * (1 << 20)}),
    "a prompt of a megabyte": lambda: png({"parameters": "(a:" * (1 << 18) + PARAMETERS}),
    "a prompt of pluses": lambda: png({"parameters": "+" * (1 << 20) + PARAMETERS}),
    "a prompt of open networks": lambda: png({"parameters": "<lora:a" * (1 << 17) + PARAMETERS}),
    "a prompt of networks": lambda: png({"parameters": "<lora:a:1>" * (1 << 16) + PARAMETERS}),
    "deep JSON": lambda: png({"prompt": DEEP, "invokeai_metadata": DEEP, "Comment": DEEP + '"uc"'}),
    "wide JSON": lambda: png({"prompt": '{"a": [' + "[]," * 600_000 + "1]}"}),
    "JSON of dictionaries": lambda: png({"prompt": '{"a": [' + '{"a":1},' * 200_000 + "1]}"}),
    "JSON with infinity": lambda: png({"invokeai_metadata": '{"seed": 1e999, "steps": Infinity}'}),
    "JSON of huge numbers": lambda: png({"invokeai_metadata": f'{{"seed": {"9" * 4000}, "steps": {"9" * 400}}}'}),
    "JSON with a key twice": lambda: png({"invokeai_metadata": '{"seed": 1, "seed": 2}'}),
    "a long graph": lambda: png({"prompt": chain(5000)}),
    "a graph of many links": lambda: png({"prompt": tangle()}),
    "a decompression bomb": lambda: big_header(60_000, 60_000),
    "two sizes": two_sizes,
    "a picture that states too much": lambda: big_header(4000, 4000),
    "no pixels": png,
    "hidden text that is too long": lambda: hide(b"x", signature=b"stealth_pnginfo\xff\xff\xff\xf8"),
    "a hidden bomb": lambda: hide(gzip.compress(bytes(3 << 20), 9), signature=b"stealth_pngcomp", size=(256, 256)),
    "hidden text that is cut": lambda: hide(gzip.compress(b"hello")[:-4], signature=b"stealth_pngcomp"),
    "hidden noise": lambda: hide(os.urandom(64), signature=b"stealth_pngcomp"),
    "EXIF in circles": lambda: jpeg(b"MM\0*\0\0\0\x08" + b"\xff\xff" + struct.pack(">HHII", 0x8769, 4, 1, 8) * 5000),
    "EXIF that points outside": lambda: jpeg(b"II*\0\xff\xff\xff\xff"),
    "EXIF of nothing": lambda: jpeg(b"MM\0*"),
    "many EXIF blocks": lambda: (
        jpeg(exif(b"UNICODE\0" + b"\0a" * 30_000))[:2] + jpeg(exif(b"UNICODE\0" + b"\0a" * 30_000))[2:-25] * 3000
    ),
    "a webp of many parts": lambda: webp(exif(b"x"))[:12] + samples.riff(b"EXIF", exif(b"ASCII\0\0\0x")) * 20_000,
    "an XMP without an end": lambda: jpeg(xmp=b'latentstudio:recipe="' + b"&quot;" * 5000),
    "our recipe, broken": lambda: png({"latent_studio": "{}"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_take_bounded_time_and_memory(tmp_path, name):
    path = tmp_path / "picture"
    path.write_bytes(HOSTILE[name]())
    start = time.process_time()
    outcome(path)
    assert time.process_time() - start < 30  # a hang guard, not a measure
    tracemalloc.start()
    try:
        read_foreign(path)
    except StudioError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 200 << 20


def test_what_is_before_a_cut_is_read_and_the_cut_is_told(path):
    found = outcome(path, png({"parameters": samples.A1111})[:-20])
    assert found.recipe.seed == 965400086
    assert ("the rest of the file", "", "it is cut short") in found.ignored


def test_every_truncation_of_every_format_is_told(path):
    whole = [
        png(samples.NOVELAI_TEXTS),
        jpeg(exif(b"UNICODE\0" + samples.A1111.encode("utf-16-be"))),
        webp(exif(b"UNICODE\0" + samples.A1111.encode("utf-16-le"), order="<")),
        hide(samples.A1111.encode(), signature=b"stealth_pnginfo", size=(40, 120)),
    ]
    for data in whole:
        for length in range(0, len(data), max(1, len(data) // 150)):
            outcome(path, data[:length])


def test_too_many_parameters_are_counted(path):
    found = outcome(path, HOSTILE["10,000 keys"]())
    dropped = next(each for each in found.ignored if each.key == "parameters")
    assert int(dropped.value) == 10_003 - 1000


def test_a_long_prompt_is_cut_and_told(path):
    found = outcome(path, png({"parameters": "word " * 10_000 + PARAMETERS}))
    assert len(found.recipe.prompt) == 20_000
    assert any("49,999 characters; only the first 20,000" in each for each in found.differences)


@pytest.mark.parametrize("name", ["missing", "folder", "nul\0"])
def test_a_path_that_cannot_be_opened_is_told(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(PictureError, match="cannot be read"):
        read_foreign(tmp_path / name)


def test_a_picture_with_nothing_hidden_has_no_recipe(path):
    path.write_bytes(real_png())
    with pytest.raises(NoRecipeError):
        read_foreign(path)


KEYWORDS = st.sampled_from(
    ["parameters", "prompt", "workflow", "invokeai_metadata", "fooocus_scheme", "Comment", "Software", "latent_studio"]
)
WORDS = st.sampled_from(
    [*samples.INVOKE, *samples.FOOOCUS, *samples.NOVELAI, "class_type", "inputs", "text", "model", "KSampler", "nodes",
     "links", "type", "widgets_values", "1", "2", "positive", "guider", "noise", "sigmas", "sampler_name", "pixels"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
    | st.tuples(st.sampled_from(["1", "2", "3"]), st.integers(0, 2)).map(list)
)  # fmt: skip
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=6)
)
INPUTS = st.sampled_from(
    ["seed", "noise_seed", "steps", "cfg", "positive", "negative", "latent_image", "model", "guider", "noise", "text",
     "sampler", "sigmas", "width", "height", "pixels", "ckpt_name", "lora_name", "text_a", "stop_at_clip_layer"]
)  # fmt: skip
NODES = st.fixed_dictionaries(
    {
        "class_type": st.sampled_from(
            ["KSampler", "SamplerCustomAdvanced", "CLIPTextEncode", "CFGGuider", "EmptyLatentImage", "VAEEncode", "X"]
        ),
        "inputs": st.dictionaries(INPUTS, LEAVES, max_size=10),
    }
)
GRAPHS = st.dictionaries(st.sampled_from(["1", "2", "3"]), NODES)
PARAMS = st.lists(
    st.tuples(
        st.sampled_from(
            ["Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Variation seed", "Clip skip", "Eta",
             "Variation seed strength", "Model", "Version", "Hires upscale", "Order", "Solver", "RNG"]
        ),
        st.text(max_size=12) | st.integers().map(str) | st.floats().map(str) | st.sampled_from(
            ["DPM++ 2M Karras", "Euler a", "512x512", "0x9", "v1.9", "0.5", "1", "Latent Studio 1", '"a, b"', '"', "["]
        ),
    ),
    max_size=12,
).map(lambda pairs: ", ".join(f"{key}: {value}" for key, value in pairs))  # fmt: skip
INFOTEXTS = st.builds(lambda prompt, line: f"{prompt}\n{line}", st.text(max_size=60), PARAMS)


@FUZZ
@given(st.dictionaries(KEYWORDS, st.text() | JSON.map(json.dumps) | GRAPHS.map(json.dumps) | INFOTEXTS, max_size=4))
def test_any_texts(path, texts):
    outcome(path, png(texts))


@FUZZ
@given(GRAPHS)
def test_any_graph(path, graph):
    outcome(path, png({"prompt": json.dumps(graph)}))


@FUZZ
@given(INFOTEXTS)
def test_any_infotext(path, text):
    outcome(path, png({"parameters": text}))


@FUZZ
@given(JSON, KEYWORDS)
def test_any_json(path, value, keyword):
    outcome(path, png({keyword: json.dumps(value), "fooocus_scheme": "fooocus"}))


WHOLE = (
    png({"parameters": samples.A1111}),
    png({"prompt": json.dumps(samples.COMFY_CUSTOM)}),
    jpeg(exif(b"UNICODE\0" + samples.A1111.encode("utf-16-be")), xmp=b'latentstudio:recipe="{}"'),
    webp(exif(b"UNICODE\0" + samples.A1111.encode("utf-16-le"), order="<")),
    hide(gzip.compress(samples.A1111.encode()), signature=b"stealth_pngcomp", size=(24, 160)),
    hide(samples.A1111.encode(), signature=b"stealth_pnginfo", size=(40, 120), file_format="WEBP"),
)


@FUZZ
@given(st.sampled_from(WHOLE), st.integers(0), st.binary(max_size=12), st.booleans())
def test_damage_anywhere(path, data, position, patch, replaces):
    position %= len(data)
    outcome(path, data[:position] + patch + data[position + (len(patch) if replaces else 0) :])


@FUZZ
@given(st.binary(max_size=400), st.sampled_from([b"", samples.PNG_HEAD, b"\xff\xd8\xff\xe1", b"RIFF\0\0\0\0WEBP"]))
def test_any_bytes(path, data, head):
    assert isinstance(outcome(path, head + data), str)


@FUZZ
@given(st.binary(max_size=400), st.sampled_from(["jpeg", "webp"]))
def test_any_exif(path, block, kind):
    for data in (block, b"MM\0*\0\0\0\x08" + block, b"II*\0\x08\0\0\0" + block):
        outcome(path, jpeg(data) if kind == "jpeg" else webp(data))
