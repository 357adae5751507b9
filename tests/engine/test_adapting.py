"""Adapters through the engine: in and out without a trace, wherever they are asked for."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from PIL import Image
from safetensors.torch import save_file

from studio.core.adapters import AdapterUse
from studio.core.blend import Blend, Keyframe
from studio.core.errors import (
    AdapterChangedError,
    AdapterError,
    AdapterNotFoundError,
    Cancelled,
    ModelBrokenError,
    OptionError,
    UnsafeModelError,
)
from studio.core.events import Event, Step
from studio.core.metadata import read_recipe, write_png
from studio.core.recipe import Recipe
from studio.engine import keyframes, packing, tracing
from studio.engine.local import LocalEngine
from tests.engine.helpers import Recorder, psnr, small
from tests.tiny_lora import random_halves, train_halves, write_lora


@pytest.fixture(scope="module")
def loras(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the adapters `ink` and `oil`, `words` of the text encoder alone, and `both`, which is their sum."""
    folder = tmp_path_factory.mktemp("own") / "loras"
    ink, oil = (random_halves(models / "plain", seed=seed) for seed in (1, 2))
    write_lora(folder / "ink.safetensors", ink)
    write_lora(folder / "sorted" / "oil.safetensors", oil)
    write_lora(folder / "words.safetensors", random_halves(models / "plain", seed=3, unet=False))
    joined = {
        layer: (torch.cat([ink[layer][0], oil[layer][0]], 1), torch.cat([ink[layer][1], oil[layer][1]]))
        for layer in ink
    }
    write_lora(folder / "both.safetensors", joined, alpha=4)
    return folder


@pytest.fixture(scope="module")
def studio(models: Path, loras: Path) -> LocalEngine:
    return LocalEngine((models, loras.parent / "models"), device="cpu")


def silent(event: Event) -> None:
    """Hear nothing."""


def use(*names: str, strength: float = 0.8) -> dict[str, object]:
    return {"adapters": tuple(AdapterUse(name=name, strength=strength) for name in names)}


def made(engine: LocalEngine, **changes: object) -> bytes:
    return engine.generate(small(**changes), silent).picture.tobytes()


def test_in_and_out_leaves_the_very_bytes_and_loads_nothing_again(studio: LocalEngine) -> None:
    before = made(studio)
    loaded = studio._loader.loaded
    with_ink = made(studio, **use("ink"))
    assert with_ink != before
    assert made(studio, **use("ink", strength=0.4)) != with_ink, "the strength counts at once"
    assert made(studio) == before
    assert made(studio, **use("ink", "oil", strength=0.0)) == before, "strength 0 is none"
    assert made(studio, **use("ink")) == with_ink
    assert studio._loader.loaded is loaded


def test_the_text_encoder_changes_too_though_its_words_were_kept(studio: LocalEngine) -> None:
    before = made(studio)
    assert made(studio, **use("words")) != before
    assert made(studio) == before


def test_two_are_the_sum_of_their_changes(studio: LocalEngine) -> None:
    together = studio.generate(small(**use("ink", "oil")), silent).picture
    joined = studio.generate(small(**use("both")), silent).picture
    assert psnr(together, joined) >= 60
    assert psnr(together, studio.generate(small(**use("ink")), silent).picture) < 40


def test_the_prompt_asks_for_adapters_and_has_the_last_word_on_their_strength(studio: LocalEngine) -> None:
    listed = made(studio, **use("ink"))
    assert made(studio, prompt="a red sailboat<lora:INK:0.8>") == listed
    assert made(studio, prompt="a red sailboat<lora:ink:0.8>", **use("ink", strength=-1.0)) == listed
    with pytest.raises(OptionError, match=r"The adapter “ink”: Strength: 9\.0 is outside"):
        studio.generate(small(prompt="a <lora:ink:9>"), silent)


def test_the_finished_recipe_has_the_hash_and_makes_the_same_again(studio: LocalEngine, loras: Path) -> None:
    recipe = small(prompt="a red sailboat<lora:Oil:0.5>", **use("ink"))
    finished = studio.generate(recipe, silent)
    named = {each.name: each.hash for each in finished.recipe.adapters}
    assert named == {
        each.stem: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in (loras / "ink.safetensors", loras / "sorted" / "oil.safetensors")
    }
    read = read_recipe(write_png(finished.picture, finished.recipe))
    assert read == finished.recipe
    again = studio.generate(read, silent)
    assert again.picture.tobytes() == finished.picture.tobytes()
    assert again.recipe == finished.recipe


def test_another_file_than_the_recipe_was_made_with_is_refused(studio: LocalEngine) -> None:
    other = small(adapters=(AdapterUse(name="ink", hash="ab" * 32),))
    with pytest.raises(AdapterChangedError, match="made with the adapter “ink” ababababab, but the file here is"):
        studio.generate(other, silent)
    off = small(adapters=(AdapterUse(name="nowhere", hash="ab" * 32, strength=0.0),))
    assert studio.generate(off, silent).recipe.adapters == off.adapters, "what is switched off need not be there"


def bad_files(folder: Path, models: Path) -> None:
    whole = write_lora(folder / "cut.safetensors", random_halves(models / "plain")).read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:-40])
    (folder / "pickled.pt").write_bytes(b"\x80\x04")
    stranger = {
        "lora_unet_no_to_q.lora_down.weight": torch.ones(1, 4),
        "lora_unet_no_to_q.lora_up.weight": torch.ones(4, 1),
    }
    save_file(stranger, folder / "stranger.safetensors")
    halves = random_halves(models / "plain")
    wide = {layer: (up, torch.cat([down, down], 1)) for layer, (up, down) in halves.items()}
    write_lora(folder / "wide.safetensors", wide)
    write_lora(folder / "nan.safetensors", {layer: (up * torch.nan, down) for layer, (up, down) in halves.items()})
    save_file({"lora_unet_x.hada_w1_a": torch.ones(2, 2)}, folder / "loha.safetensors")


@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("inc", AdapterNotFoundError, "no adapter “inc”. Did you mean “ink”"),
        ("pickled", UnsafeModelError, "pickled.pt is a pickle"),
        ("cut", ModelBrokenError, r"^The adapter \S*/cut\.safetensors cannot be loaded: it is truncated"),
        ("stranger", AdapterError, "1 of its 1 layers are not in this model"),
        ("wide", AdapterError, "The adapter wide cannot be used: .* does not fit"),
        ("nan", AdapterError, "is no number"),
        ("loha", AdapterError, "not a plain LoRA"),
    ],
)
def test_what_cannot_be_used_says_why_and_changes_nothing(
    studio: LocalEngine, loras: Path, models: Path, name: str, error: type[Exception], sentence: str
) -> None:
    bad_files(loras, models)
    with_ink = made(studio, **use("ink"))
    with pytest.raises(error, match=sentence):
        studio.generate(small(**use("ink", name)), silent)
    assert made(studio, **use("ink")) == with_ink
    studio.noise_levels(small(**use("inc")))  # which needs no weights, is answered all the same


def test_a_picture_that_was_stopped_leaves_no_trace(studio: LocalEngine) -> None:
    before = made(studio)
    with pytest.raises(Cancelled):
        studio.generate(small(**use("ink")), Recorder(stop_at=9))
    assert made(studio) == before


def test_a_draft_within_a_picture_puts_back_what_the_picture_had(studio: LocalEngine) -> None:
    recipe = small(**use("ink"))
    expected = studio.generate(recipe, silent).picture.tobytes()
    plain = studio.draft(small(steps=2), silent).signature.tobytes()
    inside: set[bytes] = set()

    def draft(event: Event) -> None:
        if isinstance(event, Step):
            inside.add(studio.draft(small(steps=2), silent).signature.tobytes())
            studio.draft(small(steps=2, **use("oil")), silent)

    assert studio.generate(recipe, draft).picture.tobytes() == expected
    assert inside == {plain}


def test_recordings_of_the_unet_see_every_change(models: Path, loras: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = (models, loras.parent / "models")
    monkeypatch.setattr(packing, "WEIGHT_BYTES_MAX", 0)
    never = LocalEngine(folders, device="cpu")
    plainly = [never.generate(small(**each), silent).picture for each in ({}, use("ink"), use("oil"))]
    monkeypatch.undo()
    monkeypatch.setattr(tracing, "CALLS_BEFORE", 0)
    traced = LocalEngine(folders, device="cpu")
    pictures = [traced.generate(small(**each), silent).picture for each in ({}, use("ink"), use("oil"), {})]
    assert traced._loader.loaded.family._traced.recordings > 0
    for one, other in zip(pictures, plainly, strict=False):
        assert psnr(one, other) >= 60
    assert pictures[3].tobytes() == pictures[0].tobytes()


def blend_of(share: float, *prompts: str | None, picture: bytes = b"") -> Blend:
    ends = tuple(Keyframe(seed=seed, prompt=prompt, picture=picture) for seed, prompt in enumerate(prompts))
    shares = (1 - share, share)
    return Blend(keyframes=ends, noise_shares=shares, prompt_shares=shares)


def test_marks_of_keyframes_count_by_their_shares(studio: LocalEngine) -> None:
    ends = ("a lake<lora:ink:0.8>", "a sea<lora:ink:0.8><lora:oil:0.4>")
    finished = studio.generate(small(blend=blend_of(0.25, *ends)), silent)
    assert {each.name: each.strength for each in finished.recipe.adapters} == {"ink": 0.8, "oil": 0.1}
    bare = small(
        blend=blend_of(0.25, "a lake", "a sea"),
        adapters=(AdapterUse(name="ink", strength=0.8), AdapterUse(name="oil", strength=0.1)),
    )
    assert made_of(studio, bare) == finished.picture.tobytes()


def made_of(engine: LocalEngine, recipe: Recipe) -> bytes:
    return engine.generate(recipe, silent).picture.tobytes()


def test_the_noise_found_for_a_picture_is_found_anew_with_other_weights(
    studio: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyframes, "INVERSION_STEPS", 2)
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(file, "PNG")
    recipe = small(steps=2, blend=blend_of(0.5, None, None, picture=file.getvalue()))
    inked = replace(recipe, **use("ink"))
    assert made_of(studio, recipe) != (after_it := made_of(studio, inked))
    studio._noises.clear()
    assert made_of(studio, inked) == after_it


def test_a_walk_has_the_adapters_of_each_frame(studio: LocalEngine) -> None:
    recipes = [
        small(seed=1),
        small(seed=2),
        small(seed=1, **use("ink")),
        small(seed=2, prompt="a red sailboat<lora:ink:0.8>"),
    ]
    walked = list(studio.walk(recipes, Recorder()))
    for recipe, finished in zip(recipes, walked, strict=True):
        alone = studio.generate(recipe, silent)
        assert psnr(finished.picture, alone.picture) >= 45
        assert finished.recipe == alone.recipe


def test_a_lora_that_was_trained_changes_the_picture(studio: LocalEngine, models: Path, loras: Path) -> None:
    halves, losses = train_halves(models / "plain")
    assert losses[-1] < 0.8 * losses[0]
    write_lora(loras / "trained.safetensors", halves)
    before = studio.generate(small(), silent).picture
    after = studio.generate(small(**use("trained", strength=1.0)), silent).picture
    assert psnr(before, after) < 40
    assert psnr(before, studio.generate(small(**use("trained", strength=0.1)), silent).picture) > psnr(before, after)
