"""Memory that runs out, at every stage: once more and sparingly, then a sentence; and models that share a budget."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from studio.core.errors import OutOfMemoryError
from studio.core.events import Event, Stage, Staged
from studio.core.models import read_model
from studio.core.places import resources_dir
from studio.core.recipe import ModelRef
from studio.engine import autoencoder, loading, local
from studio.engine.attention import KeepingAttention
from studio.engine.autoencoder import Autoencoder
from studio.engine.device import choose_device
from studio.engine.libraries import AutoencoderKL
from studio.engine.loading import Loader
from studio.engine.local import LocalEngine
from studio.engine.stable_diffusion import StableDiffusion
from studio.engine.tiles import tile_places
from tests.engine.helpers import Recorder, psnr, small
from tests.fake_engine import scene

STAGES: dict[str, tuple[Any, str]] = {
    "load": (loading, "load_pipeline_folder"),
    "encode": (StableDiffusion, "encode_prompt"),
    "step": (StableDiffusion, "predict"),
    "decode": (AutoencoderKL, "decode"),
}


def silent(event: Event) -> None:
    """A report that does nothing."""


def failing(real: Callable[..., Any], times: int) -> Callable[..., Any]:
    """Out of memory at the first `times` calls, then as `real`."""
    left = [times]

    def call(*args: Any, **kwargs: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:114] . DefaultCPUAllocator: can't allocate memory")
        return real(*args, **kwargs)

    return call


@pytest.fixture
def fresh(models: Path) -> LocalEngine:
    """An engine that nobody used, in which `zero` is held beside."""
    made = LocalEngine((models,), device="cpu")
    made.load("zero", silent)
    return made


@pytest.mark.parametrize("stage", STAGES)
def test_memory_that_runs_out_once_costs_no_picture(
    fresh: LocalEngine, engine: LocalEngine, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = engine.generate(small(), silent).picture
    if stage != "load":
        fresh.load("plain", silent)
    owner, name = STAGES[stage]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(getattr(owner, name), 1))
        made = fresh.generate(small(), silent)
    assert psnr(made.picture, expected) > 45
    assert fresh.generate(small(), silent).picture.tobytes() == expected.tobytes(), "and the next is as ever"


@pytest.mark.parametrize("stage", STAGES)
def test_memory_that_stays_short_gets_numbers_and_the_engine_goes_on(
    fresh: LocalEngine, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stage != "load":
        fresh.load("plain", silent)
    recorder, (owner, name) = Recorder(), STAGES[stage]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing(getattr(owner, name), 1000))
        with pytest.raises(OutOfMemoryError, match=r"64×64 px with \d+\.\d GB left"):
            fresh.generate(small(), recorder)
    told = [event.detail for event in recorder.events if isinstance(event, Staged)]
    assert told.count("memory ran out: once more, sparingly") == 1, "one retry, and it is told"
    assert "zero" not in names(fresh._loader), "what nobody uses made room"
    assert fresh.generate(small(), silent).picture.shape == (64, 64, 3)


def test_sparing_changes_no_picture_but_for_rounding(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = engine.generate(small(), silent).picture
    batches: list[int] = []
    predict = StableDiffusion.predict

    def watched(self: StableDiffusion, z: torch.Tensor, *rest: Any) -> torch.Tensor:
        batches.append(len(z))
        attention = [each for each in self._unet.attn_processors.values() if isinstance(each, KeepingAttention)]
        assert all(each.is_sliced is self.is_sparing for each in attention)
        return predict(self, z, *rest)

    monkeypatch.setattr(StableDiffusion, "predict", watched)
    monkeypatch.setattr(local, "or_sparingly", lambda work, make_room, again: again())
    assert psnr(engine.generate(small(), silent).picture, expected) > 45
    assert set(batches) == {1}, "one prompt at a time"


def test_a_preload_is_tried_twice(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = LocalEngine((models,), device="cpu")
    monkeypatch.setattr(loading, "load_pipeline_folder", failing(loading.load_pipeline_folder, 1))
    assert mine.load("plain", silent).name == "plain"


def test_a_walk_that_does_not_fit_in_one_batch_goes_on_picture_by_picture(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = [small(seed=seed, steps=2) for seed in (1, 2)]
    expected = [engine.generate(recipe, silent).picture.tobytes() for recipe in recipes]
    monkeypatch.setattr(local, "make_together", failing(local.make_together, 1))
    assert [made.picture.tobytes() for made in engine.walk(recipes, silent)] == expected


# Decoding.


@pytest.fixture(scope="module")
def vae(models: Path) -> Any:
    loaded = AutoencoderKL.from_pretrained(models / "plain" / "vae", low_cpu_mem_usage=False).eval()
    return loaded.requires_grad_(False)


def latents(height: int, width: int) -> torch.Tensor:
    """Smooth ones, as pictures have."""
    coarse = torch.randn(1, 4, 6, 6, generator=torch.Generator().manual_seed(3))
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")


def test_a_picture_in_tiles_agrees_with_the_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    horizon = AutoencoderKL.from_pretrained(resources_dir() / "models" / "horizon" / "vae", low_cpu_mem_usage=False)
    trained, told = Autoencoder(horizon.eval().requires_grad_(False)), []
    z = trained.encode(scene(256, 320, seed=5)).mean
    whole = trained.decode(z)
    monkeypatch.setattr(autoencoder, "free_bytes", lambda device: 0)
    monkeypatch.setattr(autoencoder, "SIDE_MIN", 16)
    tiled = trained.decode(z, lambda fraction, detail: told.append((fraction, detail)))
    assert psnr(tiled, whole) > 38
    assert told == [(0.0, "in 2 tiles, to save memory"), (0.5, "in 2 tiles, to save memory")]


def test_tiles_are_as_large_as_free_memory_allows(vae: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def instantly(self: Any, z: torch.Tensor, **options: Any) -> tuple[torch.Tensor]:
        return (torch.zeros(1, 3, 8 * z.shape[-2], 8 * z.shape[-1]),)

    monkeypatch.setattr(AutoencoderKL, "decode", instantly)
    counts = []
    for free in (1 << 40, 40 << 20, None):
        monkeypatch.setattr(autoencoder, "free_bytes", lambda device, free=free: free)
        told: list[str] = []
        Autoencoder(vae).decode(latents(160, 160), lambda _, detail, told=told: told.append(detail))
        counts.append(len(told))
    assert counts[0] == counts[2] == 0
    assert 0 < counts[1] < len(tile_places(160, 160, 32)), "larger than the smallest"


@pytest.mark.parametrize(("height", "width", "side"), [(32, 32, 32), (33, 32, 32), (200, 70, 64), (129, 128, 65)])
def test_tiles_cover_all_and_overlap(height: int, width: int, side: int) -> None:
    covered = np.zeros((height, width), int)
    for rows, columns in tile_places(height, width, side):
        assert rows.stop - rows.start <= side
        assert columns.stop - columns.start <= side
        covered[rows, columns] += 1
    assert covered.min() >= 1
    rows = sorted({(rows.start, rows.stop) for rows, _ in tile_places(height, width, side)})
    assert all(stop - start >= 8 for (_, stop), (start, _) in pairwise(rows))


def test_tiling_is_told_while_decoding(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(autoencoder, "free_bytes", lambda device: 0)
    engine.generate(small(width=320, height=256, steps=1), recorder)
    details = [event.detail for event in recorder.events if isinstance(event, Staged) and event.stage is Stage.DECODING]
    assert "in 2 tiles, to save memory" in details


def test_a_picture_too_large_to_read_whole_is_read_in_tiles(vae: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Autoencoder(vae).decode(latents(16, 16))
    whole = Autoencoder(vae).encode(picture).mean
    monkeypatch.setattr(AutoencoderKL, "encode", failing(AutoencoderKL.encode, 1))
    tiled = Autoencoder(vae).encode(picture).mean
    assert torch.corrcoef(torch.stack([tiled.flatten(), whole.flatten()]))[0, 1] > 0.9
    assert not vae.use_tiling


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_that_overflows_is_decoded_again_in_float32(
    models: Path, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = AutoencoderKL.from_pretrained(models / "plain" / "vae", low_cpu_mem_usage=False).eval().to(dtype)
    expected = Autoencoder(half).decode(latents(8, 8))
    decode, told = AutoencoderKL.decode, []

    def overflowing(self: Any, z: torch.Tensor, **options: Any) -> tuple[torch.Tensor]:
        picture = decode(self, z, **options)[0]
        if self.dtype is not torch.float32:
            picture[0, 0, 0, 0] = float("nan")
        return (picture,)

    monkeypatch.setattr(AutoencoderKL, "decode", overflowing)
    made = Autoencoder(half).decode(latents(8, 8), lambda _, detail: told.append(detail))
    assert psnr(made, expected) > 30
    assert told == ["again in float32, for half precision overflowed"]
    assert half.dtype is torch.float32


# Several models.


def names(loader: Loader) -> list[str]:
    return [held.info.name for held in loader._held.values()]


def test_models_stay_within_the_budget_and_the_oldest_goes_first(models: Path) -> None:
    plain, zero = read_model(models / "plain"), read_model(models / "zero")
    loader = Loader(choose_device("cpu"), 1 << 40)
    first = loader.load(plain, silent)
    loader.load(zero, silent)
    assert names(loader) == ["plain", "zero"]
    recorder = Recorder()
    assert loader.load(plain, recorder) is first
    assert recorder.events == [], "nothing is read again"
    assert names(loader) == ["zero", "plain"]
    loader.set_budget(1)
    assert names(loader) == ["plain"], "the one used last stays, however large"
    loader.load(zero, silent)
    assert names(loader) == ["zero"]


def test_models_make_room_where_memory_is_short_whatever_the_budget(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = Loader(choose_device("cpu"), 1 << 40)
    loader.load(read_model(models / "plain"), silent)
    monkeypatch.setattr(loading, "free_bytes", lambda device: 0)
    loader.load(read_model(models / "zero"), silent)
    assert names(loader) == ["zero"]


def test_the_picture_is_the_same_after_a_switch_and_back(models: Path) -> None:
    mine = LocalEngine((models,), device="cpu")
    first = mine.generate(small(steps=2), silent).picture
    mine.generate(small(steps=1, model=ModelRef(name="zero")), silent)
    recorder = Recorder()
    assert mine.generate(small(steps=2), recorder).picture.tobytes() == first.tobytes()
    assert all(event.stage is not Stage.LOADING for event in recorder.events if isinstance(event, Staged))
