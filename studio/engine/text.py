"""From words to embeddings: tokens counted, never cut, and the embeddings of recent texts kept."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from studio.core.errors import PromptTooLongError
from studio.core.prompt_grammar import CHUNKS_MAX, ParsedPrompt, Passage, parse_prompt
from studio.engine.embeddings import Embeddings
from studio.engine.lexicon import NO_WORDS, Lexicon

Key: TypeAlias = tuple[str, str, str]
"""(which text encoder, which of the recipe's fields, text): a family may read an empty negative prompt its own way."""
_COMMA_REACH = 20
"""Tokens behind a comma that go into the next chunk rather than be divided, as in A1111."""
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
    """A chunk in the reading: its tokens, a weight for each, learned vectors and their places, its last `comma`'s."""

    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    learned: list[tuple[int, Tensor]] = field(default_factory=list)
    comma: int | None = None

    def add(self, tokens: list[int], weight: float) -> None:
        """`tokens` come behind the others."""
        self.tokens += tokens
        self.weights += [weight] * len(tokens)

    def cut(self) -> "_Read":
        """The next chunk, which begins with what stands behind the last comma here, if that is not far."""
        if self.comma is None or len(self.tokens) - self.comma > _COMMA_REACH:
            return _Read()
        start = self.comma + 1
        later = [(place - start, vectors) for place, vectors in self.learned if place >= start]
        moved = _Read(self.tokens[start:], self.weights[start:], later)
        del self.tokens[start:], self.weights[start:], self.learned[len(self.learned) - len(later) :]
        return moved


class ClipTokens:
    """A CLIP tokenizer that reads A1111's grammar: chunks, weighted passages, learned words.

    A chunk ends at a BREAK, or where the encoder reads no further: then behind a comma, if there is one near.
    """

    def __init__(self, tokenizer: Any, limit: int, encoder: str, chunks_max: int = CHUNKS_MAX) -> None:
        """`limit` counts a chunk's own tokens, without the start and end marks; `encoder` is the part that reads."""
        self._tokenizer, self._limit, self._encoder, self._chunks_max = tokenizer, limit, encoder, chunks_max
        self._comma = self._ids(",")[-1:]

    def count(self, prompt: ParsedPrompt, words: Lexicon = NO_WORDS) -> int:
        """Tokens up to the end of the last chunk, with the room left in those before. A learned word: its vectors."""
        reads = self._reads(prompt, words)
        return self._limit * (len(reads) - 1) + len(reads[-1].tokens)

    def chunks(self, name: str, prompt: ParsedPrompt, words: Lexicon = NO_WORDS, *, cuts: bool = False) -> list[Chunk]:
        """Each chunk padded to the same length. Raises PromptTooLongError, which calls the text `name`, or `cuts`."""
        reads = self._reads(prompt, words)
        longest = max(len(read.tokens) for read in reads)
        if not cuts and longest > self._limit:
            raise PromptTooLongError(name, longest, self._limit)
        if not cuts and len(reads) > self._chunks_max:
            raise PromptTooLongError(name, self.count(prompt, words), self._limit * self._chunks_max)
        return [self._chunk(read) for read in reads]

    def _chunk(self, read: _Read) -> Chunk:
        tokens, weights = read.tokens[: self._limit], read.weights[: self._limit]
        first, last, padding = (
            getattr(self._tokenizer, each) for each in ("bos_token_id", "eos_token_id", "pad_token_id")
        )
        spare = self._limit - len(tokens)
        ids = torch.tensor([[first, *tokens, last, *[padding] * spare]])
        mask = torch.tensor([[1] * (len(tokens) + 2) + [0] * spare])
        learned = tuple((1 + place, vectors) for place, vectors in read.learned)
        return Chunk(ids, mask, [1.0, *weights, 1.0, *[1.0] * spare], learned)

    def _reads(self, prompt: ParsedPrompt, words: Lexicon) -> list[_Read]:
        """All chunks; behind a BREAK at the end there is none."""
        reads = [read for chunk in prompt.chunks for read in self._read(chunk, words)]
        return reads if len(reads) == 1 or reads[-1].tokens else reads[:-1]

    def _read(self, chunk: tuple[Passage, ...], words: Lexicon) -> list[_Read]:
        """What stands between two BREAKs, in as many chunks as it takes."""
        reads = [_Read()]
        for passage in chunk:
            for piece in words.pieces(passage.text, self._encoder):
                if isinstance(piece, Tensor):
                    self._make_room(reads, len(piece))
                    reads[-1].learned.append((len(reads[-1].tokens), piece))
                    reads[-1].add([_ROOM] * len(piece), passage.weight)
                    continue
                for token in self._ids(piece):
                    is_comma = [token] == self._comma
                    self._make_room(reads, 1, may_move=not is_comma)
                    if is_comma:
                        reads[-1].comma = len(reads[-1].tokens)
                    reads[-1].add([token], passage.weight)
        return reads

    def _make_room(self, reads: list[_Read], count: int, *, may_move: bool = False) -> None:
        """A further chunk, where the last has no room for so many tokens, which are not divided."""
        last = reads[-1]
        if self._chunks_max > 1 and last.tokens and len(last.tokens) + count > self._limit:
            reads.append(last.cut() if may_move else _Read())

    def _ids(self, text: str) -> list[int]:
        found: list[int] = self._tokenizer(text, truncation=False, add_special_tokens=False).input_ids
        return found


class TextEncoder:
    """A CLIP text encoder with its tokenizer (Radford et al. 2021, arXiv 2103.00020)."""

    def __init__(self, tokenizer: Any, model: Any, token_limit: int) -> None:
        """`token_limit` counts a text's own tokens; the tokenizer's length may lower it."""
        self._tokens = ClipTokens(tokenizer, min(token_limit, int(tokenizer.model_max_length) - 2), "text_encoder")
        self._model = model

    def count(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of `text` as `ClipTokens.count` has them, without brackets, adapters and the start and end marks."""
        return self._tokens.count(parse_prompt(text), words)

    @torch.inference_mode()
    def encode(self, name: str, text: str, words: Lexicon = NO_WORDS) -> Tensor:
        """The last hidden state (1, chunks · tokens, width) of a prompt in A1111's grammar, on the model's device.

        Each chunk is padded to the encoder's length and encoded by itself; what is weighted is
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
