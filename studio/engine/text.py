"""From words to embeddings: tokens counted, never cut, and the embeddings of recent texts kept."""

from collections import OrderedDict
from typing import Any, TypeAlias

import torch
from torch import Tensor

from studio.core.errors import PromptTooLongError
from studio.core.prompt_grammar import Passage, parse_prompt
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


class TextEncoder:
    """A CLIP text encoder with its tokenizer (Radford et al. 2021, arXiv 2103.00020)."""

    def __init__(self, tokenizer: Any, model: Any, token_limit: int) -> None:
        """`token_limit` counts a text's own tokens; the tokenizer's length may lower it."""
        self._tokenizer = tokenizer
        self._model = model
        self._limit = min(token_limit, int(tokenizer.model_max_length) - 2)

    def count(self, text: str) -> int:
        """Tokens of the prompt `text`, without brackets, adapters and the start and end marks.

        Where BREAK divides it, those of its longest chunk: each is held against the limit by itself.
        """
        parsed = parse_prompt(text)
        if parsed.is_plain:
            return self._count_plain(parsed.text)
        return max(len(self._tokens(chunk)[0]) for chunk in parsed.chunks)

    @torch.inference_mode()
    def encode(self, name: str, text: str) -> Tensor:
        """The last hidden state (1, chunks · tokens, width) of a prompt in A1111's grammar, on the model's device.

        Each chunk between BREAKs is padded to the encoder's length and encoded by itself; what is weighted is
        multiplied, and the chunk's mean restored. Raises PromptTooLongError, which calls the text `name`.
        """
        parsed = parse_prompt(text)
        if parsed.is_plain:
            return self._encode_plain(name, parsed.text)
        return torch.cat([self._encode_chunk(name, chunk) for chunk in parsed.chunks], dim=1)

    def _count_plain(self, text: str) -> int:
        return len(self._tokenizer(text, truncation=False).input_ids) - 2

    def _encode_plain(self, name: str, text: str) -> Tensor:
        self._check(name, self._count_plain(text))
        padded = self._tokenizer(text, padding="max_length", max_length=self._limit + 2, return_tensors="pt")
        return self._hidden(padded.input_ids, padded.attention_mask)

    def _encode_chunk(self, name: str, chunk: tuple[Passage, ...]) -> Tensor:
        tokens, weights = self._tokens(chunk)
        self._check(name, len(tokens))
        first, last, padding = (
            getattr(self._tokenizer, each) for each in ("bos_token_id", "eos_token_id", "pad_token_id")
        )
        spare = self._limit - len(tokens)
        ids = torch.tensor([[first, *tokens, last, *[padding] * spare]])
        mask = torch.tensor([[1] * (len(tokens) + 2) + [0] * spare])
        return emphasised(self._hidden(ids, mask), [1.0, *weights, 1.0, *[1.0] * spare])

    def _tokens(self, chunk: tuple[Passage, ...]) -> tuple[list[int], list[float]]:
        """The tokens of a chunk, and the weight of each."""
        tokens: list[int] = []
        weights: list[float] = []
        for passage in chunk:
            own = self._tokenizer(passage.text, truncation=False, add_special_tokens=False).input_ids
            tokens += own
            weights += [passage.weight] * len(own)
        return tokens, weights

    def _check(self, name: str, tokens: int) -> None:
        if tokens > self._limit:
            raise PromptTooLongError(name, tokens, self._limit)

    def _hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        told = mask.to(self._model.device) if getattr(self._model.config, "use_attention_mask", None) else None
        hidden: Tensor = self._model(ids.to(self._model.device), attention_mask=told)[0]
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
