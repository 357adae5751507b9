"""Numbers that overflow: told in a sentence, and forgotten by the next picture."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.core.adapters import AdapterUse
from studio.core.blend import Blend, Keyframe
from studio.core.errors import AdapterError, ModelBrokenError, NumbersOverflowedError
from studio.core.events import Event, PreviewTier
from studio.core.recipe import ModelRef, Recipe
from studio.engine.flow_schedulers import check_shift
from studio.engine.linear_preview import LinearPreview
from studio.engine.local import LocalEngine
from tests.engine.helpers import small
from tests.tiny_checkpoints import write_vae
from tests.tiny_embedding import write_embedding
from tests.tiny_lora import random_halves, write_lora
from tests.tiny_model import build_tiny_model

UNET, VAE = (f"{part}/diffusion_pytorch_model.safetensors" for part in ("unet", "vae"))


def silent(event: Event) -> None:
    """Hear nothing."""


def scale(path: Path, factor: float) -> None:
    """Multiply every weight of a file, as an artist's broken merge would."""
    save_file({key: value * factor for key, value in load_file(path).items()}, path)


@pytest.fixture(scope="module")
def mine(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model `plain`, with an adapter, an embedding and a VAE whose numbers are finite but huge."""
    folder = tmp_path_factory.mktemp("huge")
    shutil.copytree(models / "plain", folder / "plain")
    huge = {layer: (up * 1e30, down) for layer, (up, down) in random_halves(models / "plain", text=False).items()}
    write_lora(folder / "loras" / "huge.safetensors", huge)
    scale(write_embedding(folder / "embeddings" / "moss.safetensors"), 1e37)
    (folder / "vae").mkdir()
    write_vae(build_tiny_model(folder.parent / "other", seed=9), folder / "vae" / "bright.safetensors")
    scale(folder / "vae" / "bright.safetensors", 1e30)
    return folder


@pytest.fixture(scope="module")
def studio(mine: Path) -> LocalEngine:
    return LocalEngine((mine,), device="cpu")


def ends(**changes: object) -> Recipe:
    """A blend of two prompts, such as frames of a walk are."""
    shares = (0.5, 0.5)
    blend = Blend(keyframes=(Keyframe(seed=1), Keyframe(seed=2)), noise_shares=shares, prompt_shares=shares)
    return small(blend=blend, **changes)


HUGE = (AdapterUse(name="huge"),)


@pytest.mark.parametrize("tier", PreviewTier)
@pytest.mark.parametrize("changes", [{"adapters": HUGE}, {"prompt": "a moss"}], ids=["adapter", "embedding"])
def test_a_picture_that_overflows_is_told_and_the_next_is_made(
    studio: LocalEngine, changes: dict[str, object], tier: PreviewTier
) -> None:
    studio.set_preview(tier)
    expected, matrix = studio.generate(small(), silent), studio._loader.loaded.previewer.linear._matrix.clone()
    for work in (studio.generate, studio.draft, lambda recipe, report: list(studio.walk([recipe, recipe], report))):
        with pytest.raises(NumbersOverflowedError, match="Lower the guidance and the strengths of adapters"):
            work(small(**changes), silent)
    with pytest.raises(NumbersOverflowedError):
        list(studio.walk([ends(**changes), ends(**changes)], silent))
    assert torch.equal(studio._loader.loaded.previewer.linear._matrix, matrix), "no preview was learned of it"
    assert studio.generate(small(), silent).picture.tobytes() == expected.picture.tobytes()


def test_it_is_told_at_the_first_step_that_is_lost(studio: LocalEngine) -> None:
    heard: list[Event] = []
    with pytest.raises(NumbersOverflowedError):
        studio.generate(small(adapters=HUGE), heard.append)
    assert not any(hasattr(event, "preview") for event in heard)


def test_a_vae_that_overflows_is_not_put_in(studio: LocalEngine) -> None:
    expected = studio.generate(small(), silent).picture.tobytes()
    with pytest.raises(
        AdapterError,
        match=r"The VAE bright\.safetensors cannot be used: it turns pictures into something that is no number",
    ):
        studio.generate(small(vae=ModelRef(name="bright")), silent)
    assert studio.generate(small(), silent).picture.tobytes() == expected


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (UNET, "the weights of its unet hold something that is no number"),
        ("text_encoder/model.safetensors", "the weights of its text_encoder hold something that is no number"),
        (VAE, "its vae turns pictures into something that is no number"),
    ],
)
def test_a_model_whose_weights_are_no_numbers_is_called_broken(
    models: Path, tmp_path: Path, file: str, sentence: str
) -> None:
    shutil.copytree(models / "plain", tmp_path / "plain")
    scale(tmp_path / "plain" / file, torch.nan)
    with pytest.raises(ModelBrokenError, match=sentence):
        LocalEngine((tmp_path,), device="cpu").generate(small(), silent)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, 1e30])
def test_a_preview_learns_nothing_from_what_is_no_number(bad: float) -> None:
    preview, latents = LinearPreview(channels=4, downsampling=8), torch.randn(1, 4, 8, 8)
    picture = torch.rand(1, 3, 64, 64)
    assert preview.learn(latents, picture)
    before = preview.pixels(latents)
    assert not preview.learn(latents * bad, picture)
    assert not preview.learn(latents, picture * torch.nan)
    assert torch.equal(preview.pixels(latents), before)


@pytest.mark.parametrize(
    "changes", [{"base_image_seq_len": 4096}, {"base_image_seq_len": 4095}, {"max_shift": 100.0}], ids=str
)
def test_levels_that_are_shifted_beyond_all_numbers_are_told(changes: dict[str, float]) -> None:
    check_shift(Path("flux"), {})
    with pytest.raises(ModelBrokenError, match=r"max_image_seq_len of its scheduler_config\.json do not go together"):
        check_shift(Path("flux"), changes)
