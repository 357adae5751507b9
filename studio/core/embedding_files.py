"""Where embeddings lie, what they hold, and which of them a recipe's prompts use.

In folders called `embeddings`: in our own data directory, in ComfyUI's `models`, beside AUTOMATIC1111's `models`.
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from studio.core.adapter_files import PICKLES, SUFFIX, beside_models, files_in
from studio.core.errors import AdapterError, AdapterNotFoundError, ModelBrokenError, ModelError, UnsafeModelError
from studio.core.learned_words import LearnedWord, Names
from studio.core.prompt_grammar import parse_prompt
from studio.core.recipe import Recipe
from studio.core.safetensors_header import Header, TensorEntry, read_header

EMBEDDING = "embedding"
"""What artists call the file."""
VECTORS_MAX = 75
"""What CLIP reads at once."""
BYTES_MAX = 4 << 20
"""The largest, for both encoders of SDXL, have a sixth of it."""
_FOLDER = "embeddings"
_FLOATS = frozenset({"F16", "BF16", "F32", "F64"})
_OF_TWO = {"clip_l": "text_encoder", "clip_g": "text_encoder_2"}


class EmbeddingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds: how many `vectors`, and for each text encoder the tensor's name and its vectors' width."""

    vectors: int
    tensors: Mapping[str, tuple[str, int]]

    @property
    def in_words(self) -> str:
        """For example: 4 vectors of 768."""
        widths = " + ".join(str(width) for _, width in self.tensors.values())
        return f"{self.vectors} vector{'' if self.vectors == 1 else 's'} of {widths}"


def embedding_folders(model_folders: Iterable[Path]) -> tuple[Path, ...]:
    """The folders of embeddings that go with these folders of models, each once; whether or not they exist."""
    folders = tuple(model_folders)
    beyond = (folder.parent.parent / _FOLDER for folder in folders if folder.parent.name == "models")  # AUTOMATIC1111
    return tuple(dict.fromkeys((*beside_models(folders, [_FOLDER]), *beyond)))


def find_embeddings(folders: Iterable[Path]) -> dict[str, Path]:
    """The files in `folders` that a prompt may name, by their names in small letters; pickles only where needed."""
    found: dict[str, Path] = {}
    pickles: dict[str, Path] = {}
    for path in files_in(folders):
        kind = path.suffix.casefold()
        if kind == SUFFIX:
            found.setdefault(path.stem.casefold(), path)
        elif kind in PICKLES:
            pickles.setdefault(path.stem.casefold(), path)
    return pickles | found


def known_embeddings(folders: Iterable[Path]) -> dict[str, str]:
    """The embeddings in `folders` that can be read, by their names in alphabetical order: what they hold, in words."""
    told: dict[str, str] = {}
    for _, path in sorted(find_embeddings(folders).items()):
        try:
            told[path.stem] = read_facts(path).in_words
        except ModelError:
            continue  # it is told when a prompt names it
    return told


def words_used(recipe: Recipe, folders: Iterable[Path]) -> tuple[tuple[LearnedWord, Path], ...]:
    """The embeddings that the prompts of `recipe` name, each once, with their files, in alphabetical order.

    Of a recipe that lists them, only those. Raises AdapterNotFoundError, or UnsafeModelError for a pickle.
    """
    if recipe.learned_words == ():
        return ()
    found = find_embeddings(folders)
    listed = recipe.learned_words or tuple(LearnedWord(name=path.stem) for path in found.values())
    named = names_in(recipe, Names(word.name for word in listed))
    used = {word.name.casefold(): word for word in listed if word.name in named}
    for name, word in used.items():
        if name not in found:
            near = difflib.get_close_matches(name, found, n=1)
            raise AdapterNotFoundError(word.name, found[near[0]].stem if near else "", EMBEDDING, _FOLDER)
        if found[name].suffix.casefold() != SUFFIX:
            raise UnsafeModelError(found[name])
    return tuple((used[name], found[name]) for name in sorted(used))


def names_in(recipe: Recipe, names: Names) -> frozenset[str]:
    """Those of `names` that a prompt of the recipe or of a keyframe says."""
    keyframes = () if recipe.blend is None else recipe.blend.keyframes
    own = (recipe.prompt, recipe.negative_prompt)
    texts = {*own, *(text for each in keyframes for text in (each.prompt, each.negative_prompt) if text)}
    passages = (passage for text in texts for chunk in parse_prompt(text).chunks for passage in chunk)
    return frozenset(spot.name for passage in passages for spot in names.spots(passage.text))


def read_facts(path: Path) -> EmbeddingFacts:
    """What the embedding `path` holds, by its header. Raises ModelBrokenError, AdapterError, UnsafeModelError."""
    if path.suffix.casefold() != SUFFIX:
        raise UnsafeModelError(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelBrokenError(path, f"it cannot be read ({error.strerror})", EMBEDDING) from error
    if size > BYTES_MAX:
        raise _unusable(path, f"it has {size / 2**20:.0f} MB, and no embedding has more than {BYTES_MAX >> 20}")
    return facts_of(path, read_header(path, EMBEDDING))


def facts_of(path: Path, header: Header) -> EmbeddingFacts:
    """What the embedding with this header holds: told by its tensors' names and shapes. Raises AdapterError."""
    tensors = header.tensors
    if tensors.keys() == _OF_TWO.keys():
        held = {encoder: (name, tensors[name]) for name, encoder in _OF_TWO.items()}
    elif len(tensors) == 1:  # `emb_params`, or the word itself as diffusers writes it
        held = {"text_encoder": next(iter(tensors.items()))}
    else:
        raise _unusable(path, f"it holds {len(tensors)} tensors, and not the vectors of a word")
    counts = {_count(path, entry) for _, entry in held.values()}
    if len(counts) > 1:
        raise _unusable(path, f"it holds {' and '.join(map(str, sorted(counts)))} vectors for one word")
    widths = {encoder: (name, entry.shape[-1]) for encoder, (name, entry) in held.items()}
    return EmbeddingFacts(vectors=counts.pop(), tensors=widths)


def _count(path: Path, entry: TensorEntry) -> int:
    count = entry.shape[0] if len(entry.shape) == 2 else 1
    if len(entry.shape) not in (1, 2) or not entry.count or entry.dtype not in _FLOATS:
        raise _unusable(path, "it does not hold the vectors of a word")
    if count > VECTORS_MAX:
        raise _unusable(path, f"it holds {count} vectors, and a text encoder reads {VECTORS_MAX} at once")
    return count


def _unusable(path: Path, reason: str) -> AdapterError:
    return AdapterError(path.name, reason, EMBEDDING)
