"""Starts the driver, kills it at a random moment, and looks at what is left."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import msgspec
from PIL import Image

from studio.core.metadata import read_recipe
from studio.core.places import Places
from studio.library.library import JobState, Library
from studio.library.lock import DataLock

ROOT = Path(__file__).resolve().parents[2]
AUTOSAVE_SECONDS = 5.0
_READY_SECONDS = 120
"""A hang guard: torch and a model on a busy machine."""


class Told(msgspec.Struct):
    """What a driver printed before it died."""

    ready: bool = False
    submitted: list[int] = []
    running: list[int] = []
    kept: list[str] = []
    trashed: set[str] = set()
    removed: set[int] = set()
    asked: set[int] = set()
    edits: list[tuple[int, float]] = []
    killed_at: float = 0.0
    """Seconds of the monotonic clock, as `edits`' are."""


class KillTest:
    """One data directory that is killed again and again; `counts` adds up what was seen and verified."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.places = Places(folder / "data")
        self.counts: Counter[str] = Counter()
        self.autosave_ages: list[float] = []
        self._home, self._random, self._seed = folder / "home", random.Random(seed), seed
        self._pictures: set[str] = set()
        self._trashed: set[str] = set()
        self._home.mkdir(parents=True)

    def round(self, number: int, longest_s: float, *, after: str = "ready", engine: str = "") -> None:
        """Start, wait for the first line that begins with `after` and a random while more, kill, verify.

        Nothing is waited for where `after` is empty: then the studio may still be opening.
        """
        told = self._run(number, self._random.uniform(0, longest_s), after, engine)
        self.counts["kills"] += 1
        self.counts["kills before the window was there"] += not told.ready
        self._pictures |= set(told.kept)
        self._trashed |= told.trashed
        rows = self._jobs()
        self._check_rows(told, rows)
        self._check_recovery(rows)
        self._check_files()
        self._check_session(told)

    def _run(self, number: int, delay: float, after: str, engine: str) -> Told:
        studio = _Studio(self.places.data_dir, self._seed + number, self._home, after, engine)
        try:
            if after:
                assert studio.was_seen.wait(_READY_SECONDS), f"never told: {after}. {''.join(studio.errors)}"
            time.sleep(delay)
        finally:
            ended, killed_at = studio.kill()
        errors = "".join(studio.errors)
        assert ended is None, f"the studio ended by itself: {ended}\n{errors}"
        assert "Traceback" not in errors, errors
        return _told(studio.lines, killed_at)

    def _jobs(self) -> dict[int, tuple[str, int, int]]:
        """Every job's state, place and crashes, as the killed studio left them."""
        if not self.places.index.is_file():
            return {}
        connection = sqlite3.connect(self.places.index)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                return {}
            found = connection.execute("SELECT id, state, place, crashes FROM jobs").fetchall()
        finally:
            connection.close()
        return {row[0]: tuple(row[1:]) for row in found}

    def _check_rows(self, told: Told, rows: dict[int, tuple[str, int, int]]) -> None:
        """Every job that was submitted is a row, unless the artist removed it; none ran unasked."""
        for job_id in told.submitted:
            assert job_id in rows or job_id in told.removed, f"job {job_id} was submitted and is gone"
        self.counts["jobs submitted and found"] += len(told.submitted)
        for job_id in told.running:
            assert job_id in told.submitted, f"job {job_id} ran and nobody had started it"
        self.counts["jobs begun"] += len(told.running)
        assert sum(state == JobState.RUNNING for state, _, _ in rows.values()) <= 1

    def _check_recovery(self, rows: dict[int, tuple[str, int, int]]) -> None:
        """What the next start makes of the queue, and of the pictures."""
        lock = DataLock.take(self.places)  # the killed one's lock is gone
        library = Library.open(self.places, lock=lock)
        assert library.notice == "", library.notice
        library.recover()
        queued = [job_id for job_id, row in rows.items() if row[0] == JobState.QUEUED]
        queued.sort(key=lambda job_id: (rows[job_id][1], job_id))
        assert [job.id for job in library.waiting()] == queued
        self.counts["jobs that waited and still wait"] += len(queued)
        now = {job.id: job for job in library.queue.unfinished()}
        for job_id, (state, _, crashes) in rows.items():
            if state == JobState.RUNNING:
                expected = JobState.INTERRUPTED if crashes == 0 else JobState.SET_ASIDE
                assert (now[job_id].state, now[job_id].crashes) == (expected, crashes + 1)
                self.counts[f"jobs {expected}"] += 1
        indexed = {row.path.name for row in library.pictures(limit=1_000_000)}
        library.close()
        lock.release()
        missing = self._pictures - self._trashed - indexed
        assert not missing, f"told as finished and not in the index: {sorted(missing)}"
        assert indexed == set(self._visible()), "the index and the folder differ"

    def _check_files(self) -> None:
        """Every file under a final name is whole."""
        for name in self._visible():
            path = self.places.pictures / name
            read_recipe(path)
            with Image.open(path) as picture:
                picture.load()
        visible = set(self._visible())
        assert self._pictures - self._trashed <= visible
        self.counts["pictures told as finished"] = len(self._pictures)
        self.counts["pictures verified whole"] = len(visible)
        left = [path.name for path in self.places.data_dir.rglob("*") if path.name.endswith(".tmp")]
        self.counts["hidden leftovers"] = len(left)

    def _check_session(self, told: Told) -> None:
        """The session on disk is whole, and knows every edit that is older than the promise."""
        if not self.places.session.is_file():
            return
        saved = msgspec.json.decode(self.places.session.read_bytes())["recipe"]["recipe"]["prompt"]
        number = int(saved.split()[1]) if saved.startswith("edit ") else 0
        self.counts["sessions verified whole"] += 1
        same = [row for row, (edit, _) in enumerate(told.edits) if edit == number]
        later = told.edits[same[-1] + 1 :] if same else told.edits
        if later:  # how long ago the oldest edit that is lost was made
            self.autosave_ages.append(told.killed_at - later[0][1])

    def _visible(self) -> list[str]:
        if not self.places.pictures.is_dir():
            return []
        return sorted(path.name for path in self.places.pictures.iterdir() if not path.name.startswith("."))


class _Studio:
    """The driver in a process of its own, with a thread for each of its streams."""

    def __init__(self, data_dir: Path, seed: int, home: Path, after: str, engine: str) -> None:
        command = [sys.executable, "-m", "tests.kill.driver", str(data_dir), str(seed), *([engine] if engine else [])]
        settings = {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
        settings |= {"HOME": str(home), "XDG_DATA_HOME": str(home / "share")}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=os.environ | settings
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.was_seen = threading.Event()
        self._readers = (
            threading.Thread(target=self._read, args=(after,)),
            threading.Thread(target=lambda: self.errors.extend(self._process.stderr)),
        )
        for reader in self._readers:
            reader.start()

    def kill(self) -> tuple[int | None, float]:
        """Kill it. Its exit code where it had ended before, and when it was killed."""
        ended, killed_at = self._process.poll(), time.monotonic()
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        self._process.stdout.close()
        self._process.stderr.close()
        return ended, killed_at

    def _read(self, after: str) -> None:
        for line in self._process.stdout:
            if line.endswith("\n"):  # a line cut short by the kill was not told
                self.lines.append(line.rstrip("\n"))
                if line.startswith(after):
                    self.was_seen.set()


def _told(lines: list[str], killed_at: float) -> Told:
    told = Told(killed_at=killed_at)
    for line in lines:
        word, *rest = line.split(" ")
        match word:
            case "ready":
                told.ready = True
            case "submitted" | "running":
                getattr(told, word).append(int(rest[0]))
            case "kept":
                told.kept.append(rest[0])
            case "trash":
                told.trashed.add(rest[0])
            case "remove":
                told.removed.add(int(rest[0]))
            case "edit":
                told.edits.append((int(rest[0]), float(rest[1])))
    return told
