"""Which project is on the desk, and what the studio remembers of it when it is closed."""

from pathlib import Path

import msgspec

from studio.core.project import Project
from studio.core.session import State

RECENT_MAX = 10


class Document(msgspec.Struct, frozen=True):
    """The project in the window. `saved` is the state that its file has; None where no file has any of it.

    `name` is what a project without a file is called.
    """

    path: Path | None = None
    name: str = ""
    saved: State | None = None

    @property
    def title(self) -> str:
        """What to call it; empty for one that nobody named."""
        return self.path.stem if self.path else self.name


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of the desk beside the state. `saved_at`: when the file was written, in seconds; 0 unknown."""

    project: str = ""
    name: str = ""
    is_changed: bool = False
    is_clean: bool = True
    selection: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    saved_at: float = 0.0


def document_of(last: Remembered, state: State) -> Document:
    """The document of the last session."""
    return Document(Path(last.project) if last.project else None, last.name, None if last.is_changed else state)


def project_of(state: State, selection: tuple[str, ...] = ()) -> Project:
    """What a project file holds of the state."""
    return Project(
        recipe=state.recipe,
        canvas=state.canvas,
        count=state.count,
        seed_locked=state.seed_locked,
        notes=state.notes,
        selection=selection,
    )


def state_of(project: Project) -> State:
    """The state that a project file brings back."""
    return State(
        recipe=project.recipe,
        canvas=project.canvas,
        count=min(project.count, 100),
        seed_locked=project.seed_locked,
        notes=project.notes,
    )


def with_recent(recent: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """`path` first, the others after it, each once."""
    return (str(path), *(each for each in recent if each != str(path)))[:RECENT_MAX]
