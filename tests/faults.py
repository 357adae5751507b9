"""File operations that fail on demand, as full disks, taken-away rights and dying disks make them."""

import errno
import os
from collections.abc import Callable

FAULTS = (errno.ENOSPC, errno.EACCES, errno.EIO)
OPERATIONS = ("open", "write", "fsync", "close", "link", "rename", "replace", "unlink", "mkdir")


class Disk:
    """Counts the calls of `os` that `pathlib` and `studio.core.files` make, and makes the n-th of them fail.

    A failing `write` first takes half of the data, as a disk does that fills up; a failing `close` does close.
    """

    def __init__(self, monkeypatch, folder) -> None:
        self.calls: list[str] = []
        self.fail_at = -1
        self.always = ""
        self.code = 0
        self._folder = str(folder)
        self._descriptors: set[int] = set()
        for name in OPERATIONS:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def arm(self, fail_at: int, code: int) -> None:
        """From now on, the call of that number fails with `code`, and every later one works."""
        self.calls.clear()
        self.fail_at, self.code = fail_at, code

    def arm_every(self, operation: str, code: int) -> None:
        """From now on, every call of `operation` fails with `code`."""
        self.arm(-1, code)
        self.always = operation

    def disarm(self) -> None:
        """Nothing fails from now on."""
        self.arm(-1, 0)
        self.always = ""

    @property
    def has_failed(self) -> bool:
        """Whether the armed call was reached."""
        return 0 <= self.fail_at < len(self.calls)

    def _wrapped(self, name: str, real: Callable) -> Callable:
        def call(first, *rest, **named):
            if not self._is_ours(first):
                return real(first, *rest, **named)
            self.calls.append(name)
            if len(self.calls) - 1 != self.fail_at and name != self.always:
                return self._noted(name, first, real(first, *rest, **named))
            if name == "close":
                self._noted(name, first, real(first))
            if name == "write":
                real(first, rest[0][: len(rest[0]) // 2])
            raise OSError(self.code, os.strerror(self.code))

        return call

    def _noted(self, name: str, first, result):
        if name == "open":
            self._descriptors.add(result)
        if name == "close":
            self._descriptors.discard(first)
        return result

    def _is_ours(self, target) -> bool:
        """Only what lies under the folder: the test's own machinery keeps working."""
        if isinstance(target, int):
            return target in self._descriptors
        return os.fspath(target).startswith(self._folder)
