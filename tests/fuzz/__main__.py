"""Mutants of valid files against every reader, for as long as one likes.

    python -m tests.fuzz --minutes 15
    python -m tests.fuzz --count 20000 --seed 7 --only "foreign PNG"

A reader may answer or refuse with an error of the studio's tree, within 1 s of processor time and 200 MB. Anything
else is a finding: its input is kept, and the exit code is 1. The same seed and count try the same mutants.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import NamedTuple

from studio.core.errors import StudioError
from tests.fuzz.readers import Reader, readers

SECONDS_MAX = 1.0
BYTES_MAX = 200 << 20
_TRACED_EVERY = 25
"""Tracing memory slows a reader down, so it is done for one mutant in so many, and for no measure of time."""


class Tally:
    """What became of one reader's mutants."""

    def __init__(self) -> None:
        self.tried = self.read = self.refused = 0
        self.slowest_seconds = 0.0
        self.most_bytes = 0

    def line(self, name: str) -> str:
        """For the report."""
        return (
            f"{name:22} {self.tried:9,} {self.read:9,} {self.refused:9,} "
            f"{1000 * self.slowest_seconds:9.1f} {self.most_bytes / 1e6:8.1f}"
        )


class Outcome(NamedTuple):
    """What a reader made of one file. `problem` is empty where it kept its promises."""

    was_read: bool
    seconds: float
    peak_bytes: int
    problem: str


def try_reader(reader: Reader, path: Path, *, traces: bool = False) -> Outcome:
    """Let `reader` read `path`, and see what it does."""
    problem, was_read, peak = "", False, 0
    with _tracing() if traces else contextlib.nullcontext():
        start = time.process_time()
        try:
            reader.read(path)
            was_read = True
        except StudioError as error:
            problem = "its sentence has several lines" if "\n" in str(error) else ""
        except Exception as error:  # noqa: BLE001 finding these is what a fuzzer is for
            problem = f"{type(error).__name__}: {error}"
        seconds = time.process_time() - start
        peak = tracemalloc.get_traced_memory()[1] if traces else 0
    if not problem and seconds > SECONDS_MAX and not traces:
        problem = f"took {seconds:.2f} s"
    if not problem and peak > BYTES_MAX:
        problem = f"took {peak / 1e6:.0f} MB"
    return Outcome(was_read, seconds, peak, problem)


@contextlib.contextmanager
def _tracing():
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


class Fuzzer:
    """Goes round the readers, and keeps count and findings."""

    def __init__(self, chosen: tuple[Reader, ...], seed: int, folder: Path) -> None:
        """`folder` takes the findings."""
        self.tallies = {reader.name: Tally() for reader in chosen}
        self.findings: list[str] = []
        self._chosen, self._random, self._folder = chosen, random.Random(seed), folder

    def run(self, *, count: int, seconds: float) -> None:
        """Until `count` mutants were tried or `seconds` are over; 0 is no limit."""
        end = time.monotonic() + seconds if seconds else float("inf")
        tried = 0
        with tempfile.TemporaryDirectory() as work:
            path = Path(work) / "file"
            while (not count or tried < count) and time.monotonic() < end:
                self._try(self._chosen[tried % len(self._chosen)], path, traces=tried % _TRACED_EVERY == 0)
                tried += 1

    def _try(self, reader: Reader, path: Path, *, traces: bool) -> None:
        data = reader.make(self._random)
        path.write_bytes(data)
        outcome, tally = try_reader(reader, path, traces=traces), self.tallies[reader.name]
        tally.tried += 1
        tally.read += outcome.was_read
        tally.refused += not outcome.was_read
        tally.most_bytes = max(tally.most_bytes, outcome.peak_bytes)
        if not traces:
            tally.slowest_seconds = max(tally.slowest_seconds, outcome.seconds)
        if outcome.problem:
            self._keep(reader, data, outcome.problem)

    def _keep(self, reader: Reader, data: bytes, problem: str) -> None:
        name = f"{reader.name.replace(' ', '-')}-{len(self.findings) + 1}"
        if len(self.findings) < 100:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_bytes(data)
        self.findings.append(f"{name}: {problem[:300]}")

    def report(self) -> str:
        """A table, and the findings."""
        total = sum(tally.tried for tally in self.tallies.values())
        head = f"{'reader':22} {'tried':>9} {'read':>9} {'refused':>9} {'ms, most':>9} {'MB, most':>8}"
        lines = [head, *(tally.line(name) for name, tally in self.tallies.items())]
        lines.append(f"{total:,} mutants, {len(self.findings)} findings")
        if self.findings:
            lines += [f"kept in {self._folder}:", *self.findings[:100]]
        return "\n".join(lines)


def main(words: list[str] | None = None) -> int:
    """Parse the arguments, fuzz, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Mutants against every reader.")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after so long")
    parser.add_argument("--count", type=int, default=0, help="stop after so many mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="readers whose name holds this")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "studio-fuzz", help="for findings")
    arguments = parser.parse_args(words)
    chosen = tuple(reader for reader in readers() if arguments.only.casefold() in reader.name.casefold())
    if not chosen:
        parser.error(f"no reader is called “{arguments.only}”")
    fuzzer = Fuzzer(chosen, arguments.seed, arguments.out)
    count = arguments.count or (0 if arguments.minutes else 2000)
    with contextlib.suppress(KeyboardInterrupt):
        fuzzer.run(count=count, seconds=60 * arguments.minutes)
    print(fuzzer.report())
    return 1 if fuzzer.findings else 0


if __name__ == "__main__":
    sys.exit(main())
