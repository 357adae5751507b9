"""What text encoders make of a prompt: a frozen set of tensors, blended, joined and kept as one value."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from studio.engine.blending import blend_embeddings


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """A prompt as a model is told it, B prompts at once. What a family has no use for is None.

    `tokens` (B, tokens, width); `pooled` (B, width), of the whole text; `mask` (B, tokens), 1 where there is a word
    and 0 where there is padding; `guidance` (B,) float32, for models that are told the scale instead of asked twice.
    """

    tokens: Tensor
    pooled: Tensor | None = None
    mask: Tensor | None = None
    guidance: Tensor | None = None

    @property
    def size_bytes(self) -> int:
        """What they take of memory."""
        return sum(each.numel() * each.element_size() for each in self._tensors())

    def clone(self) -> "Embeddings":
        """The same values in tensors of their own: what is derived from these goes with them."""
        return self._each(lambda tensor: tensor.clone())

    def zeros(self) -> "Embeddings":
        """The same shapes, all zero but for the mask."""
        return replace(self._each(torch.zeros_like), mask=self.mask)

    def told(self, scale: float) -> "Embeddings":
        """The same with the guidance scale among them."""
        guidance = torch.full((len(self.tokens),), scale, dtype=torch.float32, device=self.tokens.device)
        return replace(self.clone(), guidance=guidance)

    def _tensors(self) -> Iterator[Tensor]:
        return (each for each in (self.tokens, self.pooled, self.mask, self.guidance) if each is not None)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Embeddings":
        changed = [None if each is None else change(each) for each in (self.pooled, self.mask, self.guidance)]
        return Embeddings(change(self.tokens), *changed)


def join(first: Embeddings, second: Embeddings) -> Embeddings:
    """Both, one after the other, along the batch; they are of one family."""

    def both(one: Tensor | None, other: Tensor | None) -> Tensor | None:
        return None if one is None or other is None else torch.cat([one, other])

    return Embeddings(
        torch.cat([first.tokens, second.tokens]), both(first.pooled, second.pooled), both(first.mask, second.mask)
    )


def lengthened(embeddings: Embeddings, length: int, empty: Embeddings) -> Embeddings:
    """The same with chunks of the `empty` prompt after its own, until there are `length` tokens; zeros stay zeros."""
    missing = length - embeddings.tokens.shape[1]
    if missing <= 0:
        return embeddings
    filler = empty.tokens if embeddings.tokens.any() else torch.zeros_like(empty.tokens)
    chunks = [filler] * (missing // filler.shape[1])
    return replace(embeddings, tokens=torch.cat([embeddings.tokens, *chunks], dim=1))


def blend(embeddings: Sequence[Embeddings], shares: Sequence[float]) -> Embeddings:
    """The weighted mean, tensor by tensor; on a keyframe (share 1) that keyframe's own, to the bit.

    A mask says which positions count: in a blend, those that count for any of the prompts that have a share.
    """
    if 1.0 in shares:
        return embeddings[list(shares).index(1.0)]
    counted = [each for each, share in zip(embeddings, shares, strict=True) if share]
    pooled = [each.pooled for each in embeddings if each.pooled is not None]
    masks = [each.mask for each in counted if each.mask is not None]
    return Embeddings(
        blend_embeddings([each.tokens for each in embeddings], shares),
        blend_embeddings(pooled, shares) if pooled else None,
        torch.stack(masks).amax(dim=0) if masks else None,
    )
