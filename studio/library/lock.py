"""One studio at a time changes a data directory.

An advisory lock on a small file in it: the system lets go of it when the process dies, however it dies, so there is
never a stale one. The file stays; only the lock on it counts.

What needs it: setting the queue right after a crash, running jobs from it, putting a damaged index aside, making the
index again, saving the session. What does not: reading, and adding pictures (`latent-studio generate`): files get names
of their own, and SQLite takes one writer after the other.
"""

import errno
import logging
import os
import sys

from studio.core.errors import InUseError
from studio.core.files import make_folder
from studio.core.places import Places

_BUSY = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK}
_log = logging.getLogger(__name__)


class DataLock:
    """Held until `release`, or until the process ends.

    Attributes:
        is_index_checked: whether its holder has looked for damage in the index; its other threads need not.
    """

    def __init__(self, descriptor: int | None) -> None:
        """Use `take`. None stands for a folder that cannot be locked: there, nobody is kept out."""
        self.is_index_checked = False
        self._descriptor = descriptor

    @classmethod
    def take(cls, places: Places) -> "DataLock":
        """Take the lock of a data directory, which is made where it is missing.

        Raises:
            InUseError: where another studio holds it.
            SaveError: where the directory cannot be made.
        """
        make_folder(places.data_dir)
        try:
            descriptor = os.open(places.lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:  # a folder that cannot be written: nothing in it is changed anyway
            _log.warning("%s cannot be locked: %s", places.data_dir, error)
            return cls(None)
        try:
            _lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno in _BUSY:
                raise InUseError(places.data_dir) from error
            _log.warning("%s cannot be locked: %s", places.data_dir, error)
            return cls(None)
        return cls(descriptor)

    def release(self) -> None:
        """Let go of it. Doing so twice is doing so once."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # Not `lockf`: that one is lost when any other descriptor of the file is closed, and knows no two of a process.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
