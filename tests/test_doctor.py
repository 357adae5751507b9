import errno
import re

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio import doctor
from studio.core.places import Places
from studio.doctor import examine
from tests.faults import Disk
from tests.scripted_engine import write_model


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / "data")


@pytest.fixture
def model(places):
    folder = write_model(places.models / "tested", "Tested")
    for path in folder.glob("*/*.safetensors"):
        save_file({"weight": np.zeros(100, np.float32)}, path)
    return folder


def examined(places, capsys):
    """The exit code and the lines by their mark."""
    code = examine(places, (places.data_dir / "shipped", places.models))
    lines = capsys.readouterr().out.splitlines()
    return code, {mark: [line[5:] for line in lines if line.startswith(mark)] for mark in ("ok  ", "note", "BAD ")}


@pytest.mark.usefixtures("model")
def test_a_good_machine_is_well_and_every_fact_is_named(places, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "missing_packages", list)
    code, found = examined(places, capsys)
    assert (code, found["BAD "]) == (0, [])
    facts = "\n".join(found["ok  "])
    for pattern in (
        r"Python 3\.\d+",
        r"torch \d",
        r"PySide6-Essentials \d",
        r"\d GB of memory",
        r"threads",
        r"bfloat16 is \d+\.\d\d times as fast as float32",
        r"GB free",
    ):
        assert re.search(pattern, facts), pattern
    assert f"the model in {places.models / 'tested'} is complete" in facts
    assert list(places.data_dir.glob(".*")) == []


def test_no_screen_is_a_note_for_the_command_line_works(places, model, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "missing_packages", list)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    code, found = examined(places, capsys)
    assert code == 0
    assert any("there is no display" in line for line in found["note"])


def test_no_model_is_bad(places, capsys):
    code, found = examined(places, capsys)
    assert code == 1
    assert f"There is no model. Put a model's folder into {places.models}." in found["BAD "]


def test_weights_cut_short_are_named(places, model, capsys):
    path = model / "unet" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    code, found = examined(places, capsys)
    assert code == 1
    assert any(str(path) in line and "it is truncated" in line for line in found["BAD "])


def test_a_pickle_is_named(places, model, capsys):
    (model / "vae" / "model.safetensors").rename(model / "vae" / "model.bin")
    code, found = examined(places, capsys)
    assert code == 1
    assert any("model.bin is a pickle" in line for line in found["BAD "])


@pytest.mark.usefixtures("model")
def test_a_data_directory_that_cannot_be_written_is_told(places, capsys, monkeypatch):
    disk = Disk(monkeypatch, places.data_dir)
    disk.arm_every("open", errno.EACCES)
    code, found = examined(places, capsys)
    assert "open" in disk.calls
    assert code == 1
    assert any("Permission denied" in line for line in found["BAD "])


@pytest.mark.usefixtures("model")
def test_missing_system_packages_and_a_missing_library_are_told(places, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "missing_packages", lambda: ["libegl1"])
    monkeypatch.setattr(doctor, "_PACKAGES", ("latent-studio-nowhere",))
    code, found = examined(places, capsys)
    assert code == 1
    assert any("apt-get install --yes libegl1" in line for line in found["BAD "])
    assert "latent-studio-nowhere is not installed. Install Latent Studio again." in found["BAD "]


@pytest.mark.usefixtures("model")
def test_a_torch_that_cannot_be_imported_is_told(places, capsys, monkeypatch):
    def broken(name):
        raise OSError(f"{name}: libgomp.so.1 is missing")

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    code, found = examined(places, capsys)
    assert code == 1
    assert any(line.startswith("torch cannot be imported: torch: libgomp") for line in found["BAD "])


@pytest.mark.usefixtures("model")
def test_unfinished_downloads_are_told(places, capsys):
    part = places.models / ".downloads" / "maker--name--abc" / "model.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(2_000_000))
    _, found = examined(places, capsys)
    assert any(line.startswith("2.0 MB of unfinished downloads in") for line in found["note"])
