"""What steers the sampling: the prompts' embeddings, and classifier-free guidance by both in one call of the U-Net."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.core.blend import Keyframe
from studio.core.recipe import Recipe
from studio.engine.embeddings import Embeddings, blend, join, lengthened
from studio.engine.family import Family, Guidance
from studio.engine.lexicon import NO_WORDS, Lexicon
from studio.engine.sampling import Predict
from studio.engine.text import EmbeddingCache


@dataclass(frozen=True, slots=True)
class Conditioning:
    """Embeddings of both prompts, one of each, and the guidance scale (≥ 1)."""

    positive: Embeddings
    negative: Embeddings
    scale: float


class Conditioner:
    """Makes a recipe's conditioning with one model, and keeps the embeddings it made."""

    def __init__(self, family: Family, encoder: str, cache: EmbeddingCache, words: Lexicon = NO_WORDS) -> None:
        """`encoder` names the model's text encoder and the learned `words` in `cache`, which may hold others'."""
        self._family, self._encoder, self._cache, self._words = family, encoder, cache, words

    def prompt(self, recipe: Recipe) -> Embeddings:
        """Embeddings of the prompt, blended where the recipe is a blend. Raises PromptTooLongError."""
        return self._blended("prompt", recipe.prompt, recipe, [each.prompt for each in _keyframes(recipe)])

    def negative_prompt(self, recipe: Recipe) -> Embeddings:
        """The same of the negative prompt."""
        texts = [each.negative_prompt for each in _keyframes(recipe)]
        return self._blended("negative_prompt", recipe.negative_prompt, recipe, texts)

    def keyframe(self, keyframe: Keyframe, recipe: Recipe) -> Embeddings:
        """Embeddings of one keyframe's own prompt. Raises PromptTooLongError."""
        return self._embed("prompt", recipe.prompt if keyframe.prompt is None else keyframe.prompt)

    def conditioning(self, positive: Embeddings, negative: Embeddings, scale: float) -> Conditioning:
        """Both prompts with as many chunks, so that one call can be told both; at scale 1 the negative has no say."""
        if scale != 1.0:
            positive, negative = self._even([positive, negative])
        return Conditioning(positive, negative, scale)

    def _blended(self, name: str, own: str, recipe: Recipe, texts: Sequence[str | None]) -> Embeddings:
        if recipe.blend is None:
            return self._embed(name, own)
        embeddings = [self._embed(name, own if text is None else text) for text in texts]
        shares = recipe.blend.prompt_shares
        counted = {number for number, share in enumerate(shares) if share}
        evened = iter(self._even([embeddings[number] for number in sorted(counted)]))
        return blend([next(evened) if number in counted else each for number, each in enumerate(embeddings)], shares)

    def _even(self, embeddings: Sequence[Embeddings]) -> list[Embeddings]:
        """All with as many chunks as the longest."""
        lengths = {each.tokens.shape[1] for each in embeddings}
        if len(lengths) < 2:
            return list(embeddings)
        empty = self._embed("prompt", "")
        return [lengthened(each, max(lengths), empty) for each in embeddings]

    def _embed(self, name: str, text: str) -> Embeddings:
        kept = self._cache.get((self._encoder, name, text))
        if kept is None:
            kept = self._family.encode_prompt(name, text, self._words)
            self._cache.put((self._encoder, name, text), kept)
        return kept


def guided(family: Family, conditioning: Conditioning) -> Predict:
    """ε̃ = ε(∅) + s·(ε(c) − ε(∅)): Ho & Salimans 2022 (arXiv 2207.12598), equation 6, with s = 1 + w.

    At scale 1 the negative prompt has no say, and the U-Net is asked once instead of twice. So it is always where a
    model was distilled to be told the scale (Meng et al. 2022, arXiv 2210.03142).
    """
    if family.guidance is Guidance.DISTILLED:
        told = conditioning.positive.told(conditioning.scale)
        return lambda z, timestep: family.predict(z, timestep, told)
    if conditioning.scale == 1.0:
        own = conditioning.positive.clone()  # tensors of this picture's: what is derived from them goes with them
        return lambda z, timestep: family.predict(z, timestep, own)
    embeddings = join(conditioning.negative, conditioning.positive)

    def predict(z: Tensor, timestep: Tensor) -> Tensor:
        if family.is_sparing:
            negative = family.predict(z, timestep, conditioning.negative)
            positive = family.predict(z, timestep, conditioning.positive)
            return negative + conditioning.scale * (positive - negative)
        negative, positive = family.predict(torch.cat([z, z]), timestep, embeddings).chunk(2)
        return negative + conditioning.scale * (positive - negative)

    return predict


def _keyframes(recipe: Recipe) -> tuple[Keyframe, ...]:
    return () if recipe.blend is None else recipe.blend.keyframes
