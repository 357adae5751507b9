"""Blending noises and embeddings. They are different things and follow different laws.

Noise is a sample of N(0, I): in d dimensions it lies close to the sphere of radius sqrt(d), and a plain weighted mean
falls inside that sphere, where no denoiser was trained; its pictures are grey. Embeddings live in no such shell and are
averaged plainly.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from studio.core.blend import Law, noise_weights


def blend_noise(noises: Sequence[Tensor], noise_shares: Sequence[float], law: Law) -> Tensor:
    """The noise at a point between keyframes.

    Args:
        noises: one tensor a keyframe, all of one shape, any float dtype, N(0, 1) or inverted pictures.
        noise_shares: one share a keyframe, none negative, summing to 1.
        law: how to mix.

    Returns:
        A tensor of the same shape and dtype; on a keyframe (share 1) that keyframe's own noise, to the bit.
    """
    if 1.0 in noise_shares:
        return noises[list(noise_shares).index(1.0)].clone()
    stacked = torch.stack([noise.flatten() for noise in noises]).double()
    match law:
        case Law.LERP:
            mixed = torch.tensor(noise_shares, dtype=torch.float64) @ stacked
        case Law.SLERP:
            mixed = _slerp(stacked[0], stacked[1], noise_shares[1])
        case Law.COLUMNS:
            mixed = _slerp_columns(noises[0].double(), noises[1].double(), noise_shares[1])
        case Law.GRAM:
            mixed = _gram_normalised(stacked, noise_weights(noise_shares))
    return mixed.to(noises[0].dtype).reshape(noises[0].shape)


def _gram_normalised(stacked: Tensor, weights: Sequence[float]) -> Tensor:
    """Return z = Σ wᵢxᵢ · sqrt((Σ wᵢ² Gᵢᵢ / Σ wᵢ²) / (wᵀ G w)), with G = X Xᵀ the Gram matrix of the noises.

    The squared norm becomes the mean of the keyframes' own, weighted by wᵢ². Unlike Σ wᵢxᵢ / ‖w‖ it does not assume
    that the noises are independent, so it holds with one seed on the canvas twice, and with inverted pictures.
    stacked: (keyframes, d) float64.
    """
    w = torch.tensor(weights, dtype=torch.float64)
    gram = stacked @ stacked.T
    wanted = (w.square() * gram.diagonal()).sum() / w.square().sum()
    found = w @ gram @ w
    if found <= 1e-12 * wanted:  # opposite noises that cancel: there is no direction to scale
        return w @ stacked
    return (w @ stacked) * torch.sqrt(wanted / found)


def _slerp(start: Tensor, end: Tensor, t: float) -> Tensor:
    """Shoemake 1985, between two vectors of shape (d,), by the angle between the whole vectors."""
    cosine = (start @ end / (start.norm() * end.norm())).clamp(-1, 1).item()
    angle = math.acos(cosine)
    if math.sin(angle) < 1e-6:  # parallel: the chord is the arc
        return (1 - t) * start + t * end
    return (math.sin((1 - t) * angle) * start + math.sin(t * angle) * end) / math.sin(angle)


def _slerp_columns(start: Tensor, end: Tensor, t: float) -> Tensor:
    """Slerp between the columns of (B, C, h, w), each a vector of h numbers, as AUTOMATIC1111 does since version 1.0.

    Each column turns by its own angle, so the norm of the whole is kept only nearly.
    """
    cosines = nn.functional.cosine_similarity(start, end, dim=-2).clamp(-1, 1)
    angles = torch.acos(cosines).unsqueeze(-2)
    sines = torch.sin(angles)
    arc = (torch.sin((1 - t) * angles) * start + torch.sin(t * angles) * end) / sines
    return torch.where(sines < 1e-6, (1 - t) * start + t * end, arc)


def blend_embeddings(embeddings: Sequence[Tensor], prompt_shares: Sequence[float]) -> Tensor:
    """The weighted mean of token embeddings (1, tokens, width), or of pooled ones (1, width), token by token.

    Token encoders that pad, such as CLIP's, pad every prompt to one length, so positions match. On a keyframe (share 1)
    the result is that keyframe's own embeddings, to the bit.
    """
    if 1.0 in prompt_shares:
        return embeddings[list(prompt_shares).index(1.0)]
    pairs = [(share, each) for share, each in zip(prompt_shares, embeddings, strict=True) if share]
    return torch.stack([share * each for share, each in pairs]).sum(dim=0)
