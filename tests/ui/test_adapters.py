"""The list of adapters: files found, added, weighted, removed and taken in; each change one step of undo."""

import json
import struct

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from studio.core.adapters import AdapterUse
from studio.core.events import Failed
from tests.core.test_model_places import SD1, write_file


def write_lora(path, *names):
    """Headers of two halves, as far as anybody looks at them here."""
    header = {
        f"lora_unet_x.lora_{half}.weight": {"dtype": "F32", "shape": [1, 4], "data_offsets": [16 * n, 16 * n + 16]}
        for n, half in enumerate(("down", "up"))
    }
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(32))
    return path


@pytest.fixture
def studio(make_studio, data_dir):
    """One with two adapters, on the screen; it has looked."""
    for name in ("ink", "oil"):
        write_lora(data_dir / "loras" / f"{name}.safetensors")
    made = make_studio()
    made.show()
    made.adapters = made.window.sampling_panel.adapter_list
    made.wait(lambda: names_of(made) == ["ink", "oil"])
    return made


def names_of(studio):
    return [each.text() for each in studio.adapters.menu.actions() if each.text()][:-1]


def add(studio, name):
    next(each for each in studio.adapters.menu.actions() if each.text() == name).trigger()


def used(studio):
    return {each.name: each.strength for each in studio.session.recipe.adapters}


def drop(studio, path, panel=None):
    """Drop a file onto the panel; False where it is not taken."""
    panel, mime = panel or studio.window.sampling_panel, QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(5, 5), *how)
    panel.dragEnterEvent(enter)
    if enter.isAccepted():
        panel.dropEvent(QDropEvent(QPoint(5, 5), *how))
    return enter.isAccepted()


def test_it_is_folded_until_there_is_one(studio):
    assert not studio.adapters.isVisible()
    add(studio, "ink")
    assert studio.adapters.isVisible()
    studio.window.action("undo").trigger()
    assert used(studio) == {}
    assert studio.adapters.rows == ()


def test_each_change_is_a_step_of_undo(studio):
    undo = studio.window.action("undo")
    add(studio, "ink")
    add(studio, "oil")
    studio.find("adapterSpin0").setValue(-3.5)
    studio.find("adapterSlider1").setValue(50)
    studio.find("adapterRemove0").click()
    assert used(studio) == {"oil": 1.5}
    seen = []
    for _ in range(5):
        undo.trigger()
        seen.append(used(studio))
    assert seen == [{"ink": -3.5, "oil": 1.5}, {"ink": -3.5, "oil": 1.0}, {"ink": 1.0, "oil": 1.0}, {"ink": 1.0}, {}]


def test_a_drag_is_one_step_however_it_goes(studio):
    add(studio, "ink")
    slider = studio.find("adapterSlider0")
    slider.setSliderDown(True)
    for position in range(40, 60):
        slider.setValue(position)
    slider.setSliderDown(False)
    assert used(studio) == {"ink": 1.95}
    assert studio.find("adapterSpin0").value() == 1.95
    studio.window.action("undo").trigger()
    assert used(studio) == {"ink": 1.0}
    assert slider.value() == 40


def test_one_that_is_used_is_not_offered_again_and_the_strength_reaches_the_engine(studio):
    add(studio, "ink")
    studio.adapters.menu.aboutToShow.emit()
    offered = {each.text(): each.isEnabled() for each in studio.adapters.menu.actions() if each.text()}
    assert (offered["ink"], offered["oil"]) == (False, True)
    studio.find("adapterSpin0").setValue(0.3)
    studio.finish("a red sailboat")
    assert {each.name: each.strength for each in studio.engine.generated[-1].adapters} == {"ink": 0.3}


def test_a_file_that_is_not_there_is_shown_as_missing(studio, data_dir):
    studio.session.change_recipe(adapters=(AdapterUse(name="gone"), AdapterUse(name="ink")))
    assert "not on this machine" in studio.find("adapterRemark0").text()
    assert studio.find("adapterRemark1").text() == ""
    write_lora(data_dir / "loras" / "gone.safetensors")
    studio.adapters.menu.aboutToShow.emit()
    studio.wait(lambda: studio.find("adapterRemark0").text() == "")


def test_what_the_prompt_says_is_shown_and_not_changed_here(studio):
    add(studio, "ink")
    studio.session.change_recipe(prompt="a boat <lora:INK:0.4> <lora:oil:0.5>")
    assert not studio.find("adapterSpin0").isEnabled()
    assert studio.find("adapterSpin0").value() == 0.4
    assert studio.find("adapterWritten").text() == "In the prompt: oil 0.5"
    studio.session.change_recipe(prompt="a boat")
    assert studio.find("adapterSpin0").isEnabled()
    assert studio.find("adapterSpin0").value() == 1.0


def test_a_dropped_file_is_copied_and_used(studio, tmp_path, data_dir):
    path = write_lora(tmp_path / "elsewhere" / "wash.safetensors")
    assert drop(studio, path)
    studio.wait(lambda: used(studio) == {"wash": 1.0})
    assert (data_dir / "loras" / "wash.safetensors").read_bytes() == path.read_bytes()
    assert "wash.safetensors was copied into the folder loras" in studio.window.status.activity.text()
    studio.wait(lambda: "wash" in names_of(studio))


def test_a_dropped_file_that_is_no_adapter_is_refused_with_a_sentence(studio, tmp_path, data_dir):
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    assert drop(studio, tmp_path / "broken.safetensors")
    studio.wait(lambda: "too short to be a safetensors file" in studio.window.banner.sentence.text())
    assert not drop(studio, tmp_path / "picture.png")
    assert used(studio) == {}
    assert sorted(each.name for each in (data_dir / "loras").iterdir()) == ["ink.safetensors", "oil.safetensors"]


def test_too_many_are_told_in_the_list(studio):
    studio.session.change_recipe(adapters=tuple(AdapterUse(name=f"a{number}") for number in range(17)))
    assert "at most 16 adapters" in studio.find("adapterProblem").text()
    assert not studio.find("addAdapterButton").isEnabled()


def test_another_file_than_the_recipe_was_made_with_can_be_used_at_a_press(studio):
    studio.session.change_recipe(adapters=(AdapterUse(name="ink", hash="ab" * 32),))
    studio.controller.jobs.failed.emit(Failed(sentence="Another file.", kind="AdapterChangedError"))
    studio.window.banner.buttons[0].click()
    assert studio.session.recipe.adapters == (AdapterUse(name="ink"),)


def test_the_folder_is_opened_and_made_where_it_is_missing(make_studio, data_dir, monkeypatch):
    opened = []
    monkeypatch.setattr("studio.ui.adapter_desk.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile()))
    made = make_studio()
    made.window.sampling_panel.adapter_list.menu.aboutToShow.emit()
    made.window.sampling_panel.adapter_list.menu.actions()[-1].trigger()
    assert opened == [str(data_dir / "loras")]
    assert (data_dir / "loras").is_dir()


@pytest.mark.parametrize("name", ["old.ckpt", "old.PT"])
def test_a_dropped_pickle_is_refused_with_the_reason(studio, tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04")
    assert drop(studio, tmp_path / name)
    studio.wait(lambda: f"{name} is a pickle" in studio.window.banner.sentence.text())
    assert studio.window.status.activity.text() == "", "nothing is being copied any more"


@pytest.mark.parametrize("target", ["window", "canvas"])
def test_weights_dropped_elsewhere_are_told_of_too(studio, tmp_path, target):
    canvas = studio.window.canvas_panel.view
    for path, said in (
        (write_file(tmp_path / "one.safetensors", SD1), "one.safetensors is a whole model. Copy it into the folder"),
        (write_lora(tmp_path / "wash.safetensors").rename(tmp_path / "wash.bin"), "wash.bin is a pickle"),
    ):
        assert not (target == "canvas" and drop(studio, path, canvas)), "it is left to the window"
        assert drop(studio, path, studio.window)
        studio.wait(lambda said=said: said in studio.window.banner.sentence.text())
    assert drop(studio, write_lora(tmp_path / "wash.safetensors"), studio.window)
    studio.wait(lambda: used(studio) == {"wash": 1.0})


def test_what_nobody_foresaw_is_told_and_the_copying_is_over(studio, tmp_path, monkeypatch):
    def fail(path, places):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("studio.ui.adapter_desk.take_in", fail)
    assert drop(studio, write_lora(tmp_path / "wash.safetensors"))
    studio.wait(lambda: "Something unforeseen went wrong (PermissionError)" in studio.window.banner.sentence.text())
    assert studio.window.status.activity.text() == ""
    monkeypatch.undo()
    assert drop(studio, tmp_path / "wash.safetensors"), "the next is taken all the same"
    studio.wait(lambda: used(studio) == {"wash": 1.0})
