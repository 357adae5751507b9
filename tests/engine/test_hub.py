"""Downloads, from a hub on this machine: whole, resumed, checked, and everything that goes wrong told."""

import errno
import json
import re
import threading
from pathlib import Path

import pytest

from studio.core.errors import Cancelled, DownloadError, OptionError
from studio.core.hub import PARTIAL, Fetched
from studio.core.model_places import model_paths
from studio.core.models import read_model
from studio.engine import hub as module
from studio.engine.hub import HuggingFaceHub
from tests.faults import Disk
from tests.hub_server import HubServer, hub_server  # noqa: F401 a fixture
from tests.scripted_engine import write_model

UNET = "unet/model.safetensors"
WEIGHTS = bytes(range(256)) * 2000


@pytest.fixture
def server(hub_server: HubServer, tmp_path: Path) -> HubServer:  # noqa: F811
    """A hub with the model `maker/tiny` and much that is not wanted."""
    folder = write_model(tmp_path / "remote", "Tiny")
    index = json.loads((folder / "model_index.json").read_text())
    index |= {"_class_name": "StableDiffusionPipeline", "safety_checker": ["a", "b"], "feature_extractor": [None, None]}
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / UNET).write_bytes(WEIGHTS)
    (folder / "tokenizer" / "vocab.json").write_bytes(b"{}")
    unwanted = ["all.safetensors", "unet/model.bin", "unet/model.non_ema.safetensors", "unet/run.py", "README.md"]
    unwanted += ["safety_checker/model.safetensors", "vae/model.fp16.safetensors"]
    for name in unwanted:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"unwanted")
    hub_server.add("maker/tiny", folder, license="openrail")
    return hub_server


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def silent(_: Fetched) -> None:
    """A progress that does nothing."""


def test_the_offer_tells_what_would_be_fetched_and_fetches_no_weights(server: HubServer) -> None:
    offer = HuggingFaceHub(server.endpoint).look_up("maker/tiny")
    names = {file.name for file in offer.files}
    assert {"model_index.json", "scheduler/scheduler_config.json", UNET, "vae/model.fp16.safetensors"} <= names
    assert not names & {"all.safetensors", "unet/run.py", "unet/model.bin", "safety_checker/model.safetensors"}
    assert not names & {"vae/model.safetensors", "unet/model.non_ema.safetensors"}
    assert (offer.licence, offer.target, offer.size_bytes > len(WEIGHTS)) == ("openrail", "tiny", True)
    assert not any(path.endswith(".safetensors") for path, _ in server.asked)


@pytest.mark.parametrize("name", ["maker/tiny", " https://huggingface.co/maker/tiny/tree/main ", "maker/tiny/"])
def test_a_whole_download_is_a_model_like_any_other(server: HubServer, models: Path, name: str) -> None:
    hub, told = HuggingFaceHub(server.endpoint), []
    offer = hub.look_up(name)
    assert hub.fetch(offer, models, told.append) == models / "tiny"
    assert read_model(models / "tiny").name == "tiny"
    assert (models / "tiny" / UNET).read_bytes() == WEIGHTS
    assert told[-1].done_bytes == told[-1].total_bytes == offer.size_bytes
    assert [each.done_bytes for each in told] == sorted(each.done_bytes for each in told)
    assert not list(models.rglob("*.part"))
    with pytest.raises(DownloadError, match="is there already"):
        hub.fetch(offer, models, silent)


def test_what_broke_off_is_no_model_and_goes_on_at_the_next_attempt(server: HubServer, models: Path) -> None:
    hub, server.cut_at = HuggingFaceHub(server.endpoint), 300_000
    with pytest.raises(DownloadError, match=r"maker/tiny cannot be fetched: .*\. Try again: it goes on"):
        hub.fetch(hub.look_up("maker/tiny"), models, silent)
    assert list(model_paths([models])) == []
    server.asked.clear()
    hub.fetch(hub.look_up("maker/tiny"), models, silent)
    assert (models / "tiny" / UNET).read_bytes() == WEIGHTS
    (asked,) = [ranged for path, ranged in server.asked if path.endswith(UNET)]
    assert int(asked.removeprefix("bytes=").removesuffix("-")) > 0
    assert not any(path.endswith("vae/config.json") for path, _ in server.asked), "what was whole was fetched again"


def test_a_wrong_checksum_is_told_and_the_file_fetched_anew(server: HubServer, models: Path) -> None:
    hub = HuggingFaceHub(server.endpoint)
    for name in ("scheduler/scheduler_config.json", UNET):
        server.lies = {name}
        with pytest.raises(DownloadError, match=f"{name} arrived damaged"):
            hub.fetch(hub.look_up("maker/tiny"), models, silent)
    server.lies = set()
    hub.fetch(hub.look_up("maker/tiny"), models, silent)
    assert (models / "tiny" / UNET).read_bytes() == WEIGHTS


def test_stop_between_two_pieces_keeps_what_came(server: HubServer, models: Path) -> None:
    def stop(fetched: Fetched) -> None:
        if fetched.name == UNET:
            raise Cancelled

    hub = HuggingFaceHub(server.endpoint)
    with pytest.raises(Cancelled):
        hub.fetch(hub.look_up("maker/tiny"), models, stop)
    assert any((models / PARTIAL).rglob("*.part"))
    assert list(model_paths([models])) == []


def test_a_read_that_waits_for_the_network_is_woken(
    server: HubServer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAIT_SECONDS", 300.0)
    hub, server.cut_at, raised = HuggingFaceHub(server.endpoint), 1000, []
    offer = hub.look_up("maker/tiny")
    server.hold.clear()

    def work() -> None:
        try:
            hub.fetch(offer, models, silent)
        except DownloadError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert server.is_held.wait(30)
    while thread.is_alive():  # the answer's first bytes may still be on their way
        hub.interrupt()
        thread.join(0.05)
    assert len(raised) == 1


@pytest.mark.parametrize(
    ("name", "revision", "sentence"),
    [
        ("maker/none", "", "there is no such model"),
        ("maker/no--name", "", "there is no such model"),
        ("maker/tiny", "v9", "there is no such model, revision or file"),
        ("clip-tokenizer", "", "openai/clip-vit-large-patch14 cannot be fetched: there is no such model"),
    ],
)
def test_what_is_not_there_is_told(server: HubServer, name: str, revision: str, sentence: str) -> None:
    with pytest.raises(DownloadError, match=re.escape(sentence)):
        HuggingFaceHub(server.endpoint).look_up(name, revision)


@pytest.mark.parametrize(("status", "sentence"), [(401, "who you are"), (403, "who you are"), (503, "answered 503")])
def test_a_gated_model_and_a_hub_in_trouble_are_told(server: HubServer, status: int, sentence: str) -> None:
    server.status = status
    with pytest.raises(DownloadError, match=sentence):
        HuggingFaceHub(server.endpoint).look_up("maker/tiny")


def test_no_network_and_offline_are_told(hub_server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    endpoint = hub_server.endpoint
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE is set"):
        HuggingFaceHub(endpoint).look_up("maker/tiny")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with pytest.raises(DownloadError, match="the network failed"):
        HuggingFaceHub("http://127.0.0.1:1").look_up("maker/tiny")


@pytest.mark.parametrize("name", ["", "tiny", "a/b/c", "../etc/passwd", "a b/c", "maker/../tiny"])
def test_what_is_no_name_is_refused_before_anything_is_asked(server: HubServer, name: str) -> None:
    with pytest.raises(OptionError, match="is no name of a model"):
        HuggingFaceHub(server.endpoint).look_up(name)
    assert server.asked == []


def test_an_answer_of_nonsense_is_told(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = server.info("maker/tiny")
    for change in ({"sha": "../../elsewhere"}, {"siblings": [{"rfilename": "a.json", "size": -1, "blobId": "x"}]}):
        monkeypatch.setattr(server, "info", lambda name, change=change: whole | change)
        with pytest.raises(DownloadError, match="the hub’s answer is not understood"):
            HuggingFaceHub(server.endpoint).look_up("maker/tiny")


def test_pickles_other_kinds_and_names_that_lead_elsewhere_are_refused(server: HubServer) -> None:
    hub, files = HuggingFaceHub(server.endpoint), server.repositories["maker/tiny"]
    files["unet/../../evil.json"] = b"{}"
    assert not any(".." in file.name for file in hub.look_up("maker/tiny").files)
    for name in (UNET, "unet/model.non_ema.safetensors"):
        del files[name]
    with pytest.raises(DownloadError, match="its unet is offered only as a pickle"):
        hub.look_up("maker/tiny")
    files["model_index.json"] = json.dumps({"_class_name": "AudioLDMPipeline"}).encode()
    with pytest.raises(DownloadError, match="is a AudioLDMPipeline, which the studio cannot run"):
        hub.look_up("maker/tiny")
    del files["model_index.json"]
    with pytest.raises(DownloadError, match=r"it has no model_index\.json"):
        hub.look_up("maker/tiny")


def test_a_full_disk_is_told_before_and_on_the_way(
    server: HubServer, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = HuggingFaceHub(server.endpoint)
    offer = hub.look_up("maker/tiny")
    models.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(module, "free_disk_bytes", lambda folder: 1000)
        with pytest.raises(DownloadError, match=r"more are needed, and 1\.0 kB are free in .*models\. Free some space"):
            hub.fetch(offer, models, silent)
    disk = Disk(monkeypatch, models)
    disk.arm_every("write", errno.ENOSPC)
    with pytest.raises(DownloadError, match=r"could not be written .*No space left"):
        hub.fetch(offer, models, silent)
    disk.disarm()
    hub.fetch(offer, models, silent)
    assert (models / "tiny" / UNET).read_bytes() == WEIGHTS


def test_a_tokenizer_is_fetched_onto_the_shelf(server: HubServer, models: Path, tmp_path: Path) -> None:
    for name in ("vocab.json", "merges.txt", "pytorch_model.bin", "config.json"):
        (tmp_path / "clip" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "clip" / name).write_bytes(b"{}")
    server.add("openai/clip-vit-large-patch14", tmp_path / "clip")
    hub = HuggingFaceHub(server.endpoint)
    made = hub.fetch(hub.look_up("clip-tokenizer"), models, silent)
    assert made == models / "tokenizers" / "clip"
    assert {path.name for path in made.iterdir()} == {"vocab.json", "merges.txt"}
