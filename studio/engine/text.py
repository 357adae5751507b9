"""From words to embeddings: tokens counted, never cut, and the embeddings of recent texts kept."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from studio.core.errors import PromptTooLongError
from studio.core.prompt_grammar import ParsedPrompt, Passage, parse_prompt
from studio.engine.embeddings import Embeddings

Key: TypeAlias = tuple[str, str, str]
"""(which text encoder, which of the recipe's fields, text): a family may read an empty negative prompt its own way."""


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
    """What CLIP reads at once: `ids` (1, length) with its marks and padding, `mask` alike, and a weight for each."""

    ids: Tensor
    mask: Tensor
    weights: list[float]


class ClipTokens:
    """A CLIP tokenizer that reads A1111's grammar: chunks divided by BREAK, of weighted passages."""

    def __init__(self, tokenizer: Any, limit: int) -> None:
        """`limit` counts a chunk's own tokens, without the start and end marks."""
        self._tokenizer, self._limit = tokenizer, limit

    def count(self, prompt: ParsedPrompt) -> int:
        """Tokens of the longest chunk: each is held against the limit by itself."""
        return max(len(self._weighted(chunk)[0]) for chunk in prompt.chunks)

    def chunks(self, name: str, prompt: ParsedPrompt, *, cuts: bool = False) -> list[Chunk]:
        """Each chunk padded to the same length. Raises PromptTooLongError, which calls the text `name`, or `cuts`."""
        return [self._chunk(name, *self._weighted(chunk), cuts=cuts) for chunk in prompt.chunks]

    def _chunk(self, name: str, tokens: list[int], weights: list[float], *, cuts: bool) -> Chunk:
        if len(tokens) > self._limit and not cuts:
            raise PromptTooLongError(name, len(tokens), self._limit)
        tokens, weights = tokens[: self._limit], weights[: self._limit]
        first, last, padding = (
            getattr(self._tokenizer, each) for each in ("bos_token_id", "eos_token_id", "pad_token_id")
        )
        spare = self._limit - len(tokens)
        ids = torch.tensor([[first, *tokens, last, *[padding] * spare]])
        mask = torch.tensor([[1] * (len(tokens) + 2) + [0] * spare])
        return Chunk(ids, mask, [1.0, *weights, 1.0, *[1.0] * spare])

    def _weighted(self, chunk: tuple[Passage, ...]) -> tuple[list[int], list[float]]:
        """The tokens of a chunk, and the weight of each."""
        tokens: list[int] = []
        weights: list[float] = []
        for passage in chunk:
            own = self._tokenizer(passage.text, truncation=False, add_special_tokens=False).input_ids
            tokens += own
            weights += [passage.weight] * len(own)
        return tokens, weights


class TextEncoder:
    """A CLIP text encoder with its tokenizer (Radford et al. 2021, arXiv 2103.00020)."""

    def __init__(self, tokenizer: Any, model: Any, token_limit: int) -> None:
        """`token_limit` counts a text's own tokens; the tokenizer's length may lower it."""
        self._tokens = ClipTokens(tokenizer, min(token_limit, int(tokenizer.model_max_length) - 2))
        self._model = model

    def count(self, text: str) -> int:
        """Tokens of the longest chunk of `text`, without brackets, adapters and the start and end marks."""
        return self._tokens.count(parse_prompt(text))

    @torch.inference_mode()
    def encode(self, name: str, text: str) -> Tensor:
        """The last hidden state (1, chunks · tokens, width) of a prompt in A1111's grammar, on the model's device.

        Each chunk between BREAKs is padded to the encoder's length and encoded by itself; what is weighted is
        multiplied, and the chunk's mean restored. Raises PromptTooLongError, which calls the text `name`.
        """
        chunks = self._tokens.chunks(name, parse_prompt(text))
        return torch.cat([emphasised(self._hidden(chunk), chunk.weights) for chunk in chunks], dim=1)

    def _hidden(self, chunk: Chunk) -> Tensor:
        masks = getattr(self._model.config, "use_attention_mask", None)
        told = chunk.mask.to(self._model.device) if masks else None
        hidden: Tensor = self._model(chunk.ids.to(self._model.device), attention_mask=told)[0]
        return hidden


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
