"""The text encoders of the larger families: CLIP in its several uses, and T5.

SDXL's two read A1111's grammar, weights and BREAK. Beside other kinds of encoders, and in T5, weights mean nothing that
models were ever shown: there a prompt's plain text is read.
"""

from typing import Any

import torch
from torch import Tensor

from studio.core.errors import PromptTooLongError
from studio.core.prompt_grammar import CHUNKS_MAX, ParsedPrompt, Passage, parse_prompt, plain_text
from studio.engine.lexicon import NO_WORDS, Lexicon
from studio.engine.text import Chunk, ClipTokens, emphasised, learned_in_place


class ClipEncoder:
    """A CLIP text encoder (Radford et al. 2021, arXiv 2103.00020) that gives tokens and the whole text."""

    def __init__(
        self, tokenizer: Any, model: Any, *, leads: bool, weighs: bool = False, part: str = "text_encoder"
    ) -> None:
        """Takes the tokenizer and the model, on its device; `part` of the family's it is.

        Beside a T5, which reads long prompts, it sees only their beginning, as these models were trained: `leads` says
        that there is none, and that nothing may be cut. `weighs`: brackets and BREAK count.
        """
        length = int(min(tokenizer.model_max_length, model.config.max_position_embeddings))
        self._tokens = ClipTokens(tokenizer, length - 2, part, CHUNKS_MAX if weighs else 1)
        self._model, self._leads, self._weighs = model, leads, weighs

    def count(self, text: str, words: Lexicon = NO_WORDS) -> int:
        """Tokens of `text` as `ClipTokens.count` has them, without the start and end marks."""
        return self._tokens.count(self._read(text), words)

    @torch.inference_mode()
    def encode(self, name: str, text: str, words: Lexicon = NO_WORDS) -> tuple[Tensor, Tensor]:
        """The last hidden state but one (1, chunks · tokens, width), and the pooled text (1, projected width).

        Weights multiply the tokens, as in `TextEncoder`; the pooled text is the first chunk's, and unweighted, as
        A1111's is. Raises PromptTooLongError, which calls the text `name`.
        """
        chunks = self._tokens.chunks(name, self._read(text), words, cuts=not self._leads)
        told = [self._told(chunk) for chunk in chunks]
        hidden = [emphasised(out.hidden_states[-2], chunk.weights) for out, chunk in zip(told, chunks, strict=True)]
        first = told[0]
        pooled: Tensor = first.text_embeds if hasattr(first, "text_embeds") else first.pooler_output
        return torch.cat(hidden, dim=1), pooled

    def _told(self, chunk: Chunk) -> Any:
        with learned_in_place(self._model, chunk):
            return self._model(chunk.ids.to(self._model.device), output_hidden_states=True)

    def _read(self, text: str) -> ParsedPrompt:
        return parse_prompt(text) if self._weighs else ParsedPrompt(((Passage(plain_text(text)),),))


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
