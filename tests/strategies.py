"""Values for property tests."""

import string

from hypothesis import strategies as st

from studio.core.adapters import AdapterUse
from studio.core.learned_words import LearnedWord
from studio.core.recipe import SEED_MAX, ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler, SchedulerSettings, SolverType
from studio.core.start import Area, Encoding, Enlarging, Start

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
"""Any code points, lone surrogates and NUL included."""
AWKWARD = st.text(st.sampled_from("\",:\\\n\r\t\0 '<>{}é海🙂\ud800\udc00Steps"), max_size=60)


def recipes(text=ANY_TEXT | AWKWARD):
    """Any recipe whose fields are in range, whether or not they go together."""
    return st.builds(
        Recipe,
        prompt=text,
        negative_prompt=text,
        width=st.integers(64, 4096),
        height=st.integers(64, 4096),
        seed=st.integers(0, SEED_MAX) | st.just(SEED_MAX),
        steps=st.integers(1, 1000),
        guidance=st.floats(1.0, 30.0),
        scheduler=st.sampled_from(Scheduler),
        schedule=st.sampled_from(Schedule),
        scheduler_settings=scheduler_settings(),
        model=st.builds(ModelRef, name=text, hash=st.text(string.hexdigits, max_size=64)),
        adapters=st.lists(adapter_uses(), max_size=3, unique_by=lambda each: each.name.casefold()).map(tuple),
        learned_words=st.none() | st.lists(learned_words(), max_size=3, unique_by=lambda each: each.name).map(tuple),
        vae=st.none() | st.builds(ModelRef, name=ANY_TEXT, hash=st.text(string.hexdigits, max_size=64)),
        start=st.none() | starts(),
    )


def starts():
    """Any start in range, of any bytes."""
    return st.builds(
        Start,
        picture=st.binary(min_size=1, max_size=200),
        strength=st.floats(0.0, 1.0),
        encoding=st.sampled_from(Encoding),
        mask=st.binary(max_size=50),
        area=st.sampled_from(Area),
        padding_px=st.integers(0, 256),
        enlarging=st.sampled_from(Enlarging),
    )


def adapter_uses():
    """Any adapter in range."""
    return st.builds(
        AdapterUse,
        name=st.text(st.characters(codec=None), min_size=1, max_size=40),
        strength=st.floats(-4.0, 4.0),
        hash=st.text(string.hexdigits, max_size=64),
    )


def learned_words():
    """Any embedding in range."""
    name = st.text(st.characters(codec=None), min_size=1, max_size=40)
    return st.builds(LearnedWord, name=name, hash=st.text(string.hexdigits, max_size=64))


def scheduler_settings():
    """Any settings in range, `None` among them."""
    return st.builds(
        SchedulerSettings,
        eta=st.none() | st.floats(0.0, 1.0),
        order=st.none() | st.integers(1, 4),
        solver_type=st.none() | st.sampled_from(SolverType),
        lower_order_final=st.none() | st.booleans(),
        s_churn=st.none() | st.floats(0.0, 100.0),
        s_noise=st.none() | st.floats(0.9, 1.1),
    )


def joined(text: str) -> str:
    """`text` with each high and low surrogate in a row made the one character they encode."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
