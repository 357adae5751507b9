"""What single files lack and many models share: the tokenizers."""

import enum
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from studio.core.errors import ModelBrokenError, SaveError
from studio.core.files import make_folder
from studio.core.hub import PARTIAL
from studio.core.reading import entries_in, is_file, matching, stat_regular

_TAKEN = frozenset({".json", ".txt", ".model"})
_BYTES_MAX = 32 << 20
"""The largest file of a tokenizer has a few megabytes."""


class SharedPart(enum.StrEnum):
    """A part that is looked for beside all models, by the name under which it can be fetched."""

    CLIP_TOKENIZER = "clip-tokenizer"
    T5_TOKENIZER = "t5-tokenizer"


class SharedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How people call a part, the folder it lies in, within one of models, and where it can be had.

    `needs` are alternatives: a folder with all files of one of them may be that part. `pieces` are the fewest and the
    most pieces of words that it knows, by which it is told from those of other models. `inside` are the folders that
    bear it in models. `size_bytes` is about what it takes.
    """

    title: str
    place: str
    repository: str
    needs: tuple[tuple[str, ...], ...]
    pieces: tuple[int, int]
    inside: tuple[str, ...]
    files: tuple[str, ...]
    size_bytes: int

    def is_in(self, names: Collection[str]) -> bool:
        """Whether files of these names are that part."""
        return any(all(name in names for name in each) for each in self.needs)


SHARED: Mapping[SharedPart, SharedFacts] = MappingProxyType(
    {
        SharedPart.CLIP_TOKENIZER: SharedFacts(
            title="CLIP tokenizer",
            place="tokenizers/clip",
            repository="openai/clip-vit-large-patch14",
            needs=(("vocab.json", "merges.txt"), ("tokenizer.json",)),
            pieces=(49_408, 49_408),
            inside=("tokenizer", "tokenizer_2"),
            files=("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"),
            size_bytes=1_500_000,
        ),
        SharedPart.T5_TOKENIZER: SharedFacts(
            title="T5 tokenizer",
            place="tokenizers/t5",
            # All sizes of T5 cut words alike; the smallest one's repository has its tokenizer as a plain file.
            repository="google-t5/t5-small",
            needs=(("tokenizer.json",),),
            pieces=(32_000, 32_128),
            inside=("tokenizer", "tokenizer_2", "tokenizer_3"),
            files=("tokenizer.json", "tokenizer_config.json"),
            size_bytes=1_400_000,
        ),
    }
)


def find_shared(part: SharedPart, folders: Iterable[Path]) -> Path | None:
    """The folder of `part` in the first of `folders`, which hold models, that has it whole; None where none does.

    Hugging Face's cache counts as such a folder. What lies in its own place is believed; where none does, one of the
    same vocabulary is taken from another model.
    """
    facts, folders = SHARED[part], tuple(folders)
    cached = f"models--{facts.repository.replace('/', '--')}/snapshots/*"
    own = (place for folder in folders for place in (folder / facts.place, *matching(folder, cached)))
    found = next((place for place in own if facts.is_in(_names(place))), None)
    if found is not None:
        return found
    patterns = [f"{above}/{name}" for above in ("*", "models--*/snapshots/*") for name in facts.inside]
    others = (place for folder in folders for pattern in patterns for place in matching(folder, pattern))
    return next((place for place in others if _is_part(facts, place)), None)


def take_shared(part: SharedPart, folder: Path, models: Path) -> Path:
    """Make the part in `folder`, which the artist pointed to, one of the studio's own; its path within `models`.

    Its small files are copied. Raises ModelBrokenError where it is not that part, SaveError.
    """
    facts, target = SHARED[part], models / SHARED[part].place
    if not _is_part(facts, folder):
        wanted = ", or ".join(" and ".join(each) for each in facts.needs)
        least = f"with a vocabulary of {facts.pieces[0]:,}"
        raise ModelBrokenError(folder, f"it is no {facts.title}, which has {wanted} {least}")
    growing = models / PARTIAL / f"{part}-by-hand"
    make_folder(growing)
    make_folder(target.parent)
    try:
        for path, _ in entries_in(folder):
            if path.suffix in _TAKEN and stat_regular(path).st_size <= _BYTES_MAX:
                shutil.copyfile(path, growing / path.name)
        growing.rename(target)
    except OSError as error:
        shutil.rmtree(growing, ignore_errors=True)
        raise SaveError(target, error.strerror or str(error)) from error
    return target


def _is_part(facts: SharedFacts, folder: Path) -> bool:
    fewest, most = facts.pieces
    return facts.is_in(_names(folder)) and fewest <= _pieces_in(folder) <= most


def _pieces_in(folder: Path) -> int:
    """How many pieces of words the tokenizer in `folder` knows; 0 where that cannot be read."""
    is_plain = is_file(folder / "vocab.json")
    path = folder / ("vocab.json" if is_plain else "tokenizer.json")
    try:
        if stat_regular(path).st_size > _BYTES_MAX:
            return 0
        if is_plain:
            return len(msgspec.json.decode(path.read_bytes(), type=dict[str, int]))
        return len(msgspec.json.decode(path.read_bytes(), type=_TokenizerFile).model.vocab)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return 0


class _Pieces(msgspec.Struct, frozen=True):
    vocab: dict[str, int] | list[Any]


class _TokenizerFile(msgspec.Struct, frozen=True):
    model: _Pieces


def _names(folder: Path) -> set[str]:
    return {path.name for path, _ in entries_in(folder)}
