"""Folders that may not be looked into and files that are none: they stop nobody."""

import os
import shutil
from pathlib import Path

import pytest

from studio.core.adapter_files import adapter_folders, copy_in, find_adapters
from studio.core.decoding import read_pixels
from studio.core.errors import ModelBrokenError, ModelNotFoundError, PictureError, ProjectError
from studio.core.foreign.reader import read_foreign
from studio.core.metadata import read_recipe
from studio.core.model_json import read_json
from studio.core.model_list import look_for_models
from studio.core.model_places import hub_cache
from studio.core.model_rows import sidecar
from studio.core.models import find_models, read_model, resolve_model
from studio.core.project import read_project
from studio.core.reading import entries_in
from studio.core.safetensors_header import read_header
from studio.core.shared_parts import SharedPart, find_shared
from tests.core.test_model_places import SD1, write_file
from tests.scripted_engine import write_model


@pytest.fixture
def forbid(monkeypatch):
    """Forbid everything inside a folder, as its rights do to everybody but root."""

    def forbid(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, own in (("stat", False), ("lstat", False), ("scandir", True), ("listdir", True), ("open", False)):
            monkeypatch.setattr(os, name, guarded(getattr(os, name), folder, own))
        return folder

    def guarded(real, folder, is_own_too):
        def call(path=".", *words, **named):
            at = Path(path) if isinstance(path, str | os.PathLike) else None
            if at is not None and (folder in at.parents or (is_own_too and at == folder)):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *words, **named)

        return call

    return forbid


def test_a_forbidden_folder_hides_itself_alone(tmp_path, forbid):
    write_model(tmp_path / "mine", "Mine")
    write_file(tmp_path / "one.safetensors", SD1)
    forbid(tmp_path / "lost+found")
    forbid(tmp_path / "models--maker--name")
    forbid(tmp_path / "one")  # what belongs to the file beside it
    assert {info.name for info in find_models([tmp_path])} == {"Mine", "one"}
    found = look_for_models([tmp_path, tmp_path / "lost+found" / "inside"])
    assert {info.name for info, _ in found.models} == {"Mine", "one"}
    assert [sidecar(info) for info, _ in found.models] == [None, None]
    assert resolve_model("mine", [tmp_path]).name == "Mine"
    for name in ("inside", str(tmp_path / "lost+found" / "inside"), "~nobody-at-all/x", "nul\0"):
        with pytest.raises(ModelNotFoundError):
            resolve_model(name, [tmp_path, tmp_path / "lost+found"])
    assert find_adapters(adapter_folders([tmp_path / "lost+found"])) == {}
    assert find_shared(SharedPart.CLIP_TOKENIZER, [tmp_path, tmp_path / "lost+found" / "inside"]) is None
    assert hub_cache({"HF_HUB_CACHE": str(tmp_path / "lost+found" / "hub")}) is None


def test_a_model_whose_parts_are_forbidden_is_told(tmp_path, forbid):
    folder = write_model(tmp_path / "mine", "Mine")
    forbid(folder / "unet")
    with pytest.raises(ModelBrokenError, match="unet has no"):
        read_model(folder)
    forbid(folder)
    with pytest.raises(ModelBrokenError, match="Permission denied"):
        read_model(folder)


def test_a_link_to_itself_hides_nothing_beside_it(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "inside").mkdir()
    assert entries_in(tmp_path) == [(tmp_path / "circle", False), (tmp_path / "inside", True)]
    assert entries_in(tmp_path / "circle") == entries_in(Path("nul\0")) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes of that kind")
@pytest.mark.timeout(60)  # which is how waiting for ever would be noticed
def test_nobody_waits_at_a_pipe(tmp_path):
    for name in ("x.safetensors", "x.png", "model_index.json"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "link.png").symlink_to("x.png")
    weights, picture = tmp_path / "x.safetensors", tmp_path / "x.png"
    for read in (read_header, read_model, lambda path: copy_in(path, tmp_path / "home")):
        with pytest.raises(ModelBrokenError, match="not an ordinary file"):
            read(weights)
    for read in (read_pixels, read_foreign, read_recipe):
        for path in (picture, tmp_path / "link.png"):
            with pytest.raises(PictureError, match="not an ordinary file"):
                read(path)
    with pytest.raises(ProjectError, match="not an ordinary file"):
        read_project(picture)
    with pytest.raises(ModelBrokenError, match="not an ordinary file"):
        read_json(tmp_path, "model_index.json")
    assert [each.path for each in look_for_models([tmp_path]).refused] == [weights]
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
