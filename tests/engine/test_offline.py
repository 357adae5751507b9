"""The engine never speaks to a network, says nothing on its own, and knows no window."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from studio.engine.local import LocalEngine
from tests.engine.helpers import Recorder, small

PROGRAM = """
import socket, sys, warnings
def blocked(*args, **kwargs):
    raise AssertionError("the network was touched")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = blocked
from pathlib import Path
from studio.core.recipe import ModelRef, Recipe
from studio.engine.local import LocalEngine
engine = LocalEngine((Path(sys.argv[1]),), device="cpu")
recipe = Recipe(prompt="a red sailboat", width=64, height=64, steps=2, model=ModelRef(name="plain"))
assert engine.generate(recipe, lambda event: None).picture.shape == (64, 64, 3)
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"PySide6", "torchvision", "studio.ui"}, loaded
"""


def test_a_fresh_process_makes_a_picture_offline_and_in_silence(models: Path, tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    clean |= {"HF_HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(models)],
        env=clean,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")


def test_no_address_is_looked_up(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def blocked(*_: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "getaddrinfo", blocked)
    monkeypatch.setattr(socket.socket, "connect", blocked)
    with pytest.raises(AssertionError, match="touched"):
        socket.create_connection(("example.org", 80))
    assert LocalEngine((models,), device="cpu").generate(small(), Recorder()).picture.shape == (64, 64, 3)
