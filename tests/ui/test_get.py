"""Fetching models and what single files lack: asked for, shown, agreed to, stopped; in the real window."""

import json
import threading

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QTreeWidget

from studio.core.errors import DownloadError, SharedPartMissingError
from studio.core.hub import Fetched, Offer, RemoteFile
from tests.fake_engine import FakeEngine
from tests.ui.conftest import write_fake_model

OFFER = Offer(
    repository="maker/new",
    revision="0123456789abcdef",
    files=(
        RemoteFile(name="model_index.json", size_bytes=600),
        RemoteFile(name="unet/model.safetensors", size_bytes=3_400_000_000),
    ),
    licence="openrail",
    target="new",
)


class FakeHub:
    """Offers `offer`; a fetch waits between two pieces until it may go on, and then makes a model."""

    def __init__(self):
        self.offer, self.looked_up, self.failure = OFFER, [], None
        self.may_go_on, self.interrupts, self.threads = threading.Event(), 0, set()

    def look_up(self, name, revision=""):
        self.threads.add(threading.current_thread().name)
        self.looked_up.append((name, revision))
        if name == "maker/none":
            raise DownloadError(name, "there is no such model", "Check its name.")
        return msgspec.structs.replace(self.offer, repository=name)

    def fetch(self, offer, models, progress):
        progress(Fetched("unet/model.safetensors", 1_700_000_000, offer.size_bytes))
        self.may_go_on.wait(30)
        progress(Fetched("unet/model.safetensors", offer.size_bytes, offer.size_bytes))
        if self.failure is not None:
            raise self.failure
        if offer.target == "new":
            return write_fake_model(models, "new")
        (models / offer.target).mkdir(parents=True)
        return models / offer.target

    def interrupt(self):
        self.interrupts += 1
        self.may_go_on.set()


@pytest.fixture
def hub():
    return FakeHub()


@pytest.fixture
def studio(make_studio, hub):
    made = make_studio(make_hub=lambda: hub)
    made.show()
    return made


def looked_up(studio, name="maker/new"):
    """The dialog, with what the hub offers in it."""
    studio.window.action("getModel").trigger()
    dialog = studio.find("getDialog", QDialog)
    studio.qtbot.keyClicks(studio.find("getNameEdit", QLineEdit), name)
    studio.press(Qt.Key.Key_Return, widget=studio.find("getNameEdit"))
    studio.wait(lambda: not studio.find("getStopButton").isVisible())
    return dialog


def text(studio, name):
    return studio.find(name, QLabel).text()


def test_nothing_is_asked_before_the_artist_asks_and_off_the_windows_thread(studio, hub):
    assert hub.looked_up == []
    looked_up(studio)
    assert hub.looked_up == [("maker/new", "")]
    assert all(name.startswith("downloads") for name in hub.threads)


def test_what_would_be_fetched_is_shown_first(studio, data_dir):
    dialog = looked_up(studio)
    assert not dialog.isModal()
    files = studio.find("getFileList", QTreeWidget)
    assert [files.topLevelItem(row).text(0) for row in range(files.topLevelItemCount())] == [
        "model_index.json",
        "unet/model.safetensors",
    ]
    assert (text(studio, "getLicence"), text(studio, "getSize")) == ("openrail", "3.4 GB in 2 files")
    assert text(studio, "getInto") == str(data_dir / "models" / "new")
    assert text(studio, "getFree").endswith("B")


def test_a_fetched_model_comes_into_the_list(studio, hub):
    looked_up(studio)
    studio.find("getFetchButton").click()
    studio.wait(lambda: "1.7 GB of 3.4 GB" in text(studio, "getActivity"))
    assert studio.find("getProgress").value() == 499
    hub.may_go_on.set()
    studio.wait(lambda: "It is in" in text(studio, "getActivity"))
    assert not studio.find("getFetchButton").isVisible()
    studio.wait(lambda: studio.find("modelCombo").findText("new") >= 0)


def test_stop_is_obeyed_at_once_and_the_offer_stays(studio, hub):
    looked_up(studio)
    studio.find("getFetchButton").click()
    studio.wait(lambda: "1.7 GB" in text(studio, "getActivity"))
    before = hub.interrupts
    studio.find("getStopButton").click()
    assert hub.interrupts > before
    assert text(studio, "getProblem").startswith("Stopped. What came is kept")
    assert studio.find("getFetchButton").isVisible()


def test_what_is_not_there_and_what_fails_is_said_in_the_dialog(studio, hub):
    looked_up(studio, "maker/none")
    assert text(studio, "getProblem") == "maker/none cannot be fetched: there is no such model. Check its name."
    studio.find("getNameEdit", QLineEdit).clear()
    looked_up(studio)
    hub.failure = DownloadError("maker/new", "the network failed", "Try again.")
    hub.may_go_on.set()
    studio.find("getFetchButton").click()
    studio.wait(lambda: "the network failed" in text(studio, "getProblem"))
    assert studio.find("getFetchButton").isVisible()


def test_a_failure_is_told_in_the_window_where_the_dialog_is_closed(studio, hub):
    dialog = looked_up(studio)
    studio.find("getFetchButton").click()
    studio.wait(lambda: "1.7 GB" in text(studio, "getActivity"))
    dialog.close()
    hub.failure = DownloadError("maker/new", "the network failed", "Try again.")
    hub.may_go_on.set()
    studio.wait(lambda: "the network failed" in studio.window.banner.sentence.text())


class Lacking(FakeEngine):
    """Cannot load before its tokenizer is there."""

    def __init__(self, shelf):
        super().__init__()
        self.shelf = shelf

    def load(self, model, report):
        if not self.shelf.exists():
            raise SharedPartMissingError(self.shelf / "one.safetensors", "clip-tokenizer", "CLIP tokenizer", self.shelf)
        return super().load(model, report)


@pytest.fixture
def lacking(make_studio, hub, data_dir):
    made = make_studio(Lacking(data_dir / "models" / "tokenizers" / "clip"), make_hub=lambda: hub)
    made.show()
    made.wait(lambda: "without its CLIP tokenizer" in made.window.banner.sentence.text())
    return made


def answers(studio):
    return {button.text(): button for button in studio.window.banner._buttons}


def test_a_missing_tokenizer_is_fetched_where_the_artist_agrees_and_the_model_loaded(lacking, hub):
    hub.offer = msgspec.structs.replace(OFFER, target="tokenizers/clip")
    next(button for name, button in answers(lacking).items() if name.startswith("Fetch it (1.5 MB)")).click()
    lacking.wait(lambda: lacking.find("getFetchButton").isVisible())
    assert hub.looked_up == [("clip-tokenizer", "")]
    hub.may_go_on.set()
    lacking.find("getFetchButton").click()
    lacking.wait(lambda: lacking.engine.loaded == ["Fake"])
    assert lacking.window.banner.isHidden()


def test_a_missing_tokenizer_is_taken_from_a_folder(lacking, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    answers(lacking)["Choose a folder…"].click()
    lacking.find("sharedPartDialog", QDialog).fileSelected.emit(str(folder))
    lacking.wait(lambda: "it is no CLIP tokenizer, which has vocab.json" in lacking.window.banner.sentence.text())
    (folder / "vocab.json").write_text(json.dumps({str(number): number for number in range(49_408)}))
    (folder / "merges.txt").write_text("")
    lacking.find("sharedPartDialog", QDialog).fileSelected.emit(str(folder))
    lacking.wait(lambda: lacking.engine.loaded == ["Fake"])
    lacking.find("sharedPartDialog", QDialog).reject()
