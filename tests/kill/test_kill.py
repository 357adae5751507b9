"""A few kills in every run of the suite; `python -m tests.kill 200` does it thoroughly and prints a table."""

from tests.kill.checks import KillTest
from tests.ui.conftest import write_fake_model


def test_a_studio_killed_at_random_moments_loses_nothing_that_was_told(tmp_path):
    test = KillTest(tmp_path, seed=20261121)
    write_fake_model(test.places.models)
    for number, after in enumerate(("kept", "kept", "kept", "ready", "submitted", "")):
        test.round(number, 1.0, after=after)
    assert test.counts["kills"] == 6
    assert test.counts["pictures told as finished"] > 0
    assert test.counts["jobs submitted and found"] > 0
