"""Families on the canvas: prompts blend, a picture becomes noise and comes back, drafts are made."""

import io

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.blend import Blend, Keyframe
from studio.core.recipe import Recipe
from studio.engine.local import LocalEngine
from tests.engine.families.test_families_agree import own
from tests.engine.helpers import Recorder, psnr

FAMILIES = ("sdxl", "sd3", "flux", "pixart")


def blended(name: str, weights: tuple[float, float]) -> Recipe:
    keyframes = (Keyframe(prompt="a red sailboat", seed=7), Keyframe(prompt="a blue mountain at night", seed=8))
    return own(name, blend=Blend(keyframes=keyframes, noise_shares=weights, prompt_shares=weights))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_blend_is_its_keyframe_at_the_ends_and_neither_between(family_engine: LocalEngine, name: str) -> None:
    start = family_engine.generate(blended(name, (1.0, 0.0)), Recorder()).picture
    alone = family_engine.generate(own(name), Recorder()).picture
    assert psnr(start, alone) == 99.0
    middle = family_engine.draft(blended(name, (0.5, 0.5)), Recorder())
    # 256 values vary by some 4 %; a plain mean of the two would be 29 % short.
    assert abs(middle.noise_norm / middle.noise_dimension**0.5 - 1) < 0.1
    halfway = family_engine.generate(blended(name, (0.5, 0.5)), Recorder()).picture
    end = family_engine.generate(blended(name, (0.0, 1.0)), Recorder()).picture
    assert psnr(halfway, start) < 45
    assert psnr(halfway, end) < 45


@pytest.mark.parametrize("name", ["sd3", "flux"])
def test_on_a_flow_a_picture_becomes_noise_and_comes_back(family_engine: LocalEngine, name: str) -> None:
    plain = own(name, guidance=1.0, steps=20)
    picture = family_engine.generate(plain, Recorder()).picture
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "PNG")
    keyframes = (Keyframe(seed=1, prompt="a red sailboat", picture=data.getvalue()), Keyframe(seed=8))
    blend = Blend(keyframes=keyframes, noise_shares=(1.0, 0.0), prompt_shares=(1.0, 0.0))
    recipe = msgspec.structs.replace(plain, blend=blend)
    back = family_engine.generate(recipe, Recorder()).picture
    other = family_engine.generate(msgspec.structs.replace(plain, seed=99), Recorder()).picture
    loaded = family_engine._loader.loaded
    assert loaded is not None
    most = loaded.family.decode(loaded.family.encode(picture).mean)  # the VAE's own reconstruction
    assert psnr(back, most) > psnr(other, most) + 3
    assert np.isfinite(back.astype(float)).all()
