"""Hand-written pictures of every format give the recipe that stands in them."""

import gzip
import io
import json
import zlib

import msgspec
import pytest
from PIL import Image

from studio.core.adapters import AdapterUse
from studio.core.blend import Blend, Keyframe, Law
from studio.core.errors import NoRecipeError
from studio.core.foreign import Program, read_foreign
from studio.core.recipe import ModelRef, Recipe, check_recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings, SolverType
from tests.core.foreign import samples
from tests.core.foreign.samples import exif, hide, jpeg, png, webp


@pytest.fixture
def read(tmp_path):
    def read_bytes(data):
        path = tmp_path / "picture"
        path.write_bytes(data)
        found = read_foreign(path)
        check_recipe(found.recipe)
        return found

    return read_bytes


A1111_RECIPE = Recipe(
    prompt="a red sailboat, (calm sea:1.2),",
    negative_prompt="fog, rain",
    width=512,
    height=768,
    seed=965400086,
    steps=28,
    guidance=6.5,
    scheduler=Scheduler.DPMPP_2M,
    schedule=Schedule.KARRAS,
    model=ModelRef(name="dreamy_v3"),
    adapters=(AdapterUse(name="watercolour", strength=0.8),),
)


def a1111_files():
    text = samples.A1111
    yield "png", png({"parameters": text})
    yield "jpeg, big-endian", jpeg(exif(b"UNICODE\0" + text.encode("utf-16-be")))
    yield "jpeg, little-endian", jpeg(exif(b"UNICODE\0" + text.encode("utf-16-le"), order="<"))
    yield "jpeg, byte order mark", jpeg(exif(b"UNICODE\0" + text.encode("utf-16")))
    yield "jpeg, ascii", jpeg(exif(b"ASCII\0\0\0" + text.encode()))
    yield "webp", webp(exif(b"UNICODE\0" + text.encode("utf-16-be")))
    yield "webp, marked", webp(b"Exif\0\0" + exif(b"UNICODE\0" + text.encode("utf-16-le")))
    yield "hidden in alpha", hide(text.encode(), signature=b"stealth_pnginfo")
    yield "hidden in alpha, packed", hide(gzip.compress(text.encode()), signature=b"stealth_pngcomp")
    yield "hidden in colours", hide(text.encode(), signature=b"stealth_rgbinfo", colour=True)
    yield "hidden, packed", hide(gzip.compress(text.encode()), signature=b"stealth_rgbcomp", colour=True)
    yield "hidden in webp", hide(text.encode(), signature=b"stealth_pnginfo", file_format="WEBP")


def test_what_a_prompt_says_of_networks_beyond_one_strength_is_told(read):
    marks = "<lora:a:1:0.5><LORA:b><lyco:c:-9><lora:d:much><hypernet:e:1><lora:A:0.5><lora:f:te=1:unet=0.5>"
    text = samples.A1111.replace("<lora:watercolour:0.8>", marks).replace("fog", "fog <lora:n:1>")
    found = read(png({"parameters": text}))
    assert {each.name: each.strength for each in found.recipe.adapters} == {"a": 1.5, "b": 1.0, "c": -4.0}
    told = " ".join(found.differences)
    assert all(f"The network “{name}” is not applied here." in told for name in "defn")
    assert "The adapter “a” has one strength here; “0.5” is not used." in told
    assert "The adapter “c” has strength -4 here, the most there is." in told


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in a1111_files()])
def test_a1111_from_every_carrier(read, data):
    found = read(data)
    assert (found.program, found.recipe) == (Program.A1111, A1111_RECIPE)


def test_a1111_tells_what_it_leaves_out(read):
    found = read(png({"parameters": samples.A1111, "Author": "me"}))
    ignored = {each.key: each for each in found.ignored}
    assert ignored["Lora hashes"].why.startswith("adapters are found by their names")
    assert dict(found.understood)["adapters"] == "watercolour 0.8"
    assert ignored["Clip skip"].value == "2"
    assert ignored["model hash"].value == "45dee52b11"
    assert ignored["Author"] == ("Author", "me", "not known to this studio")
    assert dict(found.understood)["seed"] == "965400086"
    text = " ".join(found.differences)
    assert "watercolour" not in text
    assert "Clip skip 2" in text
    assert "(word:1.3)" in text
    assert "GPU" not in text  # RNG: CPU


def test_noise_from_a_gpu_is_told(read):
    found = read(png({"parameters": samples.A1111.replace("RNG: CPU, ", "")}))
    assert any("drawn on a GPU" in each for each in found.differences)


def test_a_variation_seed_becomes_a_blend_of_two_keyframes(read):
    found = read(png({"parameters": samples.VARIATION}))
    assert found.recipe.blend == Blend(
        keyframes=(Keyframe(seed=11, name="Seed"), Keyframe(seed=4_000_000_000, name="Variation")),
        noise_shares=(0.75, 0.25),
        prompt_shares=(0.75, 0.25),
        law=Law.COLUMNS,
    )
    assert (found.recipe.scheduler, found.recipe.schedule) == (Scheduler.EULER_A, Schedule.LINSPACE)


@pytest.mark.parametrize(("sampler", "told"), [("Euler a", True), ("DPM++ 2M SDE", True), ("DPM++ 2M", False)])
def test_noise_at_every_step_is_told(read, sampler, told):
    found = read(png({"parameters": samples.A1111.replace("DPM++ 2M", sampler)}))
    assert any("fresh noise at every step" in each for each in found.differences) is told


def test_an_infotext_beside_a_graph_that_says_too_little_is_surer(read):
    graph = json.loads(json.dumps(samples.COMFY))
    graph["3"]["inputs"]["seed"] = ["99", 0]
    found = read(png({"prompt": json.dumps(graph), "parameters": samples.A1111}))
    assert found.recipe.seed == 965400086
    alone = read(png({"prompt": json.dumps(graph)}))
    assert (alone.program, alone.recipe.steps) == (Program.COMFYUI, 25)
    assert any(each.key == "seed" for each in alone.ignored)


def test_a_second_pass_and_a_start_from_a_picture_are_told_apart(read):
    hires = samples.A1111.replace("RNG: CPU", "Denoising strength: 0.4, Hires upscale: 2, RNG: CPU")
    from_picture = samples.A1111.replace("RNG: CPU", "Denoising strength: 0.4, RNG: CPU")
    assert any("second pass" in each for each in read(png({"parameters": hires})).differences)
    assert any("from another picture" in each for each in read(png({"parameters": from_picture})).differences)


@pytest.mark.parametrize(
    ("version", "program"),
    [
        ("Version: v1.10.1", Program.A1111),
        ("Version: f2.0.1v1.10.1-previous-664", Program.FORGE),
        ("App: SD.Next", Program.SD_NEXT),
        ("Version: ComfyUI", Program.COMFYUI),
        ('Civitai resources: [{"type":"checkpoint","modelVersionId":1}]', Program.CIVITAI),
    ],
)
def test_the_program_is_recognised(read, version, program):
    text = f"sea\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512, {version}"
    found = read(png({"parameters": text}))
    assert found.program is program
    assert (found.recipe.seed, found.recipe.scheduler) == (1, Scheduler.EULER)


def test_sd_next(read):
    found = read(png({"parameters": samples.SD_NEXT}))
    assert found.program is Program.SD_NEXT
    assert found.recipe.model.name == "dreamy"
    assert (found.recipe.width, found.recipe.steps, found.recipe.scheduler) == (1024, 20, Scheduler.UNIPC)


def test_comfyui(read):
    found = read(png({"prompt": json.dumps(samples.COMFY), "workflow": "{}"}))
    assert found.program is Program.COMFYUI
    assert found.recipe == Recipe(
        prompt="a red sailboat",
        negative_prompt="fog",
        width=832,
        height=1216,
        seed=7,
        steps=25,
        guidance=8.0,
        scheduler=Scheduler.DPMPP_2M_SDE,
        schedule=Schedule.KARRAS,
        model=ModelRef(name="dreamy_v3"),
        adapters=(AdapterUse(name="ink", strength=0.7),),
    )
    assert any("1099511627783 becomes 7" in each for each in found.differences)
    assert any(each.value == "MysteryNode" for each in found.ignored)


def test_comfyui_with_a_sampler_in_parts(read):
    found = read(png({"prompt": json.dumps(samples.COMFY_CUSTOM)}))
    assert found.recipe == Recipe(
        prompt="a lighthouse, at dusk",
        negative_prompt="blur",
        width=1024,
        height=1024,
        seed=77,
        steps=12,
        guidance=4.5,
        scheduler=Scheduler.EULER_A,
        schedule=Schedule.SGM_UNIFORM,
        model=ModelRef(name="wide"),
    )
    assert any("ControlNets" in each for each in found.differences)
    assert any("put together from 2 texts" in each for each in found.differences)


def test_comfyui_as_its_editor_keeps_it(read):
    found = read(png({"workflow": json.dumps(samples.COMFY_EDITOR)}))
    recipe = found.recipe
    assert (recipe.prompt, recipe.negative_prompt, recipe.seed) == ("a harbour", "", 5)
    assert (recipe.width, recipe.height, recipe.steps, recipe.guidance) == (640, 384, 22, 7.0)
    assert (recipe.scheduler, recipe.schedule, recipe.model.name) == (Scheduler.EULER, Schedule.LINSPACE, "plain")


def test_comfyui_in_webp_tags(read):
    tags = [(0x010F, b"workflow:{}"), (0x0110, b"prompt:" + json.dumps(samples.COMFY).encode())]
    assert read(webp(exif(main=tags))).recipe.seed == 7


def test_comfyui_writes_nan_for_not_known(read):
    graph = json.dumps({**samples.COMFY, "99": {"class_type": "X", "inputs": {}, "is_changed": [float("nan")]}})
    assert read(png({"prompt": graph})).recipe.seed == 7


def test_comfyui_that_samples_twice_gives_the_first_pass(read):
    second = {**samples.COMFY["3"]["inputs"], "seed": 1, "steps": 9, "denoise": 0.5, "latent_image": ["21", 0]}
    graph = {
        "1": {"class_type": "KSampler", "inputs": second},
        **samples.COMFY,
        "21": {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "width": 1664, "height": 2432}},
    }
    found = read(png({"prompt": json.dumps(graph)}))
    assert (found.recipe.steps, found.recipe.width) == (25, 832)
    assert any("samples more than once" in each for each in found.differences)


def test_comfyui_in_circles_ends(read):
    graph = json.loads(json.dumps(samples.COMFY))
    graph["6"]["inputs"]["text"] = ["6", 0]
    graph["5"]["inputs"] = {"width": ["5", 0], "height": ["20", 0], "samples": ["3", 0]}
    graph["20"] = {"class_type": "Reroute", "inputs": {"value": ["20", 0]}}
    graph["10"]["inputs"]["model"] = ["10", 0]
    found = read(png({"prompt": json.dumps(graph)}))
    assert (found.recipe.seed, found.recipe.width, found.recipe.prompt) == (7, 64, "")


def test_comfyui_started_from_a_picture(read):
    graph = json.loads(json.dumps(samples.COMFY))
    graph["5"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["30", 0], "vae": ["4", 2]}}
    graph["3"]["inputs"]["denoise"] = 0.6
    found = read(png({"prompt": json.dumps(graph)}, size=(512, 384)))
    assert (found.recipe.width, found.recipe.height) == (512, 384)
    assert any("from another picture" in each for each in found.differences)


def test_invokeai(read):
    found = read(png({"invokeai_metadata": json.dumps(samples.INVOKE), "invokeai_graph": "{}"}))
    assert found.program is Program.INVOKEAI
    assert found.recipe == Recipe(
        prompt="a red sailboat++ at sea",
        negative_prompt="fog",
        width=768,
        height=512,
        seed=4294967295,
        steps=30,
        guidance=7.5,
        scheduler=Scheduler.DPMPP_2M,
        schedule=Schedule.KARRAS,
        model=ModelRef(name="dreamy"),
        adapters=(AdapterUse(name="ink", strength=0.6),),
    )
    text = " ".join(found.differences)
    assert "Clip skip 1" in text
    assert "plain words" in text


def test_fooocus_in_its_own_scheme(read):
    texts = {"parameters": json.dumps(samples.FOOOCUS), "fooocus_scheme": "fooocus"}
    found = read(png(texts))
    assert found.program is Program.FOOOCUS
    assert found.recipe == FOOOCUS_RECIPE
    tags = [(0x0131, b"Fooocus v2.5.5")]
    block = exif(json.dumps(samples.FOOOCUS).encode(), main=tags, inner=[(0x927C, b"fooocus")])
    assert read(jpeg(block)).recipe == FOOOCUS_RECIPE


FOOOCUS_RECIPE = Recipe(
    prompt="a red sailboat",
    negative_prompt="fog",
    width=1152,
    height=896,
    seed=12345,
    steps=30,
    guidance=4.0,
    scheduler=Scheduler.DPMPP_2M_SDE,
    schedule=Schedule.KARRAS,
    model=ModelRef(name="juggernautXL_v8"),
    adapters=(AdapterUse(name="offset", strength=0.1),),
)


def test_fooocus_in_a1111s_words(read):
    found = read(png({"parameters": samples.FOOOCUS_A1111, "fooocus_scheme": "a1111"}))
    assert (found.program, found.recipe) == (Program.FOOOCUS, msgspec.structs.replace(FOOOCUS_RECIPE, adapters=()))
    assert any("sharpness 2" in each for each in found.differences)


def test_fooocus_texts_are_never_evaluated(read, tmp_path):
    flag = tmp_path / "flag"
    attack = f"__import__('pathlib').Path({str(flag)!r}).touch()"
    hostile = {**samples.FOOOCUS, "resolution": attack, "styles": attack, "adm_guidance": attack, "freeu": attack}
    found = read(png({"parameters": json.dumps(hostile), "fooocus_scheme": "fooocus"}))
    assert not flag.exists()
    assert any(each.key == "resolution" for each in found.ignored)


NOVELAI_RECIPE = Recipe(
    prompt="a red sailboat, {calm}",
    negative_prompt="fog",
    width=832,
    height=1216,
    seed=3321,
    steps=28,
    guidance=5.0,
    scheduler=Scheduler.EULER_A,
    schedule=Schedule.LINSPACE,
    model=ModelRef(name="Stable Diffusion XL 7BCCAA2C"),
)


@pytest.mark.parametrize(
    "data",
    [
        png(samples.NOVELAI_TEXTS),
        hide(gzip.compress(json.dumps(samples.NOVELAI_TEXTS).encode()), signature=b"stealth_pngcomp"),
    ],
    ids=["texts", "hidden"],
)
def test_novelai(read, data):
    found = read(data)
    assert (found.program, found.recipe) == (Program.NOVELAI, NOVELAI_RECIPE)
    assert any("not offered with Karras" in each for each in found.differences)
    assert any("own service" in each for each in found.differences)


def test_settings_of_a_scheduler_come_along(read):
    text = "sea\nSteps: 20, Sampler: {}, CFG scale: 7, Seed: 1, Size: 512x512, Eta: 0.5"
    ddim = read(png({"parameters": text.format("DDIM")}))
    assert ddim.recipe.scheduler_settings == SchedulerSettings(eta=0.5)
    euler = read(png({"parameters": text.format("Euler")}))
    assert euler.recipe.scheduler_settings == SchedulerSettings()
    assert any("takes no setting “eta”" in each for each in euler.differences)
    heun = read(png({"parameters": text.format("DPM++ 2M SDE Heun Karras").replace(", Eta: 0.5", "")}))
    assert heun.recipe.scheduler_settings == SchedulerSettings(solver_type=SolverType.HEUN)


@pytest.mark.parametrize(
    ("size", "fitting"), [("513x513", (512, 512)), ("8192x4096", (4096, 2048)), ("20x30", (64, 64)), ("1x1", (64, 64))]
)
def test_sizes_are_brought_to_what_a_recipe_allows(read, size, fitting):
    found = read(png({"parameters": f"sea\nSteps: 20, Sampler: Euler, Seed: 1, Size: {size}"}))
    assert (found.recipe.width, found.recipe.height) == fitting
    assert any("becomes" in each for each in found.differences)


def test_the_files_own_size_where_none_is_stated(read):
    found = read(png({"parameters": "sea\nSteps: 20, Sampler: Euler, Seed: 1"}, size=(640, 320)))
    assert (found.recipe.width, found.recipe.height) == (640, 320)


def test_values_out_of_range_are_brought_into_it_and_told(read):
    found = read(png({"parameters": "sea\nSteps: 5000, Sampler: Euler, CFG scale: 0, Seed: -1, Size: 512x512"}))
    assert (found.recipe.steps, found.recipe.guidance, found.recipe.seed) == (1000, 1, 0)
    assert any("Steps 5000" in each for each in found.differences)
    assert any(each.key == "seed" for each in found.ignored)


def test_a_broken_text_of_one_program_leaves_the_other(read):
    found = read(png({"prompt": "{broken", "workflow": "[]", "parameters": samples.A1111}))
    assert found.program is Program.A1111
    assert {each.key for each in found.ignored} >= {"graph", "workflow"}


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_says_nothing(read, file_format):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(buffer, file_format)
    with pytest.raises(NoRecipeError, match="carries no recipe"):
        read(buffer.getvalue())


def test_a_text_without_parameters_is_no_recipe(read):
    with pytest.raises(NoRecipeError):
        read(png({"parameters": "only words", "Software": "x"}, pixels=zlib.compress(bytes((64 * 3 + 1) * 48))))
