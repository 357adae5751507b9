"""The starting picture through the window: got in, changed, fitted, taken away, refined."""

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu

from studio.core.project import read_project
from studio.core.start import Area, Encoding, Enlarging
from studio.core.start_picture import decode_start
from studio.ui.import_desk import ImportDesk
from tests.fake_engine import scene
from tests.ui.start.conftest import drag_onto

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_a_dropped_picture_is_the_start_at_the_recipes_size(hand):
    before = hand.session.state
    hand.take_start()
    assert hand.pixels.shape == (256, 256, 3)
    wanted = np.asarray(Image.fromarray(scene(400, 300, 5)).crop((50, 0, 350, 300)).resize((256, 256)))
    assert np.abs(hand.pixels.astype(int) - wanted).mean() < 4
    assert hand.studio.find("strengthSlider").isVisible()
    assert "No mask" in hand.studio.find("startShare").text()
    hand.undo()
    assert hand.session.state == before
    assert not hand.studio.find("strengthSlider").isVisible()


@pytest.mark.parametrize("half", ["start", "recipe"])
def test_a_drop_on_the_preview_asks_what_it_is_for(hand, half):
    view = hand.window.preview_view
    assert drag_onto(view, hand.path, 20 if half == "start" else view.width() - 20)
    if half == "start":
        hand.studio.wait(lambda: hand.start is not None)
    else:
        hand.studio.wait(lambda: hand.window.findChild(QDialog, "importPanel") is not None)
        assert hand.start is None
    assert hand.studio.find("dropChoice").isHidden()


def test_what_is_no_picture_is_left_to_the_window(hand, tmp_path):
    project = tmp_path / "sea.lstudio"
    project.touch()
    for widget in (hand.panel, hand.window.preview_view):
        drag_onto(widget, project)
        assert hand.studio.find("dropChoice").isHidden()


def test_a_damaged_picture_is_told(hand, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG and nothing more")
    drag_onto(hand.panel, broken)
    hand.studio.wait(lambda: "broken.png" in hand.studio.find("bannerSentence").text())
    assert hand.start is None


def test_strength_and_encoding_are_steps_of_undo(started):
    find = started.studio.find
    find("strengthSpin").setValue(0.35)
    assert started.start.strength == 0.35
    assert find("strengthSlider").value() == 35
    find("encodingCheck").click()
    assert started.start.encoding is Encoding.SAMPLE
    for _ in range(2):
        started.window.action("undo").trigger()
    assert (started.start.strength, started.start.encoding) == (0.6, Encoding.MEAN)
    assert find("strengthSpin").value() == 0.6
    assert not find("encodingCheck").isChecked()


def test_a_drag_of_the_slider_is_one_step(started):
    slider = started.studio.find("strengthSlider")
    slider.setSliderDown(True)
    for position in (50, 40, 30):
        slider.setValue(position)
        started.session._last_change = (started.session._last_change[0], -1e9)  # as if the hand had rested
    slider.setSliderDown(False)
    assert started.start.strength == 0.3
    started.window.action("undo").trigger()
    assert started.start.strength == 0.6


def test_it_is_taken_away_and_comes_back(started):
    start = started.start
    started.studio.find("removeStartButton").click()
    assert started.start is None
    started.undo()
    assert started.start is start


def test_another_size_fits_it_again_from_where_it_came(started):
    small = started.start
    started.studio.find("widthSpin").setValue(384)
    assert started.studio.find("startProblem").isHidden()
    started.studio.wait(lambda: started.pixels.shape == (256, 384, 3))
    assert started.studio.find("startProblem").isHidden()
    wanted = np.asarray(Image.fromarray(scene(400, 300, 5)).crop((0, 17, 400, 283)).resize((384, 256)))
    assert np.abs(started.pixels.astype(int) - wanted).mean() < 4
    started.window.action("undo").trigger()
    assert started.start is small
    started.window.action("redo").trigger()
    started.studio.wait(lambda: started.pixels.shape == (256, 384, 3))
    started.path.unlink()
    started.studio.find("widthSpin").setValue(320)
    started.studio.wait(lambda: started.pixels.shape == (256, 320, 3))


def test_the_picture_on_show_is_used_to_the_byte(hand):
    hand.studio.finish()
    hand.studio.press(Qt.Key.Key_U, CONTROL | SHIFT)
    hand.studio.wait(lambda: hand.start is not None)
    assert (hand.pixels == scene(256, 256, hand.session.recipe.seed)).all()


def test_a_picture_of_the_library_is_used(hand):
    hand.studio.finish()
    view = hand.studio.find("libraryView")
    view.menuRequested.emit(view.model().row_at(view.model().index(0)), QPoint(10, 10))
    menu = hand.studio.find("libraryMenu", QMenu)
    next(action for action in menu.actions() if action.text() == "Use as start").trigger()
    menu.close()
    hand.studio.wait(lambda: hand.start is not None)


def test_a_file_is_chosen(hand, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(hand.path), ""))
    hand.panel.fold.set_open(True)
    hand.studio.find("chooseStartButton").click()
    hand.studio.wait(lambda: hand.start is not None)


def test_a_picture_is_pasted(hand):
    image = QImage(48, 32, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkGreen)
    QGuiApplication.clipboard().setImage(image)
    hand.studio.press(Qt.Key.Key_V, CONTROL | SHIFT)
    hand.studio.wait(lambda: hand.start is not None)
    assert (hand.pixels == (0, 128, 0)).all()


def test_a_clipboard_without_a_picture_is_told(hand):
    QGuiApplication.clipboard().setText("words")
    hand.window.action("pasteStart").trigger()
    assert "holds no picture" in hand.studio.find("bannerSentence").text()


def test_it_goes_with_the_project(painting, tmp_path):
    painting.stroke((128, 128), (160, 128))
    saved, path = painting.session.recipe, tmp_path / "sea.lstudio"
    desk = painting.studio.controller.projects
    painting.window.action("saveProjectAs").trigger()
    dialog = painting.studio.find("saveProjectDialog", QFileDialog)
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    painting.studio.wait(lambda: desk.document.path == path and not desk.is_changed)
    assert read_project(path).recipe.start == saved.start
    painting.window.action("newProject").trigger()
    assert painting.start is None
    assert painting.layer.isHidden()
    desk.open(path)
    painting.studio.wait(lambda: painting.start == saved.start)


def test_refining_makes_the_picture_again_at_twice_the_size(hand):
    hand.studio.finish()
    made, own = hand.studio.engine.generated[-1], hand.session.state
    hand.studio.press(Qt.Key.Key_R, CONTROL | Qt.KeyboardModifier.AltModifier)
    hand.studio.wait(lambda: len(hand.studio.engine.generated) == 2)
    hand.studio.wait_idle()
    larger = hand.studio.engine.generated[-1]
    assert (larger.width, larger.height, larger.start.strength) == (512, 512, 0.4)
    assert (larger.prompt, larger.seed, larger.steps) == (made.prompt, made.seed, made.steps)
    assert decode_start(larger.start).shape == (512, 512, 3)
    assert hand.session.state == own


def test_refining_beyond_the_largest_size_is_told(hand):
    hand.session.change_recipe(width=64, height=4096)
    hand.studio.finish()
    hand.window.action("refine").trigger()
    hand.studio.wait(lambda: "Height" in hand.studio.find("bannerSentence").text())
    assert len(hand.studio.engine.generated) == 1


def test_what_is_imported_can_be_the_start(hand, monkeypatch):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(hand.path))])

    class Clipboard:
        def clipboard(self):
            return self

        def mimeData(self):
            return mime

    monkeypatch.setattr("studio.ui.import_desk.QGuiApplication", Clipboard())
    hand.window.findChild(ImportDesk).paste()
    hand.studio.wait(lambda: hand.window.findChild(QDialog, "importPanel") is not None)
    hand.studio.find("importStartButton").click()
    hand.studio.wait(lambda: hand.start is not None)


def test_refining_latents_leaves_the_picture_small(hand):
    hand.studio.finish()
    hand.studio.press(Qt.Key.Key_L, CONTROL | Qt.KeyboardModifier.AltModifier)
    hand.studio.wait(lambda: len(hand.studio.engine.generated) == 2)
    hand.studio.wait_idle()
    larger = hand.studio.engine.generated[-1]
    assert (larger.width, larger.height) == (512, 512)
    assert (larger.start.enlarging, larger.start.strength) == (Enlarging.LATENTS, 0.55)
    assert decode_start(larger.start).shape == (256, 256, 3)
    hand.session.change_recipe(start=larger.start)
    check = hand.studio.find("enlargingCheck")
    assert not check.isHidden()
    check.click()
    hand.session.change_recipe(width=512, height=512)
    hand.studio.wait(lambda: hand.pixels.shape == (512, 512, 3))
    assert check.isHidden()


def test_only_the_masked_area_leaves_the_picture_its_size(painting):
    area, padding = painting.studio.find("areaCheck"), painting.studio.find("paddingSpin")
    painting.path.unlink()
    assert not area.isVisible()
    painting.stroke((128, 128), (160, 128))
    assert area.isVisible()
    assert not padding.isVisible()
    area.click()
    padding.setValue(48)
    assert (painting.start.area, painting.start.padding_px) == (Area.MASKED, 48)
    painting.session.change_recipe(width=512, height=384)
    assert painting.studio.find("startProblem").text() == ""
    painting.stroke((64, 64), (90, 64))
    assert painting.pixels.shape == (256, 256, 3)
    assert painting.mask[64, 70] == 255
    area.click()
    painting.studio.wait(lambda: painting.pixels.shape == (384, 512, 3))
    painting.undo()
    assert (painting.start.area, painting.pixels.shape) == (Area.MASKED, (256, 256, 3))


def test_only_the_masked_area_is_worked_on_at_the_pictures_own_size(painting):
    find, layer = painting.studio.find, painting.layer
    painting.stroke((128, 128), (160, 128))
    cropped, steps = painting.start, painting.session.history.place
    find("areaCheck").click()
    painting.studio.wait(lambda: painting.pixels.shape == (300, 400, 3))
    assert painting.session.history.place == steps + 1
    wanted = scene(400, 300, 5)
    assert np.abs(painting.pixels.astype(int) - wanted).mean() < 2, "all of the file, and not the crop enlarged"
    assert painting.mask[150, 50 + 144 * 300 // 256] == 255, "the mask lies where it lay in the picture"
    assert not painting.mask[:, :50].any()
    painting.studio.wait(lambda: layer.painted.shape == (300, 400))
    painting.studio.wait(lambda: "400 × 300 px" in find("startShare").text())
    assert painting.window.preview_view.image.width() == 400
    painting.stroke((20, 20), (30, 20))
    assert painting.mask[20, 25] == 255, "what was cropped away can be painted"
    for _ in range(2):
        painting.window.action("undo").trigger()
    assert painting.start is cropped
    painting.window.action("redo").trigger()
    painting.studio.wait(lambda: painting.pixels.shape == (300, 400, 3))
    painting.studio.finish()
    assert painting.studio.engine.generated[-1].picture_size == (400, 300)
    find("areaCheck").click()
    painting.studio.wait(lambda: painting.pixels.shape == (256, 256, 3))
    assert painting.mask[128, 144] == 255


def test_a_picture_taken_while_only_the_masked_area_is_worked_on_keeps_its_size(painting, tmp_path):
    painting.stroke((128, 128), (160, 128))
    painting.studio.find("areaCheck").click()
    painting.studio.wait(lambda: painting.pixels.shape == (300, 400, 3))
    other = tmp_path / "larger.png"
    Image.fromarray(scene(640, 320, 6)).save(other)
    drag_onto(painting.panel, other)
    painting.studio.wait(lambda: painting.pixels.shape == (320, 640, 3))
    assert (painting.pixels == scene(640, 320, 6)).all()


def test_where_a_picture_came_from_is_gone_the_masked_area_is_that_of_what_is_there(painting):
    painting.stroke((128, 128), (160, 128))
    painting.path.unlink()
    cropped = painting.pixels
    painting.studio.find("areaCheck").click()
    painting.studio.wait(lambda: "256 × 256 px" in painting.studio.find("startShare").text())
    assert (painting.pixels == cropped).all()
    assert painting.start.area is Area.MASKED
