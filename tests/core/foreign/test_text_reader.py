"""Settings that someone copied as text."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.adapters import AdapterUse
from studio.core.blend import Blend, Keyframe, Law
from studio.core.errors import NoRecipeError, PictureError, StudioError
from studio.core.foreign import Program
from studio.core.foreign.text_reader import read_foreign_text
from studio.core.infotext import infotext
from studio.core.recipe import SEED_MAX, ModelRef, Recipe
from studio.core.recipe_json import recipe_to_json
from studio.core.schedulers import SCHEDULERS, SchedulerSettings
from tests.core.foreign import samples


@pytest.mark.parametrize(
    ("text", "program", "seed"),
    [
        (samples.A1111, Program.A1111, 965400086),
        (f"\n  {samples.SD_NEXT}\n", Program.SD_NEXT, 99),
        (json.dumps(samples.COMFY), Program.COMFYUI, 7),
        (json.dumps(samples.COMFY_EDITOR), Program.COMFYUI, 5),
        (json.dumps(samples.INVOKE), Program.INVOKEAI, SEED_MAX),
        (json.dumps(samples.FOOOCUS), Program.FOOOCUS, 12345),
        (json.dumps(samples.NOVELAI), Program.NOVELAI, 3321),
        (recipe_to_json(Recipe(seed=8)), Program.LATENT_STUDIO, 8),
        (infotext(Recipe(prompt="{sea}", seed=9)), Program.LATENT_STUDIO, 9),
    ],
)
def test_every_program_is_known_by_its_text(text, program, seed):
    found = read_foreign_text(text)
    assert (found.program, found.recipe.seed) == (program, seed)


@pytest.mark.parametrize("text", ["", "only words", "{sea} and words", "Steps: 20", "[]", "null"])
def test_a_text_that_is_none_says_nothing(text):
    with pytest.raises(NoRecipeError, match="The text carries no recipe"):
        read_foreign_text(text)


@pytest.mark.parametrize("text", ['{"version": 1, "recipe": {"seed": -1}}', "x" * (3 << 20)])
def test_a_text_that_is_broken_is_told(text):
    with pytest.raises(PictureError, match="cannot be read"):
        read_foreign_text(text)


@given(st.text() | st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9)).map(json.dumps))
def test_any_text_is_read_or_refused(text):
    try:
        read_foreign_text(text)
    except StudioError as error:
        assert "\n" not in str(error)


# Ours → AUTOMATIC1111's words → ours. What both know of a recipe: all but the model's whole hash, and blends of more
# than two seeds. Prompts are what a line can hold: no leading blanks, no line that says "Negative prompt:".

LINE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], include_characters=" "), max_size=60
).map(str.strip)
PROMPTS = st.lists(LINE.filter(lambda line: line and not line.startswith("Negative prompt:")), max_size=3).map(
    "\n".join
)
PLAIN = PROMPTS.filter(lambda text: "<" not in text)
NAMES = LINE.filter(bool)

ADAPTERS = st.builds(
    AdapterUse,
    name=LINE.filter(lambda name: name and not set(name) & set("<>:/\\") and not name.endswith(".safetensors")),
    strength=st.integers(-400, 400).filter(bool).map(lambda number: number / 100),
)


@st.composite
def shared_recipes(draw):
    """Any recipe that passes `check_recipe`, and has only what AUTOMATIC1111's words can say."""
    scheduler = draw(st.sampled_from(list(SCHEDULERS)))
    info = SCHEDULERS[scheduler]
    recipe = Recipe(
        prompt=draw(PLAIN),
        negative_prompt=draw(PLAIN),
        width=8 * draw(st.integers(8, 512)),
        height=8 * draw(st.integers(8, 512)),
        seed=draw(st.integers(0, SEED_MAX)),
        steps=draw(st.integers(1, 1000)),
        guidance=draw(st.floats(1.0, 30.0)),
        scheduler=scheduler,
        schedule=draw(st.sampled_from(info.schedules)),
        scheduler_settings=draw(settings_of(info)),
        model=ModelRef(name=draw(NAMES)),
        adapters=tuple(draw(st.lists(ADAPTERS, max_size=3, unique_by=lambda each: each.name.casefold()))),
    )
    return msgspec.structs.replace(recipe, blend=draw(st.none() | variations(recipe.seed)))


def settings_of(info):
    kinds = {
        "eta": st.floats(0.0, 1.0),
        "order": st.integers(*info.orders),
        "solver_type": st.sampled_from(info.solver_types) if info.solver_types else st.none(),
        "lower_order_final": st.booleans(),
        "s_churn": st.floats(0.0, 100.0),
        "s_noise": st.floats(0.9, 1.1),
    }
    return st.fixed_dictionaries({name: st.none() | kinds[name] for name in info.settings}).map(
        lambda chosen: SchedulerSettings(**chosen)
    )


def variations(seed):
    def blend(other, share, law):
        keyframes = (Keyframe(seed=seed, name="Seed"), Keyframe(seed=other, name="Variation"))
        both = (1.0 - share, share)
        return Blend(keyframes=keyframes, noise_shares=both, prompt_shares=both, law=law)

    laws = st.sampled_from([Law.SLERP, Law.COLUMNS])
    return st.builds(blend, st.integers(0, SEED_MAX), st.floats(0.001, 1.0), laws)


@settings(max_examples=150, deadline=None)
@given(shared_recipes())
def test_our_infotext_gives_back_all_that_both_know(recipe):
    found = read_foreign_text(infotext(recipe))
    assert found.program is Program.LATENT_STUDIO
    assert found.recipe == recipe
    assert found.differences == ()
