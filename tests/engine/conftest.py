"""Two tiny models: one as Stable Diffusion 1 is (ε, leading), one as Horizon is (v, zero terminal SNR, trailing)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from studio.engine.local import LocalEngine
from tests.tiny_model import build_tiny_model

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """diffusers hands tensors to numpy in a way that numpy 2 frowns at, and torch has not answered yet."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning"))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors this small gain nothing from threads, and lose much where another process is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the models `plain` and `zero`. Not to be written to."""
    folder = tmp_path_factory.mktemp("models")
    build_tiny_model(folder / "plain", tiny_vae=True)
    build_tiny_model(
        folder / "zero", prediction_type="v_prediction", zero_snr=True, downsampling=16, latent_channels=12, seed=1
    )
    return folder


@pytest.fixture(scope="session")
def engine(models: Path) -> LocalEngine:
    """One engine for all tests that leave it as it was: what it made before must never show."""
    return LocalEngine((models,), device="cpu")
