"""The hash of a model: of its bytes, whatever their order, and read only once."""

import hashlib
import os
from pathlib import Path

import pytest

from studio.core.errors import Cancelled
from studio.core.models import read_model
from studio.core.weight_hash import WeightHasher
from tests.scripted_engine import write_model


def write(folder: Path, **files: bytes) -> list[Path]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def nothing(fraction: float) -> None:
    """Hears of progress and does nothing."""


def test_it_is_sha256_over_names_and_digests(tmp_path: Path) -> None:
    files = write(tmp_path, b=b"two", a=b"one")
    lines = [f"{name}\0{hashlib.sha256(data).hexdigest()}\n" for name, data in (("a", b"one"), ("b", b"two"))]
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert WeightHasher().model_hash(tmp_path, files, nothing) == expected
    assert WeightHasher().model_hash(tmp_path, reversed(files), nothing) == expected


def test_one_changed_byte_changes_it(tmp_path: Path) -> None:
    hasher = WeightHasher()
    files = write(tmp_path, a=b"one", b=b"two")
    before = hasher.model_hash(tmp_path, files, nothing)
    write(tmp_path, b=b"twO")
    os.utime(tmp_path / "b", ns=(0, 0))
    assert hasher.model_hash(tmp_path, files, nothing) != before
    write(tmp_path, b=b"two")
    assert hasher.model_hash(tmp_path, files, nothing) == before


def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    hasher, files = WeightHasher(), write(tmp_path, a=b"one", b=b"two")
    first: list[float] = []
    digest = hasher.model_hash(tmp_path, files, first.append)
    assert first == sorted(first)
    assert first[-1] == 1.0
    again: list[float] = []
    assert hasher.model_hash(tmp_path, files, again.append) == digest
    assert again == []


def test_it_can_be_stopped_and_begun_again(tmp_path: Path) -> None:
    hasher, files = WeightHasher(), write(tmp_path, a=b"one", b=b"two")

    def stop(fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        hasher.model_hash(tmp_path, files, stop)
    assert hasher.model_hash(tmp_path, files, nothing) == WeightHasher().model_hash(tmp_path, files, nothing)


def test_it_is_remembered_on_disk_for_all_who_use_it(tmp_path: Path) -> None:
    store, files = tmp_path / "cache" / "hashes.json", write(tmp_path, a=b"one", b=b"two")
    digest = WeightHasher(store).model_hash(tmp_path, files[:1], nothing)
    WeightHasher(store).model_hash(tmp_path, files[1:], nothing)
    heard: list[float] = []
    assert WeightHasher(store).model_hash(tmp_path, files[:1], heard.append) == digest
    WeightHasher(store).model_hash(tmp_path, files, heard.append)
    assert heard == []
    write(tmp_path, a=b"other")
    assert WeightHasher(store).model_hash(tmp_path, files[:1], heard.append) != digest
    store.write_bytes(b"[" * 100_000)
    assert WeightHasher(store).model_hash(tmp_path, files[1:], nothing)


def test_what_is_not_known_yet_is_not_read(tmp_path: Path) -> None:
    folder, hasher = write_model(tmp_path / "m"), WeightHasher()
    info = read_model(folder)
    (folder / "unet" / "model.safetensors").write_bytes(b"weights")
    assert hasher.known_hash(info) == ""
    digest = hasher.hash_of(info, nothing)
    assert hasher.known_hash(info) == digest
    (folder / "unet" / "model.safetensors").write_bytes(b"others")
    assert hasher.known_hash(info) == ""
