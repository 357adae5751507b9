"""The fuzzer in small, on every run; and the proof that it sees what it is for."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import Fuzzer, main, try_reader
from tests.fuzz.readers import Reader, readers

READERS = {reader.name: reader for reader in readers()}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "file"


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_mutant_is_read_or_refused_with_one_sentence(path, name, seed):
    path.write_bytes(READERS[name].make(random.Random(seed)))
    problem = try_reader(READERS[name], path).problem
    assert not problem or problem.startswith("took")  # time is for the long run, on a quiet machine


def test_every_reader_reads_some_mutants_and_refuses_others(tmp_path):
    """Else the mutants are all too tame, or all too wild, and the fuzzer tries nothing."""
    fuzzer = Fuzzer(tuple(READERS.values()), 3, tmp_path)
    fuzzer.run(count=12 * len(READERS), seconds=0)
    assert sum(tally.read for tally in fuzzer.tallies.values()) > len(READERS)
    assert sum(tally.refused for tally in fuzzer.tallies.values()) > len(READERS)
    assert all(tally.tried == 12 for tally in fuzzer.tallies.values())


def test_the_same_seed_makes_the_same_mutants():
    for reader in READERS.values():
        one, two = (reader.make(random.Random(9)) for _ in range(2))
        assert one == two


def fail(path):
    raise KeyError(path.read_bytes())


def test_an_error_outside_the_tree_is_found_and_kept(tmp_path):
    planted = Reader("planted fault", lambda random_: b"boom", fail)
    fuzzer = Fuzzer((planted,), 1, tmp_path / "found")
    fuzzer.run(count=2, seconds=0)
    assert "2 mutants, 2 findings" in fuzzer.report()
    assert "KeyError" in fuzzer.findings[0]
    assert (tmp_path / "found" / "planted-fault-1").read_bytes() == b"boom"


def test_too_much_memory_is_found(tmp_path):
    planted = Reader("planted waste", lambda random_: b"", lambda path: bytearray(201 << 20))
    (tmp_path / "file").write_bytes(b"")
    assert "MB" in try_reader(planted, tmp_path / "file", traces=True).problem


def test_the_command_prints_a_table(capsys, tmp_path):
    assert main(["--count", "4", "--only", "recipe JSON", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "recipe JSON" in printed
    assert "4 mutants, 0 findings" in printed
