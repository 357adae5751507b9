"""The queue as a Qt model: what runs, what waits in its order, what needs a decision, what is done."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QAbstractListModel, QByteArray, QMimeData, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QImage

from studio.core.recipe import Recipe
from studio.library.library import Job, JobState

MIME = "application/x-latent-studio-jobs"
_DONE_KEPT = 50
"""Done jobs that stay listed; their pictures are in the library."""
_GROUPS = {
    JobState.RUNNING: 0,
    JobState.QUEUED: 1,
    JobState.INTERRUPTED: 2,
    JobState.SET_ASIDE: 2,
    JobState.FAILED: 2,
    JobState.FINISHED: 3,
    JobState.CANCELLED: 3,
}
_DONE = 3
_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class Entry(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A job as it is listed. One that `is_held` is queued, but not handed to the engine's thread.

    `fraction` (0 to 1) and `note` tell how far a running one is; `image` is small; `ended` counts up.
    """

    job: Job
    is_held: bool = False
    fraction: float = 0.0
    note: str = ""
    image: QImage | None = None
    path: Path | None = None
    ended: int = 0

    @property
    def id(self) -> int:
        """The job's number."""
        return self.job.id

    @property
    def recipe(self) -> Recipe:
        """What is to be made."""
        return self.job.recipe

    @property
    def state(self) -> JobState:
        """Where the job stands."""
        return self.job.state

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do or to decide."""
        return _GROUPS[self.state] == _DONE


class QueueModel(QAbstractListModel):
    """The entries in the order of the list.

    Signals:
        moveWanted: the numbers of jobs dragged, and the row before which they were dropped.
        changed: something is different, the counts perhaps.
    """

    moveWanted = Signal(object, int)  # noqa: N815 Qt's style
    changed = Signal()

    def __init__(self, speak: Callable[[Entry], str]) -> None:
        """`speak` puts an entry into words, for screen readers and tooltips."""
        super().__init__()
        self._speak = speak
        self._entries: list[Entry] = []
        self._ended = 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, as listed."""
        return tuple(self._entries)

    @property
    def queued(self) -> tuple[Entry, ...]:
        """Those that wait, in the order in which they run."""
        return tuple(entry for entry in self._entries if entry.state is JobState.QUEUED)

    def entry(self, job_id: int) -> Entry | None:
        """The entry of that number."""
        return next((entry for entry in self._entries if entry.id == job_id), None)

    def entry_at(self, index: Index) -> Entry | None:
        """The entry at `index`."""
        return self._entries[index.row()] if index.isValid() and index.row() < len(self._entries) else None

    def index_of(self, job_id: int) -> QModelIndex:
        """Where the entry of that number is listed."""
        return next((self.index(row) for row, each in enumerate(self._entries) if each.id == job_id), QModelIndex())

    def add(self, entries: Iterable[Entry]) -> None:
        """List more."""
        added = list(entries)
        if added:
            self.beginInsertRows(_NOWHERE, len(self._entries), len(self._entries) + len(added) - 1)
            self._entries += added
            self.endInsertRows()
            self._sort()

    def change(self, job_id: int, **fields: object) -> None:
        """Replace fields of an entry; `state` and `sentence` are the job's. One that is not listed stays so."""
        row = self.index_of(job_id).row()
        if row < 0:
            return
        old = self._entries[row]
        of_job = {name: fields.pop(name) for name in ("state", "sentence", "place") if name in fields}
        if "state" in of_job and _GROUPS[JobState(str(of_job["state"]))] > 1:
            self._ended += 1
            fields["ended"] = self._ended
        self._entries[row] = msgspec.structs.replace(old, job=msgspec.structs.replace(old.job, **of_job), **fields)
        self.dataChanged.emit(self.index(row), self.index(row))
        if of_job:
            self._sort()

    def remove(self, job_ids: Iterable[int]) -> None:
        """List these no more."""
        for job_id in tuple(job_ids):
            row = self.index_of(job_id).row()
            if row >= 0:
                self.beginRemoveRows(_NOWHERE, row, row)
                del self._entries[row]
                self.endRemoveRows()
        self.changed.emit()

    def arrange(self, job_ids: Sequence[int]) -> None:
        """List these in this order, in the places that they hold together."""
        listed = [entry for job_id in job_ids if (entry := self.entry(job_id)) is not None]
        places = sorted(entry.job.place for entry in listed)
        new = {entry.id: place for entry, place in zip(listed, places, strict=True)}
        self._entries = [
            msgspec.structs.replace(each, job=msgspec.structs.replace(each.job, place=new[each.id]))
            if each.id in new
            else each
            for each in self._entries
        ]
        self._sort()

    # Qt's questions.

    def rowCount(self, parent: Index = _NOWHERE) -> int:  # noqa: N802 Qt's name
        """How many are listed."""
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Words for the text roles, the `Entry` for the delegate."""
        entry = self.entry_at(index)
        if entry is None:
            return None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._speak(entry)
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.recipe.prompt
        return entry if role == Qt.ItemDataRole.UserRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Those that wait can be dragged; all can be dropped between, none onto another."""
        entry = self.entry_at(index)
        if entry is None:
            return Qt.ItemFlag.ItemIsDropEnabled
        chosen = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return chosen | Qt.ItemFlag.ItemIsDragEnabled if entry.state is JobState.QUEUED else chosen

    def mimeTypes(self) -> list[str]:  # noqa: N802
        """Jobs stay within this list."""
        return [MIME]

    def mimeData(self, indexes: list[QModelIndex]) -> QMimeData:  # noqa: N802
        """The numbers of the jobs dragged."""
        rows = sorted(index.row() for index in indexes)
        mime = QMimeData()
        mime.setData(MIME, QByteArray(",".join(str(self._entries[row].id) for row in rows).encode()))
        return mime

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802
        """Jobs are moved."""
        return Qt.DropAction.MoveAction

    def dropMimeData(self, mime: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:  # noqa: N802
        """Ask for the move. False, so that the view removes nothing by itself."""
        text = mime.data(MIME).data().decode("ascii", "replace")
        job_ids = [int(word) for word in text.split(",") if word.isdigit()]
        where = row if row >= 0 else (parent.row() if parent.isValid() else len(self._entries))
        if job_ids:
            self.moveWanted.emit(job_ids, where)
        return False

    def _sort(self) -> None:
        """Bring the entries into their order; what is selected stays so. The oldest done ones are dropped."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        ids = [self._entries[index.row()].id for index in before]
        self._entries.sort(key=_rank)
        rows = {entry.id: row for row, entry in enumerate(self._entries)}
        self.changePersistentIndexList(before, [self.index(rows[job_id]) for job_id in ids])
        self.layoutChanged.emit()
        done = [entry.id for entry in self._entries if entry.is_done]
        self.remove(done[_DONE_KEPT:])


def moved(queued: Sequence[Entry], job_ids: Sequence[int], before: int | None) -> tuple[int, ...]:
    """The order of the queue when `job_ids` are put before the job numbered `before`; behind all where it is None."""
    chosen = [entry.id for entry in queued if entry.id in job_ids]
    rest = [entry.id for entry in queued if entry.id not in job_ids]
    where = rest.index(before) if before in rest else len(rest)
    return (*rest[:where], *chosen, *rest[where:])


def shifted(queued: Sequence[Entry], job_ids: Sequence[int], step: int) -> tuple[int, ...]:
    """The order of the queue when each of `job_ids` goes one up (−1) or down (1), as far as there is room."""
    order = [entry.id for entry in queued]
    rows = [row for row, job_id in enumerate(order) if job_id in job_ids]
    for row in rows if step < 0 else reversed(rows):
        other = row + step
        if 0 <= other < len(order) and order[other] not in job_ids:
            order[row], order[other] = order[other], order[row]
    return tuple(order)


def _rank(entry: Entry) -> tuple[int, int, int]:
    group = _GROUPS[entry.state]
    return (group, entry.job.place, entry.id) if group < 2 else (group, -entry.ended, -entry.id)
