"""`latent-studio generate`: the engine at work without a window."""

import argparse
import contextlib
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TypeAlias

from tqdm import tqdm

from studio.cli_recipe import chosen_model, read_recipe_file, read_wishes, recipe_for, with_seeds
from studio.cli_start import with_start
from studio.core.engine import Engine
from studio.core.errors import Cancelled, OptionError, SaveError
from studio.core.events import Event, Finished, Stage, Staged, Step
from studio.core.files import make_folder, write_atomically, write_new
from studio.core.metadata import write_png
from studio.core.models import resolve_model
from studio.core.places import Places
from studio.core.recipe import Recipe
from studio.core.recipe_files import check_files_found
from studio.core.settings import load_settings
from studio.library.library import Library
from studio.library.names import picture_name

EngineFactory: TypeAlias = Callable[[tuple[Path, ...]], Engine]
Save: TypeAlias = Callable[[Finished, int], Path | None]
"""Writes the picture of that number (from 0) and says where; None where it has no file of its own."""

COUNT_MAX = 10_000
_UNWRITTEN_MAX = 16
"""Pictures that are made but not yet on disk."""


def generate(arguments: argparse.Namespace, places: Places, folders: tuple[Path, ...], engines: EngineFactory) -> None:
    """Make the pictures asked for. All that can be refused is refused before the engine is started.

    Raises:
        StudioError: with its sentence.
        Cancelled: on Ctrl+C.
    """
    wishes, count = read_wishes(arguments), _count(arguments.count)
    base = read_recipe_file(arguments.recipe) if arguments.recipe is not None else None
    model = chosen_model(arguments.model, base)
    info = resolve_model(model.name, folders)
    recipe = with_start(recipe_for(wishes, base, model, info), arguments, info)
    check_files_found(recipe, folders)
    with saver(arguments.out, count, places) as save, interruptible() as was_stopped:
        make = make_together if arguments.together else make_pictures
        make(list(with_seeds(recipe, count)), folders, engines, save, Progress(was_stopped))


class Progress:
    """Shows on the standard error stream what the engine reports; raises `Cancelled` once Ctrl+C was pressed."""

    def __init__(self, was_stopped: Callable[[], bool]) -> None:
        """`was_stopped` is asked at every report."""
        self._was_stopped = was_stopped
        self._bar: tqdm[None] | None = None
        self._stage: Stage | None = None

    def __call__(self, event: Event) -> None:
        """Take one event. Raises Cancelled."""
        if self._was_stopped():
            raise Cancelled
        if isinstance(event, Step):
            self._step(event)
        elif isinstance(event, Staged) and event.stage is not self._stage:
            self._stage = event.stage
            self.say(f"{event.stage}…")

    def say(self, line: str) -> None:
        """One line, above the bar where there is one."""
        tqdm.write(line, file=sys.stderr)

    def end(self) -> None:
        """The picture is done, or will not be: the bar goes."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _step(self, event: Step) -> None:
        if self._bar is None:
            self._bar = tqdm(total=event.count, unit="step", file=sys.stderr, leave=False)
        self._bar.update(event.number - self._bar.n)


Recipes: TypeAlias = Sequence[Recipe] | Callable[[Engine, Progress], Iterator[Recipe]]
"""What to make: known from the start, or found out with the engine."""


def make_pictures(
    recipes: Recipes, folders: tuple[Path, ...], engines: EngineFactory, save: Save, progress: Progress
) -> None:
    """Start the engine, make one picture after the other, and print where each was saved.

    Raises StudioError, Cancelled.
    """
    engine = engines(folders)
    try:
        of_all = "" if callable(recipes) else f" of {len(recipes)}"
        for number, recipe in enumerate(recipes(engine, progress) if callable(recipes) else recipes):
            progress.say(f"picture {number + 1}{of_all}, seed {recipe.seed}")
            try:
                finished = engine.generate(recipe, progress)
            finally:
                progress.end()
            path = save(finished, number)
            if path is not None:
                print(path, flush=True)
    finally:
        engine.close()


def make_together(
    recipes: Recipes, folders: tuple[Path, ...], engines: EngineFactory, save: Save, progress: Progress
) -> None:
    """As `make_pictures`, several at once, each written beside the making of the next ones."""

    def write(finished: Finished, number: int) -> None:
        path = save(finished, number)
        if path is not None:
            print(path, flush=True)

    engine = engines(folders)
    try:
        with ThreadPoolExecutor(max_workers=1) as writer:
            written: deque[Future[None]] = deque()
            wanted = list(recipes(engine, progress) if callable(recipes) else recipes)
            for number, finished in enumerate(engine.walk(wanted, progress)):
                progress.end()
                written.append(writer.submit(write, finished, number))
                if len(written) > _UNWRITTEN_MAX:
                    written.popleft().result()
            for each in written:
                each.result()
    finally:
        progress.end()
        engine.close()


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Tells whether Ctrl+C was pressed. The first stops at the next report, the second at once."""
    pressed = False

    def _on_interrupt_pressed(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, _on_interrupt_pressed)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def saver(out: str | None, count: int, places: Places) -> Iterator[Save]:
    """Where the pictures go: the library, a named file (numbered where there are several), or a folder."""
    pattern = load_settings(places.settings)[0].picture_names
    if out is None:
        library = Library.open(places)
        library.name_pattern = pattern
        try:
            yield lambda finished, _number: library.keep(finished)
        finally:
            library.close()
    elif Path(out).suffix.lower() == ".png" and not Path(out).is_dir():
        yield _file_saver(Path(out), count)
    else:
        yield _folder_saver(Path(out), pattern)


def _file_saver(path: Path, count: int) -> Save:
    if not path.parent.is_dir():
        raise SaveError(path, f"there is no folder {path.parent}")

    def save(finished: Finished, number: int) -> Path:
        target = path if count == 1 else path.with_name(f"{path.stem}_{number + 1}{path.suffix}")
        write_atomically(target, write_png(finished.picture, finished.recipe))
        return target

    return save


def _folder_saver(folder: Path, pattern: str) -> Save:
    if folder.suffix and not folder.is_dir():
        raise OptionError("out", f"Out: pictures are PNG files. Name it {folder.with_suffix('.png').name}.")
    make_folder(folder)

    def save(finished: Finished, _number: int) -> Path:
        name = picture_name(finished.recipe, datetime.now(), pattern)
        return write_new(folder / name, write_png(finished.picture, finished.recipe))

    return save


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if not 1 <= count <= COUNT_MAX:
        raise OptionError("count", f"Count: {text!r:.40} is not a whole number from 1 to {COUNT_MAX:,}.")
    return count
