"""Single files with the original keys: the same pictures as the same weights in a folder, and bad files told."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.core.errors import (
    ModelBrokenError,
    ModelError,
    ModelPartMissingError,
    SharedPartMissingError,
    UnsafeModelError,
)
from studio.core.model_family import FLOW, ModelFamily
from studio.core.models import read_model
from studio.core.recipe import ModelRef
from studio.core.schedulers import Schedule, Scheduler
from studio.engine.local import LocalEngine
from tests.engine.helpers import Recorder, psnr, small
from tests.tiny_checkpoints import write_checkpoint
from tests.tiny_families import build_family
from tests.tiny_model import build_tiny_model

KINDS = {
    "sd1": ModelFamily.SD1,
    "sd2": ModelFamily.SD2,
    "sdxl": ModelFamily.SDXL,
    "sd3": ModelFamily.SD3,
    "sd35": ModelFamily.SD3,
    "flux": ModelFamily.FLUX,
    "flux-schnell": ModelFamily.FLUX,
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders in `folders`, and the same models as single files in `files`."""
    root = tmp_path_factory.mktemp("checkpoints")
    for number, name in enumerate(KINDS):
        folder = root / "folders" / f"{name}-folder"
        if name in ("sd1", "sd2"):
            build_tiny_model(folder, prediction_type="epsilon" if name == "sd1" else "v_prediction", seed=number)
        else:
            build_family(name, folder, seed=number)
        kind = {"sd35": "sd3", "flux-schnell": "flux"}.get(name, name)
        write_checkpoint(kind, folder, root / "files" / f"{name}.safetensors")
    return root


@pytest.fixture(scope="module")
def both(checkpoints: Path) -> LocalEngine:
    return LocalEngine((checkpoints / "folders", checkpoints / "files"), device="cpu")


@pytest.mark.parametrize("name", KINDS)
def test_a_file_makes_the_folders_picture(both: LocalEngine, checkpoints: Path, name: str) -> None:
    info = read_model(checkpoints / "files" / f"{name}.safetensors")
    assert info.family is KINDS[name]
    flow = info.prediction_type == FLOW
    how = (Scheduler.EULER, Schedule.NORMAL) if flow else (Scheduler.DPMPP_2M, Schedule.KARRAS)
    recorder = Recorder()
    recipe = small(scheduler=how[0], schedule=how[1], guidance=3.0, model=ModelRef(name=name))
    ours = both.generate(recipe, recorder)
    theirs = both.generate(
        small(scheduler=how[0], schedule=how[1], guidance=3.0, model=ModelRef(name=f"{name}-folder")), Recorder()
    )
    assert theirs.picture.std() > 1
    assert psnr(ours.picture, theirs.picture) >= 60.0
    assert all(step.preview is not None for step in recorder.steps)
    assert len(recorder.steps) == recipe.steps


def without(prefix: str) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        kept = {key: value for key, value in load_file(path).items() if not key.startswith(prefix)}
        save_file(kept, path)

    return edit


def reshaped(path: Path) -> None:
    weights = load_file(path)
    weights["model.diffusion_model.time_embed.0.weight"] = torch.zeros(3, 3)
    save_file(weights, path)


def turned(path: Path) -> None:
    weights = load_file(path)
    name = next(each for each in weights if each.endswith("transformer_blocks.0.ff.net.2.weight"))
    save_file(weights | {name: weights[name].T.contiguous()}, path)


def of_whole_numbers(path: Path) -> None:
    weights = load_file(path)
    weights["model.diffusion_model.out.2.weight"] = weights["model.diffusion_model.out.2.weight"].to(torch.int8)
    save_file(weights, path)


def truncated(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def another_vae(path: Path) -> None:
    config = path.with_suffix("") / "vae" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text(encoding="utf-8")) | {"latent_channels": 16}))


def no_tokenizer(path: Path) -> None:
    shutil.rmtree(path.with_suffix("") / "tokenizer")


def nothing_beside(path: Path) -> None:
    shutil.rmtree(path.with_suffix("") / "text_encoder")


FAULTS: list[tuple[Callable[[Path], None], type[ModelError], str]] = [
    (truncated, ModelBrokenError, "it is truncated: “.*” ends at byte"),
    (without("model.diffusion_model.time_embed.0."), ModelBrokenError, "the weight .*time_embed.0.weight is missing"),
    (reshaped, ModelBrokenError, r"time_embed.0.weight is of shape \(3, 3\), not"),
    (turned, ModelBrokenError, r"ff.net.2.weight is of shape \(128, 32\), not \(32, 128\)"),
    (of_whole_numbers, ModelBrokenError, r"out.2.weight” holds whole numbers \(I8\), as only quantised models do"),
    (another_vae, ModelBrokenError, "its VAE makes latents of 16 channels, but it takes 4"),
    (
        no_tokenizer,
        ModelPartMissingError,
        "comes without its CLIP tokenizer, .* or copy that folder .*/tokenizers/clip",
    ),
    (without("model.diffusion_model.out."), ModelError, "is no model: it holds .* Choose a checkpoint"),
]


@pytest.mark.parametrize(("fault", "kind", "sentence"), FAULTS, ids=lambda value: getattr(value, "__name__", None))
def test_a_bad_file_gets_one_sentence_and_the_engine_goes_on(
    checkpoints: Path, tmp_path: Path, fault: Callable[[Path], None], kind: type[ModelError], sentence: str
) -> None:
    shutil.copy(checkpoints / "files" / "sd1.safetensors", tmp_path / "bad.safetensors")
    shutil.copytree(checkpoints / "files" / "sd1", tmp_path / "bad")
    fault(tmp_path / "bad.safetensors")
    engine = LocalEngine((tmp_path, checkpoints / "files"), device="cpu")
    with pytest.raises(kind, match=sentence):
        engine.generate(small(model=ModelRef(name="bad")), Recorder())
    assert engine.generate(small(model=ModelRef(name="sd1"), steps=1), Recorder()).picture.shape == (64, 64, 3)


def test_a_missing_text_encoder_is_named_with_the_place_for_it(checkpoints: Path, tmp_path: Path) -> None:
    path = tmp_path / "bare.safetensors"
    shutil.copy(checkpoints / "files" / "sd1.safetensors", path)
    shutil.copytree(checkpoints / "files" / "sd1", tmp_path / "bare")
    without("cond_stage_model.")(path)
    shutil.rmtree(tmp_path / "bare" / "text_encoder")
    with pytest.raises(ModelPartMissingError, match=r"without its text encoder, .* to .*bare/text_encoder"):
        LocalEngine((tmp_path,), device="cpu").generate(small(model=ModelRef(name="bare")), Recorder())


def test_a_part_beside_the_file_fills_in(both: LocalEngine, checkpoints: Path, tmp_path: Path) -> None:
    path = tmp_path / "bare.safetensors"
    shutil.copy(checkpoints / "files" / "sd1.safetensors", path)
    shutil.copytree(checkpoints / "files" / "sd1", tmp_path / "bare")
    without("cond_stage_model.")(path)
    shutil.copytree(
        checkpoints / "folders" / "sd1-folder" / "text_encoder", tmp_path / "bare" / "text_encoder", dirs_exist_ok=True
    )
    bare = LocalEngine((tmp_path,), device="cpu").generate(small(model=ModelRef(name="bare")), Recorder())
    whole = both.generate(small(model=ModelRef(name="sd1")), Recorder())
    assert bare.picture.tobytes() == whole.picture.tobytes()


def test_a_shared_tokenizer_serves_files_without_one(both: LocalEngine, checkpoints: Path, tmp_path: Path) -> None:
    path = tmp_path / "models" / "deep" / "bare.safetensors"
    path.parent.mkdir(parents=True)
    shutil.copy(checkpoints / "files" / "sd1.safetensors", path)
    shutil.copytree(checkpoints / "files" / "sd1", path.with_suffix(""))
    (path.with_suffix("") / "tokenizer").rename(path.parent / "away")
    (tmp_path / "models" / "tokenizers").mkdir()
    (path.parent / "away").rename(tmp_path / "models" / "tokenizers" / "clip")
    made = LocalEngine((tmp_path / "models",), device="cpu").generate(small(model=ModelRef(name="bare")), Recorder())
    assert made.picture.tobytes() == both.generate(small(model=ModelRef(name="sd1")), Recorder()).picture.tobytes()


def test_a_tokenizer_in_another_folder_of_models_serves_and_a_missing_one_can_be_fetched(
    both: LocalEngine, checkpoints: Path, tmp_path: Path
) -> None:
    path, ours = tmp_path / "theirs" / "bare.safetensors", tmp_path / "ours"
    path.parent.mkdir()
    shutil.copy(checkpoints / "files" / "sd1.safetensors", path)
    shutil.copytree(checkpoints / "files" / "sd1", path.with_suffix(""))
    (ours / "tokenizers").mkdir(parents=True)
    (path.with_suffix("") / "tokenizer").rename(ours / "away")
    engine, recipe = LocalEngine((ours, path.parent), device="cpu"), small(model=ModelRef(name="bare"))
    with pytest.raises(SharedPartMissingError) as caught:
        engine.generate(recipe, Recorder())
    assert caught.value.part == "clip-tokenizer"
    (ours / "away").rename(ours / "tokenizers" / "clip")
    made = engine.generate(recipe, Recorder())
    assert made.picture.tobytes() == both.generate(small(model=ModelRef(name="sd1")), Recorder()).picture.tobytes()


def test_half_precision_is_loaded_as_what_the_device_wants(
    both: LocalEngine, checkpoints: Path, tmp_path: Path
) -> None:
    path = write_checkpoint(
        "sd1", checkpoints / "folders" / "sd1-folder", tmp_path / "half.safetensors", dtype=torch.float16
    )
    half = LocalEngine((path.parent,), device="cpu").generate(small(model=ModelRef(name="half")), Recorder()).picture
    assert psnr(half, both.generate(small(model=ModelRef(name="sd1")), Recorder()).picture) > 40


def test_the_hash_is_the_files_own_as_other_programs_count_it(both: LocalEngine, checkpoints: Path) -> None:
    digest = hashlib.sha256((checkpoints / "files" / "sd1.safetensors").read_bytes()).hexdigest()
    assert both.generate(small(model=ModelRef(name="sd1"), steps=1), Recorder()).recipe.model.hash == digest


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "model.bin"])
def test_a_pickle_is_refused_before_it_is_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(UnsafeModelError, match=f"^{name} is a pickle"):
        LocalEngine((), device="cpu").load(str(tmp_path / name), Recorder())
