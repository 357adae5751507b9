"""Tiny models of every family, as folders, made once."""

from pathlib import Path

import pytest

from studio.engine.local import LocalEngine
from tests.tiny_families import BUILDERS, build_family


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds one tiny model of each family. Not to be written to."""
    folder = tmp_path_factory.mktemp("families")
    for number, name in enumerate(BUILDERS):
        build_family(name, folder / name, seed=number)
    return folder


@pytest.fixture(scope="session")
def family_engine(families: Path) -> LocalEngine:
    return LocalEngine((families,), device="cpu")
