import msgspec
import pytest
from hypothesis import given

from studio.core.adapters import AdapterUse
from studio.core.blend import Blend, Keyframe, Law
from studio.core.recipe import PROMPT_MAX, ModelRef, Recipe
from studio.core.recipe_words import difference, fields_in_words, summary
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings
from studio.core.start import Area, Encoding, Enlarging, Start
from tests.strategies import recipes


def use(name, strength, hash=""):
    return AdapterUse(name=name, strength=strength, hash=hash)


OLD = Recipe(prompt="a harbour at dawn", seed=7, model=ModelRef(name="Horizon", hash="aa" * 32))
BLEND = Blend(keyframes=(Keyframe(seed=1), Keyframe(seed=2)), noise_shares=(0.5, 0.5), prompt_shares=(0.5, 0.5))


def changed(recipe=OLD, **fields):
    return msgspec.structs.replace(recipe, **fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "no difference"),
        ({"steps": 30, "seed": 8, "prompt": "a harbour at sunset"}, "steps 20 → 30, seed 7 → 8, prompt: +sunset −dawn"),
        ({"width": 512}, "size 256×256 px → 512×256 px"),
        ({"guidance": 7.5}, "guidance 5 → 7.5"),
        (
            {"scheduler": Scheduler.EULER, "schedule": Schedule.KARRAS},
            "scheduler DPM++ 2M → Euler, schedule SGM Uniform → Karras",
        ),
        ({"scheduler_settings": SchedulerSettings(order=3)}, "order default → 3"),
        ({"scheduler_settings": SchedulerSettings(lower_order_final=False)}, "lower order at the end default → no"),
        ({"negative_prompt": "fog, rain"}, "negative prompt: +fog +rain"),
        ({"prompt": "dawn at a harbour"}, "prompt: other order or signs"),
        ({"prompt": ""}, "prompt: −a −harbour −at −dawn"),
        ({"model": ModelRef(name="Other")}, "model Horizon → Other"),
        ({"model": ModelRef(name="Horizon", hash="bb" * 32)}, "other weights of Horizon (aaaaaaaaaa → bbbbbbbbbb)"),
        ({"model": ModelRef(name="Horizon")}, "no difference"),
        ({"blend": BLEND}, "+a blend of 2 keyframes"),
        ({"adapters": (use("ink", 0.8), use("oil", -1))}, "+ink 0.8, +oil −1"),
    ],
)
def test_what_changed(fields, words):
    assert difference(OLD, changed(**fields)) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"noise_shares": (0.25, 0.75)}, "noise weights 50/50 % → 25/75 %"),
        ({"law": Law.LERP}, "law Gram-normalised → Lerp"),
        ({"keyframes": (*BLEND.keyframes, Keyframe(seed=3))}, "keyframes 2 → 3"),
        ({"keyframes": (Keyframe(seed=9), Keyframe(seed=2))}, "keyframes changed"),
    ],
)
def test_what_changed_in_a_blend(fields, words):
    old = changed(blend=BLEND)
    assert difference(old, changed(blend=changed(BLEND, **fields))) == words
    assert difference(old, OLD) == "−a blend of 2 keyframes"


def test_what_changed_in_adapters():
    old = changed(adapters=(use("ink", 0.8, "aa" * 32), use("oil", 1.0)))
    new = changed(adapters=(use("Ink", 0.5), use("wash", 0.25)))
    assert difference(old, new) == "+wash 0.25, −oil, ink 0.8 → 0.5"
    assert difference(old, changed(adapters=(use("ink", 0.8, "bb" * 32), use("oil", 1.0)))) == "another file of ink"
    assert dict(fields_in_words(old))["adapters"] == "ink 0.8, oil 1"
    assert "ink 0.8, oil 1" in summary(old)


START = Start(picture=b"p", mask=b"m")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"strength": 0.25}, "strength 0.6 → 0.25"),
        ({"encoding": Encoding.SAMPLE}, "encoding mean → sample"),
        ({"area": Area.MASKED, "padding_px": 16}, "area whole → masked, padding 32 px → 16 px"),
        ({"enlarging": Enlarging.LATENTS}, "enlarging pixels → latents"),
        ({"mask": b"n"}, "mask changed"),
        ({"mask": b""}, "−mask"),
        ({"picture": b"q"}, "another starting picture"),
    ],
)
def test_what_changed_in_a_start(fields, words):
    old = changed(start=START)
    assert difference(old, changed(start=changed(START, **fields))) == words
    assert difference(OLD, old) == "+starting picture"
    assert dict(fields_in_words(old))["start"] == "a starting picture with a mask, strength 0.6"
    part = changed(start=changed(START, area=Area.MASKED))
    assert dict(fields_in_words(part))["start"].endswith("strength 0.6, only the masked area, 32 px around it")


def test_many_words_are_counted():
    new = changed(prompt=" ".join(f"w{number}" for number in range(50)))
    assert difference(OLD, new).endswith("+w6 +w7 and 46 more")


def test_the_longest_prompts_take_no_time():
    old, new = changed(prompt="ab " * (PROMPT_MAX // 3)), changed(prompt="ba " * (PROMPT_MAX // 3))
    assert difference(old, new) == "prompt: +ba −ab"


def test_a_summary_is_one_line():
    text = summary(changed(prompt="a very\nlong " * 20, blend=BLEND))
    assert "\n" not in text
    assert "…, 256×256 px, seed 7, 20 steps, DPM++ 2M SGM Uniform, guidance 5, Horizon, a blend of 2 keyframes" in text
    assert summary(Recipe()).startswith("no prompt, ")


@given(recipes(), recipes())
def test_any_two_recipes(old, new):
    assert difference(old, old) == "no difference"
    assert difference(old, new)
    assert "\n" not in summary(new)
    assert dict(fields_in_words(new))["seed"] == str(new.seed)
