"""The command line on the real engine, in processes of their own, with a tiny model of random weights."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from studio.core.metadata import read_recipe
from tests.tiny_model import build_tiny_model


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data directory with the tiny model in it."""
    folder = tmp_path_factory.mktemp("data")
    build_tiny_model(folder / "models" / "tiny")
    return folder


def studio(data, *words, **named):
    done = subprocess.run(
        [sys.executable, "-m", "studio", *words, "--data-dir", data],
        capture_output=True, text=True, check=False, encoding="utf-8", **named,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


SMALL = ("--model", "tiny", "--steps", "2", "--width", "64", "--height", "64")


def test_one_seed_is_one_picture_and_its_recipe_makes_it_again(data, tmp_path):
    boat, twin, again = (tmp_path / name for name in ("boat.png", "twin.png", "again.png"))
    for path in (boat, twin):
        done = studio(data, "generate", "a red sailboat", *SMALL, "--seed", "7", "--out", path)
        assert (done.returncode, done.stdout) == (0, f"{path}\n"), done.stderr
    info = studio(data, "info", boat)
    assert json.loads(info.stdout)["recipe"]["seed"] == 7
    done = studio(data, "generate", "--recipe", "-", "--out", again, input=info.stdout)
    assert done.returncode == 0, done.stderr
    assert boat.read_bytes() == twin.read_bytes() == again.read_bytes()
    assert len(read_recipe(boat).model.hash) == 64


def test_a_prompt_over_the_encoders_tokens_is_told_and_nothing_is_written(data, tmp_path):
    done = studio(data, "generate", "sea " * 1300, *SMALL, "--out", tmp_path / "a.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert "tokens, but the model reads 1,200. Shorten it by" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_weights_cut_short_are_told(data, tmp_path):
    folder = build_tiny_model(tmp_path / "cut")
    (weights,) = (folder / "unet").glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    done = studio(data, "generate", "sea", "--model", folder, "--out", tmp_path / "a.png")
    assert (done.returncode, done.stdout) == (1, "")
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"latent-studio: The model in {folder}")
    assert "cannot be loaded" in said
    assert not (tmp_path / "a.png").exists()


def test_ctrl_c_stops_a_picture_in_the_making(data, tmp_path):
    words = [sys.executable, "-m", "studio", "generate", "sea", *SMALL[:2], "--steps", "1000", "--scheduler", "DDIM"]
    process = subprocess.Popen(
        [*words, "--out", tmp_path / "a.png", "--data-dir", data], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    said = b""
    while b"sampling" not in said:
        chunk = os.read(process.stderr.fileno(), 1000)
        assert chunk, said.decode()
        said += chunk
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert said.decode().splitlines()[-1].endswith("latent-studio: stopped")
    assert time.monotonic() - start < 60  # a hang guard, not a measure
    assert list(tmp_path.iterdir()) == []


def test_commands_without_an_engine_import_no_torch(data):
    program = (
        "import sys\nfrom studio.cli import main\n"
        f"main(['models', '--data-dir', {str(data)!r}])\n"
        "print(sorted({'torch', 'diffusers', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
