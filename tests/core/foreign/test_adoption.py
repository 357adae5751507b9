"""What another program's settings become with the models that are here."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from studio.core.adapters import AdapterUse
from studio.core.blend import Law
from studio.core.canvas import blend_of
from studio.core.canvas_edits import variation_canvas
from studio.core.foreign.adoption import adopt
from studio.core.foreign.text_reader import read_foreign_text
from studio.core.infotext import infotext
from studio.core.models import Defaults
from studio.core.recipe import ModelRef, Recipe
from studio.core.words import Vocabulary
from tests.core.foreign import samples
from tests.fake_engine import MODEL

SMALL = msgspec.structs.replace(
    MODEL, name="Small", size_multiple=16, token_limit=5, defaults=Defaults(width=256, height=256), folder=Path("small")
)
MODELS = {"Small": SMALL}
HERE = ModelRef(name="Small")


def adopted(text, vocabulary=None, adapters=()):
    return adopt(read_foreign_text(text), MODELS, HERE, vocabulary, adapters)


def infotext_of(size="256x256", model="Small", prompt="a boat"):
    return f"{prompt}\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: {size}, Model: {model}, RNG: CPU"


def test_a_model_that_is_not_here_is_replaced_and_told():
    found = adopted(infotext_of(model="dreams"))
    assert found.recipe.model == HERE
    assert "The model “dreams” is not on this machine; Small is used." in found.differences
    assert next(row for row in found.rows if row.field == "model") == ("model", "dreams", "Small")


def test_a_model_is_found_whatever_its_case():
    found = adopted(infotext_of(model="sMALL"))
    assert found.recipe.model == HERE
    assert found.differences == ()


def test_adapters_that_are_here_stay_and_others_are_told():
    found = adopted(infotext_of(prompt="a boat <lora:Ink:0.5><lora:gone:1>"), adapters=["ink"])
    assert found.recipe.adapters == (AdapterUse(name="Ink", strength=0.5),)
    assert found.differences == ("The adapter “gone” is not on this machine and is not applied.",)
    assert next(row for row in found.rows if row.field == "adapters") == ("adapters", "Ink 0.5, gone 1", "Ink 0.5")


def test_a_picture_that_names_no_model_is_told_once():
    found = adopted(infotext_of().replace(", Model: Small", ""))
    assert found.recipe.model == HERE
    assert sum("model" in each for each in found.differences) == 1


@pytest.mark.parametrize(("size", "fitting"), [("264x250", (272, 256)), ("64x8", (64, 64))])
def test_a_size_becomes_one_that_the_model_takes(size, fitting):
    found = adopted(infotext_of(size=size))
    assert (found.recipe.width, found.recipe.height) == fitting
    assert any(f"{fitting[0]}×{fitting[1]} px" in each for each in found.differences)


def test_a_picture_much_larger_than_the_models_own_is_told():
    found = adopted(infotext_of(size="512x768"))
    assert (found.recipe.width, found.recipe.height) == (512, 768)
    assert any("may repeat itself" in each for each in found.differences)


def test_a_prompt_longer_than_the_model_reads_is_told():
    found = adopted(infotext_of(prompt="one two three four five six"))
    assert "The prompt has 6 words, but Small reads 5 tokens. Shorten it." in found.differences


def test_words_that_the_model_never_learnt_are_told():
    found = adopted(infotext_of(prompt="a boat, a wug, a boat"), Vocabulary(("a", "boat")))
    assert "Words of the prompt that Small never learnt: wug." in found.differences


def test_what_the_program_says_stands_beside_what_is_here():
    rows = {row.field: (row.found, row.here) for row in adopted(infotext_of(size="264x250")).rows}
    assert rows["size"] == ("264×250", "272×256")
    assert rows["steps"] == ("20", "20")
    assert rows["schedule"] == ("automatic", "Linspace")


def test_a_variation_seed_opens_as_a_canvas_that_stands_at_the_same_blend():
    found = adopted(samples.VARIATION)
    assert found.canvas == replace(variation_canvas(11, 4_000_000_000, 0.25), law=Law.COLUMNS)
    there, here = found.recipe.blend, blend_of(found.canvas)
    assert here.noise_shares == pytest.approx(there.noise_shares)
    assert (here.prompt_shares, here.law) == (here.noise_shares, there.law)
    assert [each.seed for each in there.keyframes] == [each.seed for each in here.keyframes]


def test_our_own_recipe_is_exact_where_its_model_is_here():
    here = infotext(Recipe(prompt="a boat", width=256, height=256, model=HERE))
    assert adopted(here).is_exact
    assert not adopted(here.replace("Model: Small", "Model: Gone")).is_exact
    assert not adopted(infotext_of()).is_exact
