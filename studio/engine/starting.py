"""Where sampling begins from a picture: its latents, noised; and with a mask, where they are held to it.

SDEdit (Meng et al. 2022, arXiv 2108.01073): a picture is noised to a level in the middle of the schedule, and the rest
is sampled. Blended latent diffusion (Avrahami et al. 2022, arXiv 2206.02779, algorithm 1): after every step, what lies
outside of a mask is replaced by the picture at that level of noise. A soft mask says how late a place comes free:
differential diffusion (Levin & Fried 2023, arXiv 2306.00950, algorithm 1), each pixel with a strength of its own.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from studio.core.engine import Report
from studio.core.events import Stage, Staged
from studio.core.recipe import Recipe
from studio.core.start import Encoding, Start
from studio.core.start_mask import feathered
from studio.core.start_picture import decode_mask, decode_start
from studio.engine.family import Family, Posterior
from studio.engine.noise import draw_noise, generator_for
from studio.engine.solver import Solver

_ENCODING_STREAM = 0x5EED_1A7E
"""What a recipe's seed is mixed with for the sample of a posterior, so that its noise is not the picture's own z_T."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A picture's clean latents (1, C, h, w), and `mask` (1, 1, h, w), 0 where they stay and 1 where they are free.

    `is_forgotten`: sampling begins at noise alone, and only the mask keeps anything of the picture.
    """

    latents: Tensor
    mask: Tensor | None
    is_forgotten: bool

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
        kept = solver.noised(self.latents, noise, index + 1)
        return torch.where(self.mask > left, latents, kept), torch.where(self.mask > 0, x0, self.latents)


def encode_start(recipe: Recipe, family: Family, report: Report) -> Held | None:
    """The start of `recipe` on the device; None where nothing is kept of it, or there is none.

    Raises PictureError, and whatever `report` raises.
    """
    start = recipe.start
    if start is None or (start.strength == 1.0 and not start.mask):
        return None
    report(Staged(stage=Stage.ENCODING, fraction=1.0, detail="reading the picture"))
    posterior = family.encode(decode_start(start))
    latents = _sampled(posterior, recipe.seed) if start.encoding is Encoding.SAMPLE else posterior.mean
    return Held(latents, _latent_mask(start, latents), is_forgotten=start.strength == 1.0)


def _sampled(posterior: Posterior, seed: int) -> Tensor:
    noise = draw_noise(tuple(posterior.mean.shape), generator_for(seed ^ _ENCODING_STREAM))
    return posterior.mean + posterior.std * noise.to(posterior.mean.device)


def _latent_mask(start: Start, latents: Tensor) -> Tensor | None:
    """The mask at the latents' size: a place is as free as the freest pixel it stands for, and late at a seam."""
    if not start.mask:
        return None
    shares = torch.from_numpy(feathered(decode_mask(start)))[None, None].to(latents.device)
    return functional.adaptive_max_pool2d(shares, latents.shape[-2:])
