"""From words to embeddings: tokens counted, never cut, and the embeddings of recent texts kept."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from studio.core.errors import PromptTooLongError
from studio.core.prompt_grammar import ParsedPrompt, Passage, parse_prompt
from studio.engine.embeddings import Embeddings
from studio.engine.lexicon import NO_WORDS, Lexicon

Key: TypeAlias = tuple[str, str, str]
"""(which text encoder, which of the recipe's fields, text): a family may read an empty negative prompt its own way."""
_ROOM = 0
"""A token that is neither a mark nor padding that CLIP looks for: where a learned word's vectors go."""


class EmbeddingCache:
    """The embeddings of the texts used last, within a budget in bytes. The least recently used go first."""

    def __init__(self, budget_bytes: int) -> None:
        """An embedding larger than the whole budget is not kept."""
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[Key, Embeddings] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What is kept now."""
        return sum(each.size_bytes for each in self._kept.values())

    def get(self, key: Key) -> Embeddings | None:
        """The embeddings of `key`, which become the most recently used; None where they are not kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Key, embeddings: Embeddings) -> None:
        """Keep `embeddings`, and forget the oldest until all fit."""
        self._kept[key] = embeddings
        self._kept.move_to_end(key)
        while self.size_bytes > self._budget_bytes:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


@dataclass(frozen=True, slots=True)
class Chunk:
    """What CLIP reads at once: `ids` (1, length) with its marks and padding, `mask` alike, and a weight for each.

    `learned`: from a place on, vectors (n, width) that stand where the ids only hold room for them.
    """

    ids: Tensor
    mask: Tensor
    weights: list[float]
    learned: tuple[tuple[int, Tensor], ...] = ()


@dataclass(slots=True)
class _Read:
    """A chunk in the reading: its tokens, a weight for each, and the learned vectors with their places."""

    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    learned: list[tuple[int, Tensor]] = field(default_factory=list)


class ClipTokens:
    """A CLIP tokenizer that reads A1111's grammar: chunks divided by BREAK, weighted passages, learned words."""

    def __init__(self, tokenizer: Any, limit: int, encoder: str) -> None:
        """`limit` counts a chunk's own tokens, without the start and end marks; `encoder` is the part that reads."""
        self._tokenizer, self._limit, self._encoder = tokenizer, limit, encoder

    def count(self, prompt: ParsedPrompt, words: Lexicon = NO_WORDS) -> int:
        """Tokens of the longest chunk: each is held against the limit by itself. A learned word has its vectors'."""
        return max(len(self._read(chunk, words).tokens) for chunk in prompt.chunks)

    def chunks(self, name: str, prompt: ParsedPrompt, words: Lexicon = NO_WORDS, *, cuts: bool = False) -> list[Chunk]:
        """Each chunk padded to the same length. Raises PromptTooLongError, which calls the text `name`, or `cuts`."""
        return [self._chunk(name, self._read(chunk, words), cuts=cuts) for chunk in prompt.chunks]

    def _chunk(self, name: str, read: _Read, *, cuts: bool) -> Chunk:
        if len(read.tokens) > self._limit and not cuts:
            raise PromptTooLongError(name, len(read.tokens), self._limit)
        tokens, weights = read.tokens[: self._limit], read.weights[: self._limit]
        first, last, padding = (
            getattr(self._tokenizer, each) for each in ("bos_token_id", "eos_token_id", "pad_token_id")
        )
        spare = self._limit - len(tokens)
        ids = torch.tensor([[first, *tokens, last, *[padding] * spare]])
        mask = torch.tensor([[1] * (len(tokens) + 2) + [0] * spare])
        learned = tuple((1 + place, vectors) for place, vectors in read.learned)
        return Chunk(ids, mask, [1.0, *weights, 1.0, *[1.0] * spare], learned)

    def _read(self, chunk: tuple[Passage, ...], words: Lexicon) -> _Read:
        read = _Read()
        for passage in chunk:
            for piece in words.pieces(passage.text, self._encoder):
                if isinstance(piece, Tensor):
                    read.learned.append((len(read.tokens), piece))
                    own = [_ROOM] * len(piece)
                else:
                    own = self._tokenizer(piece, truncation=False, add_special_tokens=False).input_ids
                read.tokens += own
                read.weights += [passage.weight] * len(own)
        return read


class TextEncoder:
    """A CLIP text encoder with its tokenizer (Radford et al. 2021, arXiv 2103.00020)."""

    def __init__(self, tokenizer: Any, model: Any, token_limit: int) -> None:
        """`token_limit` counts a text's own tokens; the tokenizer's length may lower it."""
        self._tokens = ClipTokens(tokenizer, min(token_limit, int(tokenizer.model_max_length) - 2), "text_encoder")
        self._model = model

    def count(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of the longest chunk of `text`, without brackets, adapters and the start and end marks."""
        return self._tokens.count(parse_prompt(text), words)

    @torch.inference_mode()
    def encode(self, name: str, text: str, words: Lexicon = NO_WORDS) -> Tensor:
        """The last hidden state (1, chunks · tokens, width) of a prompt in A1111's grammar, on the model's device.

        Each chunk between BREAKs is padded to the encoder's length and encoded by itself; what is weighted is
        multiplied, and the chunk's mean restored. `words` are read as their vectors. Raises PromptTooLongError, which
        calls the text `name`.
        """
        chunks = self._tokens.chunks(name, parse_prompt(text), words)
        return torch.cat([emphasised(self._hidden(chunk), chunk.weights) for chunk in chunks], dim=1)

    def _hidden(self, chunk: Chunk) -> Tensor:
        masks = getattr(self._model.config, "use_attention_mask", None)
        told = chunk.mask.to(self._model.device) if masks else None
        with learned_in_place(self._model, chunk):
            hidden: Tensor = self._model(chunk.ids.to(self._model.device), attention_mask=told)[0]
        return hidden


@contextmanager
def learned_in_place(model: Any, chunk: Chunk) -> Iterator[None]:
    """While a CLIP `model` reads `chunk`, its learned vectors are what its table of words gives for their places.

    The table itself is not touched.
    """
    if not chunk.learned:
        yield
        return

    def replaced(_table: nn.Module, _ids: tuple[Tensor, ...], looked_up: Tensor) -> Tensor:
        made = looked_up.clone()
        for place, vectors in chunk.learned:
            made[:, place : place + len(vectors)] = vectors.to(made)
        return made

    handle = model.get_input_embeddings().register_forward_hook(replaced)
    try:
        yield
    finally:
        handle.remove()


def emphasised(hidden: Tensor, weights: list[float]) -> Tensor:
    """`hidden` (1, tokens, width) with each token multiplied by its weight, and the mean of all as it was.

    A1111's "Original" emphasis, so that its pictures can be made again. Where the weighted mean is zero there is
    nothing to scale by, and it is left.
    """
    if all(weight == 1.0 for weight in weights):
        return hidden
    whole = hidden.float()
    weighted = whole * torch.tensor(weights, device=hidden.device)[None, :, None]
    mean = weighted.mean()
    return (weighted * (whole.mean() / mean) if mean != 0 else weighted).to(hidden.dtype)
