"""`latent-studio get`: shown first, agreed to, fetched; from a hub on this machine."""

import json

import pytest

import studio.cli
from studio.engine.hub import HuggingFaceHub
from tests.hub_server import hub_server  # noqa: F401 a fixture
from tests.scripted_engine import write_model


@pytest.fixture
def get(hub_server, tmp_path, monkeypatch, capsys):  # noqa: F811
    folder = write_model(tmp_path / "remote")
    index = json.loads((folder / "model_index.json").read_text()) | {"_class_name": "StableDiffusionPipeline"}
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "tokenizer" / "vocab.json").write_text("{}")
    hub_server.add("maker/tiny", folder, license="mit")
    monkeypatch.setattr(studio.cli, "_hub", lambda: HuggingFaceHub(hub_server.endpoint))

    def run(*arguments):
        code = studio.cli.main(["--data-dir", str(tmp_path / "data"), "get", *arguments])
        return code, *capsys.readouterr()

    return run


def test_a_model_is_fetched_with_yes_and_its_folder_printed(get, tmp_path):
    code, out, err = get("maker/tiny", "--yes")
    target = tmp_path / "data" / "models" / "tiny"
    assert (code, out) == (0, f"{target}\n")
    for said in ("licence: mit", "unet/model.safetensors", " in all, ", f"into {target}"):
        assert said in err


def test_nothing_is_fetched_that_nobody_agreed_to(get, tmp_path, monkeypatch):
    code, out, err = get("maker/tiny")
    assert (code, out) == (2, "")
    assert "Say --yes if you do." in err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin.readline", lambda: "n\n", raising=False)
    code, out, err = get("maker/tiny")
    assert (code, out) == (0, "")
    assert "Nothing was fetched." in err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("name", "expected"), [("maker/none", 1), ("none", 2)])
def test_what_goes_wrong_is_one_sentence(get, name, expected):
    code, out, err = get(name, "--yes")
    assert (code, out) == (expected, "")
    assert "Traceback" not in err
    assert err.count("\n") == 1
