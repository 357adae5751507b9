"""Embeddings and VAEs: where they lie, which a recipe's prompts name, and how other programs' pictures name them."""

import pytest

from studio.core.embedding_files import embedding_folders, find_embeddings, known_embeddings, words_used
from studio.core.errors import AdapterNotFoundError, OptionError, UnsafeModelError
from studio.core.foreign.adoption import adopt
from studio.core.foreign.draft import Draft
from studio.core.foreign.text_reader import read_foreign_text
from studio.core.foreign.understanding import Program
from studio.core.infotext import infotext
from studio.core.learned_words import LearnedWord, Names, check_learned
from studio.core.recipe import ModelRef, Recipe
from studio.core.recipe_json import recipe_from_json, recipe_to_json
from studio.core.recipe_words import difference, fields_in_words
from studio.core.vae_files import find_vaes, resolve_vae, vae_folders
from tests.core.test_adapters import touch, write


def test_embeddings_lie_beside_models_as_in_other_programs(tmp_path):
    expected = {
        "own": touch(tmp_path / "data" / "embeddings" / "Own.safetensors"),
        "webui": touch(tmp_path / "webui" / "embeddings" / "deep" / "webui.safetensors"),
        "comfy": touch(tmp_path / "comfy" / "models" / "embeddings" / "comfy.SafeTensors"),
        "old": touch(tmp_path / "webui" / "embeddings" / "old.pt"),
    }
    touch(tmp_path / "webui" / "embeddings" / "OWN.pt")
    models = [tmp_path / "data" / "models", tmp_path / "webui" / "models" / "Stable-diffusion", tmp_path / "comfy"]
    assert find_embeddings(embedding_folders(models)) == expected
    assert find_embeddings(embedding_folders([tmp_path / "webui"])).keys() == {"webui", "old", "own"}


def test_names_are_whole_words_and_the_longer_one_wins():
    names = Names(["Moss", "moss-green", "v1.5"])
    found = [spot.name for spot in names.spots("MOSS, mossy moss-Green (moss) v1x5 v1.5, İmoss")]
    assert found == ["Moss", "moss-green", "Moss", "v1.5"]
    assert [spot.start for spot in names.in_prompt("<lora:moss:1> moss")] == [14]
    assert names.beginning("mo") == ("Moss", "moss-green")
    assert list(Names().spots("moss")) == []


def test_a_recipe_uses_those_it_lists_or_those_its_prompts_name(tmp_path):
    write(tmp_path / "embeddings" / "moss.safetensors", "emb_params")
    touch(tmp_path / "embeddings" / "old.pt")
    folders = embedding_folders([tmp_path / "models"])
    assert known_embeddings(folders) == {"moss": "1 vector of 1"}
    assert [word.name for word, _ in words_used(Recipe(negative_prompt="(Moss:1.2)"), folders)] == ["moss"]
    assert words_used(Recipe(prompt="moss", learned_words=()), folders) == ()
    gone = (LearnedWord(name="mos"), LearnedWord(name="unsaid"))
    with pytest.raises(AdapterNotFoundError, match=r"no embedding “mos”\. Did you mean “moss”"):
        words_used(Recipe(prompt="mos", learned_words=gone), folders)
    with pytest.raises(UnsafeModelError, match=r"old\.pt is a pickle"):
        words_used(Recipe(prompt="an old boat"), folders)


def test_pictures_from_before_there_were_embeddings_stay_without():
    finished = Recipe(prompt="moss", model=ModelRef(name="m", hash="ab"))
    older = recipe_to_json(finished).replace(',"learned_words":null', "")
    assert recipe_from_json(older).learned_words == ()
    assert recipe_from_json(recipe_to_json(finished)) == finished
    assert recipe_from_json('{"version": 1, "recipe": {}}').learned_words is None


def test_too_many_and_one_twice_are_refused():
    with pytest.raises(OptionError, match="at most 64 embeddings, not 65"):
        check_learned(LearnedWord(name=str(number)) for number in range(65))
    with pytest.raises(OptionError, match="named twice"):
        check_learned([LearnedWord(name="a"), LearnedWord(name="A")])


def test_infotext_names_them_and_reads_them_back():
    words = (LearnedWord(name="moss", hash="ab" * 32), LearnedWord(name="hand", hash="cd" * 32))
    text = infotext(Recipe(prompt="moss", learned_words=words, vae=ModelRef(name="sight", hash="ef" * 32)))
    assert 'VAE hash: efefefefef, VAE: sight, TI hashes: "moss: ababababab, hand: cdcdcdcdcd"' in text
    understood = read_foreign_text(text)
    assert understood.recipe.learned_words == (
        LearnedWord(name="moss", hash="ab" * 5), LearnedWord(name="hand", hash="cd" * 5)
    )  # fmt: skip
    assert understood.recipe.vae == ModelRef(name="sight", hash="ef" * 5)
    here = adopt(understood, {}, ModelRef(), embeddings=["MOSS"], vaes=["sight"])
    assert [word.name for word in here.recipe.learned_words] == ["moss"]
    assert any("“hand” is not on this machine; it is read as plain words" in each for each in here.differences)
    gone = adopt(understood, {}, ModelRef())
    assert (gone.recipe.learned_words, gone.recipe.vae) == ((), None)


def test_comfyui_says_embedding_before_the_name():
    draft = Draft(Program.COMFYUI)
    draft.prompt("a boat, embedding:moss.safetensors, (embedding:v1.5:1.2) embedding:hand")
    assert draft.finish().recipe.prompt == "a boat, moss, (v1.5:1.2) hand"


def test_a_vae_is_a_file_or_a_folder(tmp_path):
    expected = {
        "ft-mse": touch(tmp_path / "data" / "vae" / "ft-mse" / "diffusion_pytorch_model.safetensors"),
        "sight": touch(tmp_path / "webui" / "models" / "VAE" / "sight.safetensors"),
    }
    touch(tmp_path / "data" / "vae" / "ft-mse" / "config.json")
    touch(tmp_path / "data" / "vae" / "old.ckpt")
    folders = vae_folders([tmp_path / "data" / "models", tmp_path / "webui"])
    assert find_vaes(folders) == expected
    assert resolve_vae("FT-MSE", folders) == expected["ft-mse"]
    with pytest.raises(UnsafeModelError):
        resolve_vae("old", folders)


def test_they_are_told_in_words():
    plain = Recipe()
    other = Recipe(vae=ModelRef(name="sight"), learned_words=(LearnedWord(name="moss", hash="ab" * 32),))
    assert difference(plain, other) == "VAE of the model → sight"
    assert ("embeddings", "moss ababababab") in fields_in_words(other)
    assert ("VAE", "sight") in fields_in_words(other)
