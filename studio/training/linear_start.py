"""An autoencoder that starts as linear algebra.

An untrained convolutional autoencoder spends most of a short training rediscovering that a picture is mostly
its own low frequencies. Here the start is computed instead: the encoder begins as a tree of Karhunen-Loeve
transforms (the closed-form best linear code of 2x2 blocks, of 2x2 blocks of those, ...; Hotelling 1933), the
decoder as the least-squares synthesis of what the encoder keeps, and every residual block as the identity
(its second convolution is zero: Fixup, Zhang et al. 2019). Training only has to add what is not linear.

Two obstacles stand between `AutoencoderKL` and linearity, and both are stepped around exactly:

* SiLU: ``silu(x) - silu(-x) == x``, so each value is carried together with its negative.
* GroupNorm: a group that holds ``x``, ``-x`` and two constants ``C``, ``-C`` has mean exactly zero and a
  variance of nearly ``C**2 / 2`` whatever the picture, so the normalisation is nearly a fixed scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional

Matrix = npt.NDArray[np.float64]

PILOT = 8.0
"""The constant C beside which signal values (standard deviation about 1) hardly change a group's variance."""


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the tree: 2x2 blocks of the level above, flattened ``(channel, row, column)``, to features.

    Attributes:
        forward: ``(kept, 4 * channels_above)``; features are ``forward @ (block - mean)``, about unit variance.
        mean: ``(4 * channels_above,)``.
        deviations: ``(kept,)`` standard deviations of the features in picture units, largest first.
    """

    forward: Matrix
    mean: Matrix
    deviations: Matrix


def block_matrix(features: Tensor) -> Matrix:
    """``(n, c, h, w)`` to rows of flattened 2x2 blocks ``(n * h/2 * w/2, 4c)``, float64."""
    rows = functional.pixel_unshuffle(features, 2).permute(0, 2, 3, 1)
    return np.asarray(rows.reshape(-1, rows.shape[-1]).double().numpy())


def fit_level(rows: Matrix, keep: int, scales_above: Matrix, floor: float) -> Level:
    """Karhunen-Loeve transform of ``rows``, computed in picture units, returned between unit-variance features."""
    units = np.repeat(scales_above, 4)
    mean = rows.mean(axis=0)
    centred = (rows - mean) * units
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    order = np.argsort(values)[::-1][:keep]
    deviations = np.sqrt(np.maximum(values[order], 0.0))
    scales = np.sqrt(deviations**2 + floor**2)
    forward = (vectors[:, order].T * units) / scales[:, None]
    return Level(forward=forward, mean=mean, deviations=scales)


def apply_level(level: Level, features: Tensor) -> Tensor:
    """``(n, c, h, w)`` to ``(n, kept, h/2, w/2)``."""
    weight = torch.from_numpy(level.forward).to(features)
    bias = torch.from_numpy(-level.forward @ level.mean).to(features)
    blocks = functional.pixel_unshuffle(features, 2)
    return functional.conv2d(blocks, weight[:, :, None, None], bias)


def fit_tree(pictures: Tensor, keep: Iterable[int], floor: float = 0.01) -> list[Level]:
    """Levels from finest to coarsest, fitted on ``pictures`` ``(n, 3, h, w)`` float32 in [-1, 1]."""
    features, scales, levels = pictures, np.ones(3), []
    for kept in keep:
        level = fit_level(block_matrix(features), kept, scales, floor)
        features = apply_level(level, features)
        scales = level.deviations
        levels.append(level)
    return levels


def linear_code_psnr(fit: Tensor, held_out: Tensor, channels: Iterable[int], patch: int = 16) -> dict[int, float]:
    """PSNR in dB of the best linear code of ``patch``-square patches, by number of channels kept.

    Fitted on ``fit``, measured on ``held_out``, both ``(n, 3, h, w)`` float32 in [-1, 1].
    """
    rows = _patch_rows(fit, patch)
    mean = rows.mean(axis=0)
    vectors = np.linalg.eigh(np.cov(rows - mean, rowvar=False))[1][:, ::-1]
    test = _patch_rows(held_out, patch) - mean
    result = {}
    for kept in channels:
        basis = vectors[:, :kept]
        error = ((test - test @ basis @ basis.T) ** 2).mean()
        result[kept] = float(10 * np.log10(4.0 / error))
    return result


def _patch_rows(pictures: Tensor, patch: int) -> Matrix:
    rows = functional.pixel_unshuffle(pictures, patch).permute(0, 2, 3, 1)
    return np.asarray(rows.reshape(-1, rows.shape[-1]).double().numpy())


@torch.no_grad()
def start_linear(vae: AutoencoderKL, pictures: Tensor, sigma: float = 0.1) -> None:
    """Overwrite the weights of ``vae`` so that it begins as a linear code of ``pictures``.

    Args:
        vae: any number of halvings; at least 16 channels in 4 channels a group at full size.
        pictures: ``(n, 3, h, w)`` float32 in [-1, 1]; sides divisible by the VAE's factor.
        sigma: standard deviation that the posterior starts with, in units of the latents' own.

    Raises:
        ValueError: the two coarsest widths differ, so that no identity leads from one to the other.
    """
    widths = list(vae.config.block_out_channels)
    if widths[-1] != widths[-2]:
        raise ValueError(f"A linear start needs the last two widths equal, not {widths[-2]} and {widths[-1]}.")
    _silence_residuals(vae)
    pairs_out = _pair_slots(widths[-1], vae.config.norm_num_groups)
    kept = [min(4 * 3, widths[0])]
    for width in widths[1:-2]:
        kept.append(min(4 * kept[-1], width))
    kept.append(min(len(pairs_out), 4 * kept[-1]))
    levels = fit_tree(pictures, kept)
    _write_encoder(vae, levels, pairs_out, sigma)
    _fit_decoder(vae, levels, pictures)


def _silence_residuals(vae: AutoencoderKL) -> None:
    """Every residual block becomes its shortcut; shortcuts and quant convolutions become the identity."""
    for module in vae.modules():
        if hasattr(module, "conv2") and hasattr(module, "conv1"):
            nn.init.zeros_(module.conv2.weight)
            nn.init.zeros_(module.conv2.bias)
            if module.conv_shortcut is not None:
                _identity(module.conv_shortcut)
    _identity(vae.quant_conv)
    _identity(vae.post_quant_conv)


def bias_of(conv: nn.Conv2d) -> Tensor:
    """The bias, which every convolution here has."""
    assert conv.bias is not None
    return conv.bias


def _identity(conv: nn.Conv2d) -> None:
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(bias_of(conv))
    for channel in range(min(conv.in_channels, conv.out_channels)):
        conv.weight[channel, channel] = 1.0


def _pair_slots(width: int, groups: int) -> list[tuple[int, int]]:
    """Channel pairs ``(x, -x)``, the first of every group before the second of any; two pairs a group are pilots."""
    size = width // groups
    spare = 2 if size >= 8 else 1
    count = size // 2 - spare
    return [(g * size + 2 * i, g * size + 2 * i + 1) for i in range(count) for g in range(groups)]


def _pilot_slots(width: int, groups: int) -> list[tuple[int, int]]:
    used = {channel for pair in _pair_slots(width, groups) for channel in pair}
    free = [channel for channel in range(width) if channel not in used]
    return list(zip(free[::2], free[1::2], strict=True))


def _write_encoder(vae: AutoencoderKL, levels: list[Level], pairs: list[tuple[int, int]], sigma: float) -> None:
    encoder = vae.encoder
    encoder.conv_in.weight[:3] = 0.0
    encoder.conv_in.bias[:3] = 0.0
    for colour in range(3):
        encoder.conv_in.weight[colour, colour, 1, 1] = 1.0
    for index, level in enumerate(levels[:-1]):
        slots: list[tuple[int, int | None]] = [(channel, None) for channel in range(len(level.forward))]
        _write_downsampler(encoder.down_blocks[index].downsamplers[0].conv, level, slots)
    last = encoder.down_blocks[len(levels) - 1].downsamplers[0].conv
    _write_downsampler(last, levels[-1], list(pairs))
    groups = encoder.conv_norm_out.num_groups
    size = encoder.conv_norm_out.num_channels // groups
    pilots = _pilot_slots(encoder.conv_norm_out.num_channels, groups)
    _write_pilots(last, pilots)
    _write_linear_norm(encoder.conv_norm_out, size, len(pilots) // groups)
    _write_linear_head(encoder.conv_out, pairs[: vae.config.latent_channels])
    encoder.conv_out.bias[vae.config.latent_channels :] = 2.0 * float(np.log(sigma))


def _write_downsampler(conv: nn.Conv2d, level: Level, slots: list[tuple[int, int | None]]) -> None:
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(bias_of(conv))
    kept, inputs = level.forward.shape
    blocks = torch.from_numpy(level.forward).float().reshape(kept, inputs // 4, 2, 2)
    bias = torch.from_numpy(-level.forward @ level.mean).float()
    for feature, (plus, minus) in zip(range(kept), slots, strict=True):
        conv.weight[plus, : inputs // 4, :2, :2] = blocks[feature]
        bias_of(conv)[plus] = bias[feature]
        if minus is not None:
            conv.weight[minus, : inputs // 4, :2, :2] = -blocks[feature]
            bias_of(conv)[minus] = -bias[feature]


def _write_pilots(conv: nn.Conv2d, pilots: list[tuple[int, int]]) -> None:
    for plus, minus in pilots:
        conv.weight[plus] = 0.0
        conv.weight[minus] = 0.0
        bias_of(conv)[plus] = PILOT
        bias_of(conv)[minus] = -PILOT


def _write_linear_norm(norm: nn.GroupNorm, size: int, pilot_pairs: int) -> None:
    """Undo the scale that the pilots give, taking signal channels at unit variance."""
    variance = (2 * pilot_pairs * PILOT**2 + (size - 2 * pilot_pairs) * 1.0) / size
    nn.init.constant_(norm.weight, variance**0.5)
    nn.init.zeros_(norm.bias)


def _write_linear_head(conv: nn.Conv2d, pairs: list[tuple[int, int]]) -> None:
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(bias_of(conv))
    for channel, (plus, minus) in enumerate(pairs):
        conv.weight[channel, plus, 1, 1] = 1.0
        conv.weight[channel, minus, 1, 1] = -1.0


def _fit_decoder(vae: AutoencoderKL, levels: list[Level], pictures: Tensor) -> None:
    """Least squares from coarse to fine: each convolution predicts the encoder's own features one level up."""
    targets = [pictures]
    for level in levels:
        targets.append(apply_level(level, targets[-1]))
    decoder = vae.decoder
    current = targets[-1][:, : vae.config.latent_channels]
    current = _fit_convolution(decoder.conv_in, current, targets[-1])
    for block, target in zip(list(decoder.up_blocks)[:-2], targets[-2:0:-1], strict=True):
        upsampled = functional.interpolate(current, scale_factor=2.0, mode="nearest")
        current = _fit_convolution(block.upsamplers[0].conv, upsampled, target)
    upsampled = functional.interpolate(current, scale_factor=2.0, mode="nearest")
    _fit_picture_head(decoder, upsampled, pictures)


def _fit_picture_head(decoder: Any, upsampled: Tensor, pictures: Tensor) -> None:
    conv: nn.Conv2d = decoder.up_blocks[-2].upsamplers[0].conv
    norm: nn.GroupNorm = decoder.conv_norm_out
    pairs = _pair_slots(norm.num_channels, norm.num_groups)[:3]
    weight, bias = _least_squares(upsampled, pictures)
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(bias_of(conv))
    _write_pilots(conv, _pilot_slots(norm.num_channels, norm.num_groups))
    for colour, (plus, minus) in enumerate(pairs):
        conv.weight[plus, : weight.shape[1]], bias_of(conv)[plus] = weight[colour], bias[colour]
        conv.weight[minus, : weight.shape[1]], bias_of(conv)[minus] = -weight[colour], -bias[colour]
    power = pictures.square().mean(dim=(0, 2, 3))
    nn.init.ones_(norm.weight)
    nn.init.zeros_(norm.bias)
    size = norm.num_channels // norm.num_groups
    for colour, pair in enumerate(pairs):
        variance = (2 * power[colour] + (size - 2) * PILOT**2) / size
        norm.weight[list(pair)] = variance.sqrt()
    _write_linear_head(decoder.conv_out, pairs)


def _fit_convolution(conv: nn.Conv2d, inputs: Tensor, target: Tensor) -> Tensor:
    """Write the least-squares 3x3 weights for the first channels of ``conv``; return what they predict."""
    weight, bias = _least_squares(inputs, target)
    outputs, used = weight.shape[:2]
    conv.weight[:, used:] *= 0.1
    conv.weight[:outputs] = 0.0
    conv.weight[:outputs, :used] = weight
    bias_of(conv)[:outputs] = bias
    return functional.conv2d(inputs, weight, bias, padding=1)


def _least_squares(inputs: Tensor, target: Tensor, ridge: float = 1e-4) -> tuple[Tensor, Tensor]:
    """Ridge regression of ``target`` ``(n, o, h, w)`` on 3x3 windows of ``inputs`` ``(n, c, h, w)``.

    Returns weight ``(o, c, 3, 3)`` and bias ``(o,)``, float32. At most about 200,000 windows are used.
    """
    count = inputs.shape[1] * 9 + 1
    normal = torch.zeros(count, count, dtype=torch.float64)
    moment = torch.zeros(count, target.shape[1], dtype=torch.float64)
    pixels = inputs.shape[2] * inputs.shape[3]
    for index in range(min(len(inputs), max(1, 200_000 // pixels))):
        windows = functional.unfold(inputs[index : index + 1], 3, padding=1)[0]
        rows = torch.cat([windows, torch.ones(1, windows.shape[1])]).float()
        wanted = target[index].reshape(target.shape[1], -1).float()
        normal += (rows @ rows.T).double()
        moment += (rows @ wanted.T).double()
    penalty = torch.eye(count, dtype=torch.float64) * (ridge * normal.diagonal().mean())
    solution = torch.linalg.solve(normal + penalty, moment).T.float()
    return solution[:, :-1].reshape(-1, inputs.shape[1], 3, 3), solution[:, -1]
