"""Where sampling begins from a picture: its latents, noised; and with a mask, where they are held to it.

SDEdit (Meng et al. 2022, arXiv 2108.01073): a picture is noised to a level in the middle of the schedule, and the rest
is sampled. Blended latent diffusion (Avrahami et al. 2022, arXiv 2206.02779, algorithm 1): after every step, what lies
outside of a mask is replaced by the picture at that level of noise. A soft mask says how late a place comes free:
differential diffusion (Levin & Fried 2023, arXiv 2306.00950, algorithm 1), each pixel with a strength of its own.

An inpainting model (Rombach et al. 2022, arXiv 2112.10752, section 4.5) is shown the mask and what lies outside of it
at every step, so that its latents are left alone until the end.
"""

from dataclasses import dataclass

import numpy as np
import torch
from msgspec.structs import replace
from torch import Tensor
from torch.nn import functional

from studio.core.engine import Report
from studio.core.events import Event, Picture, Stage, Staged, Step
from studio.core.recipe import Recipe
from studio.core.start import Area, Encoding, Enlarging, Start
from studio.core.start_mask import feathered
from studio.core.start_picture import Mask, decode_mask, decode_start
from studio.core.start_region import Stitch
from studio.engine.family import Family, Posterior
from studio.engine.noise import draw_noise, generator_for
from studio.engine.solver import Solver

_ENCODING_STREAM = 0x5EED_1A7E
"""What a recipe's seed is mixed with for the sample of a posterior, so that its noise is not the picture's own z_T."""

_HALF = 128


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A picture's clean latents (1, C, h, w), and `mask` (1, 1, h, w), 0 where they stay and 1 where they are free.

    `is_forgotten`: sampling begins at noise alone, and only the mask keeps anything of the picture. `beside`: what an
    inpainting model is shown behind the noisy latents at every step, (1, 1 + C, h, w). `stitch`: where it is a piece of
    the start alone.
    """

    latents: Tensor
    mask: Tensor | None
    is_forgotten: bool
    beside: Tensor | None = None
    stitch: Stitch | None = None

    def begin(self, solver: Solver, noise: Tensor) -> Tensor:
        """The first latents, with `noise` (1, C, h, w) standard normal."""
        if self.is_forgotten:
            return noise * solver.initial_scale
        return solver.noised(self.latents, noise, 0)

    def hold(self, solver: Solver, noise: Tensor, index: int, latents: Tensor, x0: Tensor) -> tuple[Tensor, Tensor]:
        """`latents` after evaluation `index`, and the `x0` it predicted, both as the mask holds them."""
        if self.mask is None:
            return latents, x0
        left = 1.0 - (solver.evaluations[index].step + 1) / solver.steps
        if self.beside is not None and index + 1 < len(solver.evaluations):
            return latents, torch.where(self.mask > 0, x0, self.latents)
        kept = solver.noised(self.latents, noise, index + 1)
        return torch.where(self.mask > left, latents, kept), torch.where(self.mask > 0, x0, self.latents)

    def shown(self, z: Tensor) -> Tensor:
        """What the model is shown of `z` (B, C, h, w): with what lies outside of the mask, where it wants that."""
        return z if self.beside is None else torch.cat([z, self.beside.expand(len(z), -1, -1, -1)], dim=1)

    def placed(self, picture: Picture) -> Picture:
        """A picture of the latents where it belongs in the start."""
        return picture if self.stitch is None else self.stitch.put_back(picture)


def encode_start(recipe: Recipe, family: Family, report: Report) -> Held | None:
    """The start of `recipe` on the device; None where nothing is kept of it, or there is none.

    Raises PictureError, and whatever `report` raises.
    """
    start = recipe.start
    if start is None or (start.strength == 1.0 and not start.mask):
        return None
    report(Staged(stage=Stage.ENCODING, fraction=1.0, detail="reading the picture"))
    stitch = Stitch(start, recipe.width, recipe.height) if start.area is Area.MASKED else None
    picture, mask = _worked_on(start, stitch)
    posterior = family.encode(picture)
    latents = _sampled(posterior, recipe.seed) if start.encoding is Encoding.SAMPLE else posterior.mean
    if start.enlarging is Enlarging.LATENTS:
        size = family.noise_shape(recipe.width, recipe.height)[-2:]
        latents = functional.interpolate(latents, size, mode="bicubic", antialias=False)
    return Held(
        latents,
        None if mask is None else _latent_mask(mask, latents),
        is_forgotten=start.strength == 1.0,
        beside=_beside(picture, mask, family) if mask is not None and family.inpaints else None,
        stitch=stitch,
    )


def in_place(report: Report, held: Held | None) -> Report:
    """`report`, whose previews lie where they belong in the start, where a piece of it alone is made."""
    if held is None or held.stitch is None:
        return report

    def placed(event: Event) -> None:
        if isinstance(event, Step) and event.preview is not None:
            event = replace(event, preview=held.placed(event.preview))
        report(event)

    return placed


def _worked_on(start: Start, stitch: Stitch | None) -> tuple[Picture, Mask | None]:
    """The picture and its mask, or the piece of them that is worked on."""
    if stitch is None:
        return decode_start(start), decode_mask(start) if start.mask else None
    return stitch.picture, stitch.mask if start.mask else None


def _sampled(posterior: Posterior, seed: int) -> Tensor:
    noise = draw_noise(tuple(posterior.mean.shape), generator_for(seed ^ _ENCODING_STREAM))
    return posterior.mean + posterior.std * noise.to(posterior.mean.device)


def _latent_mask(mask: Mask, latents: Tensor) -> Tensor:
    """The mask at the latents' size: a place is as free as the freest pixel it stands for, and late at a seam."""
    shares = torch.from_numpy(feathered(mask))[None, None].to(latents.device)
    return functional.adaptive_max_pool2d(shares, latents.shape[-2:])


def _beside(picture: Picture, mask: Mask, family: Family) -> Tensor:
    """The mask, and the latents of the picture with grey under it, (1, 1 + C, h, w).

    A mask is hard for these models, at half. As diffusers' and AUTOMATIC1111's pipelines have it, but for two things:
    these latents are the posterior's mean, where theirs are a sample, so that a seed's picture does not hang on it; and
    a latent is masked where any of its pixels is, where they look at one of 64, so that thin strokes are seen.
    """
    is_masked = torch.from_numpy(mask >= _HALF)[None, None]
    values = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].to(torch.float32) / 127.5 - 1.0
    masked = family.encode_tensor(values.masked_fill(is_masked, 0.0)).mean
    shown = functional.adaptive_max_pool2d(is_masked.to(masked.device, torch.float32), masked.shape[-2:])
    return torch.cat([shown, masked], dim=1)
