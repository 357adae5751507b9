"""A drafter that answers when it is told to, with colours that follow the shares."""

import numpy as np
from msgspec.structs import replace

from studio.core.events import Drafted, Finished, Stage
from studio.core.recipe import Recipe

COLORS = np.array([[230, 60, 40], [40, 90, 230], [50, 200, 90], [240, 200, 60], [160, 70, 200]], np.float32)


def picture(recipe: Recipe, side: int = 32) -> np.ndarray:
    shares = recipe.blend.noise_shares
    color = sum(share * COLORS[index % len(COLORS)] for index, share in enumerate(shares))
    return np.broadcast_to(color.astype(np.uint8), (side, side, 3)).copy()


def drafted(recipe: Recipe, *, step_seconds: float = 0.02) -> Drafted:
    """A picture that changes fast around t = 0.7 between two keyframes."""
    t = recipe.blend.noise_shares[1]
    signature = np.full((4, 4, 3), 1 / (1 + np.exp(-20 * (t - 0.7))), np.float32)
    lerp = recipe.blend.law == "Lerp"
    return Drafted(
        picture=picture(recipe), signature=signature, noise_norm=8.0 * (0.71 if lerp else 1.0), noise_dimension=64,
        sampling_seconds=step_seconds * recipe.steps, rest_seconds=0.005,
    )  # fmt: skip


class FakeDrafter:
    """Remembers every question. `controller` gets the answers. With trajectories, drafts begin as deep as asked."""

    def __init__(self) -> None:
        self.drafts, self.tiles, self.renders = {}, {}, {}
        self.submitted, self.withdrawn = [], []
        self.asked_drafts = self.asked_tiles = self.depth = 0
        self.has_trajectories = False
        self.controller = None

    def ask_draft(self, generation: int, recipe: Recipe, depth: int = 0) -> None:
        self.asked_drafts += 1
        self.depth = depth if self.has_trajectories else 0
        self.drafts[generation] = recipe

    def ask_tile(self, generation: int, recipe: Recipe) -> None:
        self.asked_tiles += 1
        self.tiles[generation] = recipe

    def render(self, generation: int, recipe: Recipe) -> None:
        self.renders[generation] = recipe

    def withdraw(self, generation: int) -> None:
        self.withdrawn.append(generation)
        for asked in (self.drafts, self.tiles, self.renders):
            asked.pop(generation, None)

    def submit(self, recipe: Recipe) -> None:
        self.submitted.append(recipe)

    def answer_draft(self) -> Recipe:
        (generation, recipe), *others = self.drafts.items()
        assert not others, "more than one draft at a time"
        del self.drafts[generation]
        self.controller.pictures.on_drafted(generation, replace(drafted(recipe), depth=self.depth))
        return recipe

    def answer_drafts(self) -> int:
        count = 0
        while self.drafts:
            self.answer_draft()
            count += 1
        return count

    def answer_tiles(self, most: int = 10_000) -> int:
        count = 0
        while self.tiles and count < most:
            (generation, recipe), *others = self.tiles.items()
            assert not others, "more than one tile at a time"
            del self.tiles[generation]
            self.controller.pictures.on_drafted(generation, drafted(recipe))
            count += 1
        return count

    def answer_render(self, *, is_belied: bool = False) -> Recipe:
        """The full picture: as the draft was, or nothing like it."""
        ((generation, recipe),) = self.renders.items()
        del self.renders[generation]
        self.controller.pictures.on_previewed(generation, picture(recipe))
        full = picture(recipe, 64)
        full = 255 - full if is_belied else full
        finished = Finished(picture=full, recipe=recipe, seconds={Stage.SAMPLING: 0.5})
        self.controller.pictures.on_rendered(generation, finished)
        return recipe
