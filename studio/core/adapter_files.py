"""Where adapters lie: in folders called `loras` or `Lora` in or beside the folders that hold models.

So it is in our own data directory, in ComfyUI's `models/loras` and in AUTOMATIC1111's `models/Lora`. Nothing is ever
written into those of other programs.
"""

import difflib
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from studio.core.errors import AdapterNotFoundError, ModelBrokenError, UnsafeModelError
from studio.core.files import check_room, make_folder, numbered, write_new_pieces
from studio.core.reading import entries_in, is_file, open_regular, stat_regular

FILES_MAX = 5000
"""Files looked at in one folder: a wrong folder must not hold anybody up."""
SUFFIX = ".safetensors"
_NAMES = ("loras", "Lora")
PICKLES = frozenset({".pt", ".pth", ".ckpt", ".bin", ".pkl"})
_DEPTH = 3
_PIECE_BYTES = 1 << 20


def adapter_folders(model_folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders of adapters that go with these folders of models, each once; whether or not they exist."""
    return beside_models(model_folders, _NAMES)


def beside_models(model_folders: Iterable[Path], names: Iterable[str]) -> tuple[Path, ...]:
    """The folders of these names in and beside folders of models, each once; whether or not they exist."""
    parents = (parent for folder in model_folders for parent in (folder, folder / "models", folder.parent))
    return tuple(dict.fromkeys(parent / name for parent, name in itertools.product(parents, tuple(names))))


def holds_weights(path: Path) -> bool:
    """Whether it is a file of weights, safe or not, by its name."""
    return path.suffix.casefold() in {SUFFIX, *PICKLES}


def find_adapters(folders: Iterable[Path]) -> dict[str, Path]:
    """The adapters in `folders`, by their names; of two with one name, the first. In alphabetical order."""
    found: dict[str, Path] = {}
    for path in files_in(folders):
        if path.suffix.casefold() == SUFFIX:
            found.setdefault(path.stem.casefold(), path)
    return {path.stem: path for _, path in sorted(found.items())}


def resolve_adapter(name: str, folders: Iterable[Path]) -> Path:
    """The file of the adapter called `name`, whatever its capitals.

    Raises AdapterNotFoundError, which names one that is called nearly so, or UnsafeModelError for a pickle.
    """
    folders = tuple(folders)
    found = {each.casefold(): path for each, path in find_adapters(folders).items()}
    if name.casefold() in found:
        return found[name.casefold()]
    for path in files_in(folders):
        if path.suffix.casefold() in PICKLES and path.stem.casefold() == name.casefold():
            raise UnsafeModelError(path)
    near = difflib.get_close_matches(name.casefold(), found, n=1)
    raise AdapterNotFoundError(name, found[near[0]].stem if near else "")


def copy_in(path: Path, home: Path) -> Path:
    """Copy the file `path` into the folder `home`, which is made where it is missing; the copy's path.

    One that lies there already, under its name or a numbered one, is not copied; another of its name stays.
    Raises ModelBrokenError where it cannot be read, SaveError, NoRoomError.
    """
    for there in itertools.takewhile(os.path.lexists, numbered(home / path.name)):
        if _is_same(path, there):
            return there
    make_folder(home)
    check_room(home, _size(path))
    return write_new_pieces(home / path.name, _pieces(path))


def _is_same(path: Path, there: Path) -> bool:
    """Whether both hold the same bytes: files trained anew are often of the same size."""
    if not is_file(there) or _size(path) != _size(there):
        return False
    return all(one == other for one, other in itertools.zip_longest(_pieces(path), _pieces(there)))


def _size(path: Path) -> int:
    try:
        return stat_regular(path).st_size
    except OSError as error:
        raise _unreadable(path, error) from error


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with open_regular(path) as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ModelBrokenError:
    return ModelBrokenError(path, f"it cannot be read ({error.strerror})", "file")


def files_in(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file in `folders` and a few levels deeper, by name."""
    for folder in folders:
        yield from itertools.islice(_walk(folder, _DEPTH), FILES_MAX)


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    """The files in `folder` and, `depth` levels deep, in those inside; by name. What cannot be listed holds none."""
    listing = [each for each in entries_in(folder) if not each[0].name.startswith(".")]
    yield from (path for path, is_folder in listing if not is_folder)
    if depth:
        for path, is_folder in listing:
            if is_folder:
                yield from _walk(path, depth - 1)
