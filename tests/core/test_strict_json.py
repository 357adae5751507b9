import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.strict_json import load_object


def test_an_object_is_read():
    assert load_object('{"a": [1, 2.5, null, "x"]}', 100) == {"a": [1, 2.5, None, "x"]}
    assert load_object(b'{"a": "\xc3\xa9"}', 100) == {"a": "é"}


def test_nan_is_none_only_where_asked():
    assert load_object('{"a": NaN}', 100, nan_is_none=True) == {"a": None}
    with pytest.raises(ValueError, match="NaN"):
        load_object('{"a": NaN}', 100)


def test_brackets_in_a_text_are_no_parts():
    text = "[{" * 100_000
    assert load_object(f'{{"a": "{text}"}}', 1 << 20) == {"a": text}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "not a JSON object"),
        ("{", "not JSON"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": Infinity}', "Infinity"),
        ('{"a": 1e999}', "too large"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ('{"a": ' + "[" * 50_000, "deeply|not JSON"),
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", "deeply"),
        ('{"a": [' + "[]," * 200_000 + "1]}", "lists and objects"),
        ('{"a": "' + '\\"[[' * 200_000, "not JSON"),
        (b'{"a": "\xff"}', "UTF-8"),
        (" " * (1 << 20), "not JSON"),
        (" " * (2 << 20), "at most"),
    ],
)
def test_hostile_text_gets_one_reason_in_no_time(text, reason):
    start = time.perf_counter()
    with pytest.raises(ValueError, match=reason):
        load_object(text, (1 << 20) + 10)
    assert time.perf_counter() - start < 30  # a hang guard, not a measure


@given(st.text() | st.binary())
def test_nothing_but_a_value_error_comes_out(text):
    try:
        found = load_object(text, 1000)
    except ValueError:
        return
    assert isinstance(found, dict)
