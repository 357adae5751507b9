"""Keyframes that are pictures: their noise is found by inversion, kept, and leads back to the picture."""

import io

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.blend import Blend, Keyframe
from studio.core.errors import Cancelled, PictureError
from studio.core.events import Staged
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Schedule, Scheduler
from studio.engine.keyframes import decode_picture
from studio.engine.local import LocalEngine
from tests.engine.helpers import Recorder, small


def png(width: int, height: int, mode: str = "RGB") -> bytes:
    """A picture with large shapes."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    values = np.stack([x, y, (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1], axis=-1) * 255
    buffer = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def painted(picture: bytes, **changes: object) -> Recipe:
    """The recipe of a canvas standing on a keyframe that is `picture`."""
    closeness = changes.pop("closeness", 1.0)
    keyframes = (Keyframe(seed=7, picture=picture, closeness=closeness), Keyframe(seed=8))
    blend = Blend(keyframes=keyframes, noise_shares=(1.0, 0.0), prompt_shares=(1.0, 0.0))
    ddim = {"scheduler": Scheduler.DDIM, "schedule": Schedule.SGM_UNIFORM, "guidance": 1.0, "steps": 20}
    return msgspec.structs.replace(small(model=ModelRef(name="zero")), blend=blend, **ddim, **changes)


def test_on_its_keyframe_a_picture_comes_back(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    # The weights are random, and their flow is far from smooth; on Horizon three rounds come to 0.9999.
    monkeypatch.setattr("studio.engine.inversion.REFINEMENTS", 8)
    engine.close()
    data = png(64, 64)
    made = engine.generate(painted(data), Recorder()).picture.astype(float)
    family = engine._loader.loaded.family  # the VAE's own reconstruction is the most that can come back
    mean = family.encode(decode_picture(data, 64, 64)).mean
    reconstruction = family.decode(mean).astype(float)
    assert np.corrcoef(made.ravel(), reconstruction.ravel())[0, 1] > 0.85
    other = engine.generate(painted(data, closeness=0.0), Recorder()).picture.astype(float)
    assert np.abs(made - reconstruction).mean() < np.abs(other - reconstruction).mean() / 2
    engine.close()


def test_without_closeness_only_the_seed_counts(engine: LocalEngine) -> None:
    loose = painted(png(64, 64), closeness=0.0)
    plain = msgspec.structs.replace(loose, blend=None, seed=7)
    assert (engine.generate(loose, Recorder()).picture == engine.generate(plain, Recorder()).picture).all()


def test_a_noise_once_found_is_kept_for_the_drafts(models) -> None:
    engine = LocalEngine((models,), device="cpu")
    recipe = painted(png(64, 64))

    def searches() -> int:
        recorder = Recorder()
        engine.draft(msgspec.structs.replace(recipe, steps=2), recorder)
        return sum(isinstance(event, Staged) and "noise" in event.detail for event in recorder.events)

    assert searches() > 0
    assert searches() == 0
    engine.close()
    assert searches() > 0


def test_stop_is_heard_while_a_noise_is_sought(models) -> None:
    engine = LocalEngine((models,), device="cpu")
    engine.load("zero", Recorder())

    def report(event) -> None:
        if isinstance(event, Staged) and "noise" in event.detail:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.generate(painted(png(64, 64)), report)
    assert engine.generate(painted(png(64, 64)), Recorder()).picture.shape == (64, 64, 3)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_pictures_of_other_sizes_and_modes_are_fitted(mode: str) -> None:
    picture = decode_picture(png(90, 50, mode), 64, 32)
    assert (picture.shape, picture.dtype) == ((32, 64, 3), np.uint8)


@pytest.mark.parametrize("data", [b"png", png(64, 64)[:200], b"\xff\xd8\xff\xe0" + bytes(100)])
def test_what_is_no_png_is_one_sentence(engine: LocalEngine, data: bytes) -> None:
    with pytest.raises(PictureError, match="keyframe's picture cannot be read"):
        engine.generate(painted(data), Recorder())


def test_a_bomb_is_not_unpacked() -> None:
    buffer = io.BytesIO()
    Image.new("L", (20_000, 20_000)).save(buffer, "PNG")
    with pytest.raises(PictureError, match="usable size"):
        decode_picture(buffer.getvalue(), 64, 64)
