"""Words that are vectors, through the engine: compared with diffusers' own, in and out without a trace."""

import hashlib
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionXLPipeline
from msgspec.structs import replace
from safetensors.torch import load_file, save_file

from studio.core.blend import Blend, Keyframe
from studio.core.errors import (
    AdapterChangedError,
    AdapterError,
    AdapterNotFoundError,
    ModelBrokenError,
    UnsafeModelError,
)
from studio.core.events import Event
from studio.core.learned_words import LearnedWord
from studio.core.metadata import read_recipe, write_png
from studio.core.model_family import ModelFamily
from studio.core.models import read_model
from studio.core.recipe import Recipe
from studio.engine.device import choose_device
from studio.engine.lexicon import Lexicon, load_vectors
from studio.engine.local import LocalEngine
from studio.engine.pipeline_folder import load_pipeline_folder
from tests.engine.helpers import psnr, small
from tests.engine.reference import load_reference, reference_picture, reference_scheduler
from tests.tiny_embedding import write_embedding, write_embedding_of_two
from tests.tiny_families import build_family


@pytest.fixture(scope="module")
def embeddings(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the embeddings `moss` of three vectors and `Bad-Hand_2` of one, in diffusers' form."""
    folder = tmp_path_factory.mktemp("own") / "embeddings"
    write_embedding(folder / "moss.safetensors")
    write_embedding(folder / "sorted" / "Bad-Hand_2.safetensors", vectors=1, key="<bad>", seed=8)
    return folder


@pytest.fixture(scope="module")
def studio(models: Path, embeddings: Path) -> LocalEngine:
    return LocalEngine((models, embeddings.parent / "models"), device="cpu")


def silent(event: Event) -> None:
    """Hear nothing."""


def made(engine: LocalEngine, recipe: Recipe) -> bytes:
    return engine.generate(recipe, silent).picture.tobytes()


def test_the_picture_is_that_of_diffusers(studio: LocalEngine, models: Path, embeddings: Path) -> None:
    recipe = small(prompt="a red moss at sunset, moss", negative_prompt="Bad-Hand_2 night")
    pipe = load_reference(models / "plain")
    pipe.load_textual_inversion(load_file(embeddings / "moss.safetensors"), token="moss")
    bad = load_file(embeddings / "sorted" / "Bad-Hand_2.safetensors")
    pipe.load_textual_inversion({"<bad>": bad["<bad>"][0]}, token="Bad-Hand_2")
    theirs = reference_picture(pipe, recipe, reference_scheduler(recipe, dict(pipe.scheduler.config)))
    ours = studio.generate(recipe, silent).picture
    assert psnr(ours, theirs) >= 45
    assert psnr(ours, studio.generate(small(prompt="a red at sunset,"), silent).picture) < 40


def test_the_embeddings_are_those_of_diffusers_with_two_encoders(tmp_path: Path) -> None:
    folder = build_family("sdxl", tmp_path / "sdxl")
    family = load_pipeline_folder(read_model(folder), choose_device("cpu"), lambda name, fraction: None).family
    path = write_embedding_of_two(tmp_path / "moss.safetensors")
    pipe = StableDiffusionXLPipeline.from_pretrained(folder, local_files_only=True, low_cpu_mem_usage=False)
    held = load_file(path)
    pipe.load_textual_inversion({"moss": held["clip_l"]}, "moss", pipe.tokenizer, pipe.text_encoder)
    pipe.load_textual_inversion({"moss": held["clip_g"]}, "moss", pipe.tokenizer_2, pipe.text_encoder_2)
    theirs, _, pooled, _ = pipe.encode_prompt("a red moss at sunset", do_classifier_free_guidance=False)
    words = Lexicon({"moss": load_vectors(path, ModelFamily.SDXL, family.components)})
    ours = family.encode_prompt("prompt", "a red MOSS at sunset", words)
    torch.testing.assert_close(ours.tokens, theirs, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.pooled, pooled, rtol=1e-4, atol=1e-4)
    assert family.count_tokens("a red moss", words) == 4


def test_it_leaves_no_trace(studio: LocalEngine) -> None:
    before = made(studio, small())
    text_encoder = studio._loader.loaded.family.components["text_encoder"]
    weights = {name: value.clone() for name, value in text_encoder.state_dict().items()}
    assert made(studio, small(prompt="a red sailboat moss")) != before
    assert made(studio, small()) == before
    after = text_encoder.state_dict()
    assert after.keys() == weights.keys()
    assert all(torch.equal(after[name], value) for name, value in weights.items())
    assert not text_encoder.get_input_embeddings()._forward_hooks


def test_a_word_counts_as_its_vectors_and_is_never_split(studio: LocalEngine) -> None:
    studio.load("plain", silent)
    assert studio.count_tokens("a red moss") == 5
    plainly = studio._loader.loaded.family.count_tokens
    assert studio.count_tokens("a red mossy") == plainly("a red mossy"), "it is no whole word"
    assert studio.count_tokens("a (MOSS:1.2), bad-hand_2") == 6
    assert studio.count_tokens("red " * 72 + "moss") == 75
    assert studio.count_tokens("red " * 73 + "moss") == 75 + 3, "it is whole in the next chunk"
    assert made(studio, small(prompt="red " * 73 + "moss")) == made(studio, small(prompt="red " * 73 + "BREAK moss"))


def test_weights_and_keyframes_and_adapters_marks_are_read_as_ever(studio: LocalEngine) -> None:
    pictures = {made(studio, small(prompt=f"a red {word}")) for word in ("moss", "(moss:1.4)", "[moss]", "(moss)")}
    assert len(pictures) == 4
    shares = (0.5, 0.5)
    ends = (Keyframe(seed=1, prompt="a lake"), Keyframe(seed=2, prompt="moss"))
    finished = studio.generate(small(blend=Blend(keyframes=ends, noise_shares=shares, prompt_shares=shares)), silent)
    assert [word.name for word in finished.recipe.learned_words] == ["moss"]


def test_the_finished_recipe_names_them_and_makes_the_same_again(studio: LocalEngine, embeddings: Path) -> None:
    finished = studio.generate(small(prompt="a MOSS", negative_prompt="bad-hand_2"), silent)
    digest = hashlib.sha256((embeddings / "moss.safetensors").read_bytes()).hexdigest()
    assert finished.recipe.learned_words[1] == LearnedWord(name="moss", hash=digest)
    read = read_recipe(write_png(finished.picture, finished.recipe))
    again = studio.generate(read, silent)
    assert again.recipe == finished.recipe
    assert again.picture.tobytes() == finished.picture.tobytes()


def test_a_finished_picture_without_any_stays_as_it_was_made(models: Path, tmp_path: Path) -> None:
    engine = LocalEngine((models, tmp_path / "models"), device="cpu")
    finished = engine.generate(small(), silent)
    write_embedding(tmp_path / "embeddings" / "sailboat.safetensors")
    assert made(engine, finished.recipe) == finished.picture.tobytes()
    assert made(engine, small()) != finished.picture.tobytes(), "a new one uses the file"


def bad_files(folder: Path) -> None:
    whole = write_embedding(folder / "cut.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:-40])
    (folder / "pickled.pt").write_bytes(b"\x80\x04")
    write_embedding(folder / "wide.safetensors", width=48)
    write_embedding(folder / "long.safetensors", vectors=76)
    write_embedding(folder / "huge.safetensors", vectors=75, width=20_000)
    write_embedding_of_two(folder / "both.safetensors")
    save_file({"a": torch.ones(2, 32), "b": torch.ones(2, 32)}, folder / "several.safetensors")
    save_file({"emb_params": torch.full((2, 32), torch.nan)}, folder / "nan.safetensors")
    save_file({"emb_params": torch.ones(2, 32, dtype=torch.int32)}, folder / "whole.safetensors")


@pytest.mark.parametrize(
    ("word", "error", "sentence"),
    [
        ("pickled", UnsafeModelError, "pickled.pt is a pickle"),
        ("cut", ModelBrokenError, r"^The embedding \S*/cut\.safetensors cannot be loaded: it is truncated"),
        ("wide", AdapterError, "embedding wide.safetensors cannot be used: it holds 3 vectors of 48, and words of"),
        ("both", AdapterError, r"2 vectors of 32 \+ 32, and words of this model have 32"),
        ("long", AdapterError, "it holds 76 vectors, and a text encoder reads 75"),
        ("huge", AdapterError, "no embedding has more than 4"),
        ("several", AdapterError, "it holds 2 tensors"),
        ("nan", AdapterError, "is no number"),
        ("whole", AdapterError, "does not hold the vectors of a word"),
    ],
)
def test_what_cannot_be_used_says_why(
    studio: LocalEngine, embeddings: Path, word: str, error: type[Exception], sentence: str
) -> None:
    bad_files(embeddings)
    with pytest.raises(error, match=sentence):
        studio.generate(small(prompt=f"a {word} sea"), silent)
    studio.count_tokens(f"a {word} sea")


def test_another_file_or_none_is_told(studio: LocalEngine) -> None:
    recipe = small(prompt="a moss")
    with pytest.raises(AdapterChangedError, match="made with the embedding “moss” ababababab, but the file here is"):
        studio.generate(replace(recipe, learned_words=(LearnedWord(name="moss", hash="ab" * 32),)), silent)
    gone = replace(recipe, prompt="a mass", learned_words=(LearnedWord(name="mass", hash="ab" * 32),))
    with pytest.raises(AdapterNotFoundError, match=r"no embedding “mass”\. Did you mean “moss”"):
        studio.generate(gone, silent)


def test_another_model_with_other_words_refuses_it(studio: LocalEngine, embeddings: Path) -> None:
    path = embeddings / "moss.safetensors"
    with pytest.raises(AdapterError, match=r"no words are learned for Flux\.1"):
        load_vectors(path, ModelFamily.FLUX, {})
