"""The vectors that words of a prompt stand for: textual inversion (Gal et al. 2022, arXiv 2208.01618)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from safetensors import SafetensorError, safe_open
from torch import Tensor

from studio.core.embedding_files import EMBEDDING, read_facts
from studio.core.errors import AdapterError
from studio.core.learned_words import Names
from studio.core.model_family import ModelFamily

Vectors: TypeAlias = Mapping[str, Tensor]
"""By text encoder: the vectors (n, width) float32 of one word, on the CPU."""

_READERS: Mapping[ModelFamily, tuple[str, ...]] = {
    ModelFamily.SD1: ("text_encoder",),
    ModelFamily.SD2: ("text_encoder",),
    ModelFamily.SDXL: ("text_encoder", "text_encoder_2"),
}
"""The text encoders that learned words are made for, by family; to the others nobody teaches any."""


class Lexicon:
    """Learned words by their names. Immutable."""

    def __init__(self, words: Mapping[str, Vectors]) -> None:
        """`words` by the names that prompts use."""
        self._names, self._words = Names(words), dict(words)

    def pieces(self, text: str, encoder: str) -> Iterator[str | Tensor]:
        """`text` in its order: what lies between learned words, and the vectors of each for `encoder`."""
        end = 0
        for spot in self._names.spots(text):
            yield text[end : spot.start]
            yield self._words[spot.name][encoder]
            end = spot.end
        yield text[end:]


NO_WORDS = Lexicon({})


def load_vectors(path: Path, family: ModelFamily, components: Mapping[str, Any]) -> Vectors:
    """Read an embedding for a model's `components`, its modules by their parts' names (`text_encoder` …).

    Raises UnsafeModelError for a pickle, ModelBrokenError for a damaged file, AdapterError for a file that is no
    embedding, or one for another family.
    """
    facts, wanted = read_facts(path), _widths(family, components)
    if {encoder: width for encoder, (_, width) in facts.tensors.items()} != wanted:
        takes = " + ".join(map(str, wanted.values()))
        model = f"words of this model have {takes}" if wanted else f"no words are learned for {family}"
        raise AdapterError(path.name, f"it holds {facts.in_words}, and {model}", EMBEDDING)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            held = {encoder: file.get_tensor(name) for encoder, (name, _) in facts.tensors.items()}
    except (SafetensorError, OSError, RuntimeError) as error:
        raise AdapterError(path.name, f"it cannot be read ({error})", EMBEDDING) from error
    vectors = {encoder: value.float().reshape(facts.vectors, -1) for encoder, value in held.items()}
    if not all(bool(value.isfinite().all()) for value in vectors.values()):
        raise AdapterError(path.name, "it holds something that is no number", EMBEDDING)
    return vectors


def _widths(family: ModelFamily, components: Mapping[str, Any]) -> dict[str, int]:
    """How wide a word is to each text encoder that reads learned ones."""
    tables = {encoder: components[encoder].get_input_embeddings() for encoder in _READERS.get(family, ())}
    return {encoder: int(table.weight.shape[1]) for encoder, table in tables.items()}
