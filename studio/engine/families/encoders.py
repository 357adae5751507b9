"""The text encoders of the larger families: CLIP in its several uses, and T5.

They read a prompt's plain text: weights, BREAK and adapters are left out, and change nothing.
"""

from typing import Any

import torch
from torch import Tensor

from studio.core.errors import PromptTooLongError
from studio.core.prompt_grammar import plain_text


class ClipEncoder:
    """A CLIP text encoder (Radford et al. 2021, arXiv 2103.00020) that gives tokens and the whole text.

    Beside a T5, which reads long prompts, it sees only their beginning, as these models were trained: `leads` says
    that it is the only one, and that nothing may be cut.
    """

    def __init__(self, tokenizer: Any, model: Any, *, leads: bool) -> None:
        """Takes the tokenizer and the model, on its device."""
        self._tokenizer, self._model, self._leads = tokenizer, model, leads
        self._length = int(min(tokenizer.model_max_length, model.config.max_position_embeddings))

    def count(self, text: str) -> int:
        """Tokens of `text`, without the start and end marks."""
        return len(self._tokenizer(plain_text(text), truncation=False).input_ids) - 2

    @torch.inference_mode()
    def encode(self, name: str, text: str) -> tuple[Tensor, Tensor]:
        """The last hidden state but one (1, tokens, width), and the pooled text (1, projected width).

        Raises PromptTooLongError, which calls the text `name`.
        """
        if self._leads and self.count(text) > self._length - 2:
            raise PromptTooLongError(name, self.count(text), self._length - 2)
        padded = self._tokenizer(
            plain_text(text), padding="max_length", max_length=self._length, truncation=True, return_tensors="pt"
        )
        out = self._model(padded.input_ids.to(self._model.device), output_hidden_states=True)
        pooled: Tensor = out.text_embeds if hasattr(out, "text_embeds") else out.pooler_output
        return out.hidden_states[-2], pooled


class T5Encoder:
    """The encoder of a T5 (Raffel et al. 2020, arXiv 1910.10683)."""

    def __init__(self, tokenizer: Any, model: Any, token_limit: int, *, masks: bool) -> None:
        """`token_limit` without the end mark; `masks`: padding is hidden from the text itself."""
        self._tokenizer, self._model, self._limit, self._masks = tokenizer, model, token_limit, masks

    def count(self, text: str) -> int:
        """Tokens of `text`, without the end mark."""
        return len(self._tokenizer(plain_text(text), truncation=False).input_ids) - 1

    @torch.inference_mode()
    def encode(self, name: str, text: str) -> tuple[Tensor, Tensor]:
        """The last hidden state (1, tokens, width), and the mask of its words (1, tokens).

        Raises PromptTooLongError, which calls the text `name`.
        """
        tokens = self.count(text)
        if tokens > self._limit:
            raise PromptTooLongError(name, tokens, self._limit)
        padded = self._tokenizer(
            plain_text(text), padding="max_length", max_length=self._limit + 1, return_tensors="pt"
        )
        mask = padded.attention_mask.to(self._model.device)
        told = {"attention_mask": mask} if self._masks else {}
        hidden: Tensor = self._model(padded.input_ids.to(self._model.device), **told)[0]
        return hidden, mask
