"""Attention that does not compute the same thing at every step.

The prompt stays the same while a picture is sampled, and so do the keys and values that cross-attention makes of it:
they are computed at the first step and kept. diffusers' own processor computes them again every time.
"""

import inspect
import weakref
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional


class KeepingAttention:
    """A diffusers attention processor for the transformer blocks of a U-Net; the same results as diffusers' own.

    Vaswani et al. 2017 (arXiv 1706.03762), section 3.2. One for each attention, for it keeps keys and values, as long
    as the very tensor of embeddings they were made of lives.
    """

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._made_of: weakref.ref[Tensor] | None = None
        self._kept: tuple[Tensor, Tensor] | None = None
        self.given: tuple[Tensor, Tensor] | None = None
        """Where set, cross-attention takes these keys and values (B, tokens, width), whatever embeddings come."""
        self.is_sliced = False
        """One head at a time: slower, and in a fraction of the memory where torch keeps all scores at once."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        """Attend from `hidden_states` (B, N, width) to themselves or to the embeddings (B, tokens, width)."""
        if encoder_hidden_states is None:
            key, value = attn.to_k(hidden_states), attn.to_v(hidden_states)
        else:
            key, value = self.given or self.keys_and_values(attn, encoder_hidden_states)
        query, key, value = (_heads(each, attn.heads) for each in (attn.to_q(hidden_states), key, value))
        if self.is_sliced and attention_mask is None:
            heads = zip(*(each.chunk(attn.heads, dim=1) for each in (query, key, value)), strict=True)
            mixed = torch.cat([_attend(one_query, one_key, own, attn.scale) for one_query, one_key, own in heads], 1)
        else:
            mixed = _attend(query, key, value, attn.scale, attention_mask)
        out: Tensor = attn.to_out[0](mixed.transpose(1, 2).flatten(2))
        return out

    def keys_and_values(self, attn: Any, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """What cross-attention `attn` makes of `embeddings` (B, tokens, width); kept for as long as they live."""
        if self._kept is None or self._made_of is None or self._made_of() is not embeddings:
            self._kept = attn.to_k(embeddings), attn.to_v(embeddings)
            self._made_of = weakref.ref(embeddings, self._forget)
        return self._kept

    def _forget(self, dead: weakref.ref[Tensor]) -> None:
        if dead is self._made_of:
            self._kept = self._made_of = None


# diffusers asks for the signature at every call; as an attribute it is at hand.
KeepingAttention.__call__.__signature__ = inspect.signature(KeepingAttention.__call__)  # type: ignore[attr-defined]


CrossAttention: TypeAlias = tuple[Any, KeepingAttention]
"""diffusers' attention module, and its processor."""


def cross_attentions(unet: Any) -> tuple[CrossAttention, ...] | None:
    """Those of `unet` that attend to the prompt; None where any attention is not a `KeepingAttention`."""
    pairs = [(unet.get_submodule(name.removesuffix(".processor")), each) for name, each in unet.attn_processors.items()]
    if not all(isinstance(each, KeepingAttention) for _, each in pairs):
        return None
    return tuple((attn, each) for attn, each in pairs if attn.is_cross_attention)


def keep_keys_and_values(unet: Any) -> None:
    """Give every plain attention of `unet`'s transformer blocks a `KeepingAttention`; others stay as they are."""
    processors = dict(unet.attn_processors)
    for name in processors:
        attn = unet.get_submodule(name.removesuffix(".processor"))
        special = (attn.group_norm, attn.spatial_norm, attn.norm_cross, attn.norm_q, attn.add_k_proj)
        if not any(special) and not attn.residual_connection and attn.rescale_output_factor == 1.0:
            processors[name] = KeepingAttention()
    unet.set_attn_processor(processors)


def slice_attention(part: Any, *, on: bool) -> None:
    """Have every `KeepingAttention` of `part` attend one head at a time, or all at once again."""
    for each in getattr(part, "attn_processors", {}).values():
        if isinstance(each, KeepingAttention):
            each.is_sliced = on


def _attend(query: Tensor, key: Tensor, value: Tensor, scale: float, mask: Tensor | None = None) -> Tensor:
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)


def _heads(values: Tensor, heads: int) -> Tensor:
    """(B, N, heads·width) to (B, heads, N, width)."""
    batch, count, width = values.shape
    return values.view(batch, count, heads, width // heads).transpose(1, 2)
