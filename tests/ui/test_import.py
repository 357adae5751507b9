"""Pictures and settings of other programs, through the window: dropped, opened, pasted."""

import io

import pytest
from msgspec.structs import replace
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QTableWidget

from studio.core.blend import Law
from studio.core.canvas_edits import variation_canvas
from studio.core.export import export_bytes
from studio.core.export_options import ExportOptions, Format
from studio.core.infotext import infotext
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import Scheduler
from studio.ui.images import to_picture
from studio.ui.import_desk import ImportDesk

TEXT = (
    "a castle at night\nNegative prompt: fog\nSteps: 30, Sampler: Euler a, CFG scale: 6, Seed: 965400086, "
    "Size: 512x768, Model: dreams, Clip skip: 2, Version: v1.9.4"
)
VARIATION = TEXT.replace("Clip skip: 2", "Variation seed: 7, Variation seed strength: 0.25")


def picture_with(path, text=TEXT):
    info = PngInfo()
    info.add_text("parameters", text)
    Image.new("RGB", (40, 60), "teal").save(path, pnginfo=info)
    return path


def drop(studio, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(600, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    studio.window.dropEvent(event)


def panel_of(studio):
    """The import panel, once it is there."""
    studio.wait(lambda: studio.window.findChild(QDialog, "importPanel") is not None)
    panel = studio.find("importPanel", QDialog)
    studio.wait(panel.isVisible)
    return panel


def click(studio, name):
    studio.find(f"import{name}Button", QPushButton).click()


def cells(table):
    return [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount())]


@pytest.fixture
def dropped(shown, tmp_path):
    """A studio onto whose window a foreign picture was dropped."""
    shown.session.change_recipe(prompt="mine", negative_prompt="", seed=5, steps=6)
    drop(shown, picture_with(tmp_path / "foreign.png"))
    panel_of(shown)
    return shown


def test_nothing_changes_until_the_artist_says(dropped):
    assert (dropped.session.recipe.prompt, dropped.session.recipe.seed) == ("mine", 5)
    panel = panel_of(dropped)
    assert not panel.isModal()
    assert dropped.find("importName", QLabel).text() == "foreign.png"
    assert "AUTOMATIC1111" in dropped.find("importSummary", QLabel).text()
    assert not dropped.find("importPicture", QLabel).pixmap().isNull()


def test_what_was_understood_stands_beside_what_it_becomes(dropped):
    rows = cells(dropped.find("importTable", QTableWidget))
    assert ["Prompt", "a castle at night", "a castle at night"] in rows
    assert ["Size", "512×768", "512×768"] in rows
    assert ["Model", "dreams", "Fake"] in rows
    table = dropped.find("importTable", QTableWidget)
    bold = {table.item(row, 0).text() for row in range(table.rowCount()) if table.item(row, 2).font().bold()}
    assert "Model" in bold
    assert "Seed" not in bold


def test_what_is_not_used_and_what_differs_is_told(dropped):
    ignored = cells(dropped.find("importIgnoredTable", QTableWidget))
    assert ["Clip skip", "2", "this studio has no such setting"] in ignored
    text = dropped.find("importDifferences", QLabel).text()
    assert "“dreams” is not on this machine" in text
    assert "Clip skip 2 is not applied here" in text
    assert "never learnt: castle, night" in text


def test_use_all_is_one_step_of_undo(dropped):
    before = dropped.session.state
    click(dropped, "All")
    recipe = dropped.session.recipe
    assert (recipe.prompt, recipe.negative_prompt, recipe.seed) == ("a castle at night", "fog", 965400086)
    assert (recipe.steps, recipe.guidance, recipe.scheduler) == (30, 6.0, Scheduler.EULER_A)
    assert recipe.model.name == "Fake"
    assert dropped.session.state.seed_locked
    assert not dropped.find("importPanel", QDialog).isVisible()
    dropped.session.undo()
    assert dropped.session.state == before


def test_prompt_only(dropped):
    before = dropped.session.state
    click(dropped, "Prompt")
    recipe = dropped.session.recipe
    assert (recipe.prompt, recipe.negative_prompt, recipe.seed) == ("a castle at night", "fog", 5)
    assert recipe.steps == 6
    dropped.session.undo()
    assert dropped.session.state == before


def test_seed_only(dropped):
    before = dropped.session.state
    click(dropped, "Seed")
    assert (dropped.session.recipe.prompt, dropped.session.recipe.seed) == ("mine", 965400086)
    assert dropped.session.state.seed_locked
    dropped.session.undo()
    assert dropped.session.state == before


def test_as_a_keyframe(dropped):
    before = dropped.session.state
    click(dropped, "Keyframe")
    dropped.wait(lambda: len(dropped.session.state.canvas.placed) == 1)
    assert dropped.session.state.canvas.placed[0].keyframe.picture.startswith(b"\x89PNG")
    assert dropped.window.action("latentCanvas").isChecked()
    dropped.session.undo()
    assert dropped.session.state == before


def test_escape_takes_nothing(dropped):
    before = dropped.session.state
    dropped.press(Qt.Key.Key_Escape, widget=panel_of(dropped))
    assert not dropped.find("importPanel", QDialog).isVisible()
    assert dropped.session.state == before


def test_the_next_picture_takes_the_place_of_the_one_before(dropped, tmp_path):
    drop(dropped, picture_with(tmp_path / "second.png", TEXT.replace("Seed: 965400086", "Seed: 4")))
    dropped.wait(lambda: dropped.find("importName", QLabel).text() == "second.png")
    assert len(dropped.window.findChildren(QDialog, "importPanel")) == 1
    click(dropped, "All")
    assert dropped.session.recipe.seed == 4


def test_a_variation_seed_opens_the_canvas_with_two_keyframes(shown, tmp_path):
    before = shown.session.state
    drop(shown, picture_with(tmp_path / "variation.png", VARIATION))
    panel_of(shown)
    click(shown, "All")
    state = shown.session.state
    assert state.canvas == replace(variation_canvas(965400086, 7, 0.25), law=Law.COLUMNS)
    assert [each.seed for each in state.recipe.blend.keyframes] == [965400086, 7]
    assert state.recipe.blend.noise_shares == (0.75, 0.25)
    assert shown.window.action("latentCanvas").isChecked()
    shown.session.undo()
    assert shown.session.state == before


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_says_nothing_can_be_a_keyframe(shown, tmp_path, kind):
    path = tmp_path / "plain"
    Image.new("RGB", (40, 30), "red").save(path, kind)
    drop(shown, path)
    panel_of(shown)
    assert "carries no recipe" in shown.find("importSummary", QLabel).text()
    shown_buttons = {
        name for name in ("All", "Prompt", "Seed", "Keyframe") if shown.find(f"import{name}Button").isVisible()
    }
    assert shown_buttons == {"Keyframe"}
    click(shown, "Keyframe")
    shown.wait(lambda: shown.session.state.canvas.placed)


def test_our_own_jpeg_comes_back_at_once(shown, tmp_path):
    recipe = Recipe(prompt="a red sailboat", seed=77, model=ModelRef(name="Fake"))
    pixels = to_picture(QImage(32, 32, QImage.Format.Format_RGB32))
    path = tmp_path / "ours.jpg"
    path.write_bytes(export_bytes(pixels, recipe, ExportOptions(format=Format.JPEG)))
    drop(shown, path)
    shown.wait(lambda: shown.session.recipe == recipe)
    assert shown.window.findChild(QDialog, "importPanel") is None


def test_a_file_that_is_no_picture_is_told(shown, tmp_path):
    path = tmp_path / "notes.png"
    path.write_bytes(b"hello")
    drop(shown, path)
    shown.wait(lambda: "cannot be read" in shown.find("bannerSentence").text())
    assert shown.window.findChild(QDialog, "importPanel") is None


def test_the_menu_opens_a_picture(shown, tmp_path, monkeypatch):
    path = picture_with(tmp_path / "foreign.png")
    monkeypatch.setattr("studio.ui.import_desk.QFileDialog.getOpenFileName", lambda *_: (str(path), ""))
    shown.press(Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    panel_of(shown)
    click(shown, "Seed")
    assert shown.session.recipe.seed == 965400086


def test_an_infotext_is_pasted(shown):
    QGuiApplication.clipboard().setText(TEXT)
    shown.press(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    panel_of(shown)
    assert shown.find("importPicture", QLabel).isHidden()
    assert shown.find("importKeyframeButton").isHidden()
    click(shown, "All")
    assert shown.session.recipe.prompt == "a castle at night"


def test_our_own_text_comes_back_at_once(shown):
    QGuiApplication.clipboard().setText(infotext(Recipe(prompt="a red sailboat", seed=78, model=ModelRef(name="Fake"))))
    shown.window.action("pastePicture").trigger()
    shown.wait(lambda: shown.session.recipe.seed == 78)


def test_a_picture_is_pasted(shown):
    image = QImage(48, 32, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkGreen)
    QGuiApplication.clipboard().setImage(image)
    shown.window.action("pastePicture").trigger()
    panel_of(shown)
    click(shown, "Keyframe")
    shown.wait(lambda: shown.session.state.canvas.placed)


class Clipboard:
    """Holds what another program put there; a QMimeData of ours on the real one would outlive Python."""

    def __init__(self, mime):
        self._mime = mime

    def clipboard(self):
        return self

    def mimeData(self):
        return self._mime


def test_a_pasted_files_own_bytes_still_carry_its_texts(shown, monkeypatch, tmp_path):
    mime = QMimeData()
    mime.setData("image/png", picture_with(tmp_path / "x.png").read_bytes())
    monkeypatch.setattr("studio.ui.import_desk.QGuiApplication", Clipboard(mime))
    shown.window.findChild(ImportDesk).paste()
    panel_of(shown)
    assert "AUTOMATIC1111" in shown.find("importSummary", QLabel).text()


def test_a_copied_file_is_pasted(shown, monkeypatch, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture_with(tmp_path / "copied.png")))])
    monkeypatch.setattr("studio.ui.import_desk.QGuiApplication", Clipboard(mime))
    shown.window.findChild(ImportDesk).paste()
    panel_of(shown)
    assert shown.find("importName", QLabel).text() == "copied.png"


@pytest.mark.parametrize(("text", "sentence"), [("only words", "holds no settings"), ("", "no picture and no text")])
def test_a_clipboard_without_settings_is_told(shown, text, sentence):
    QGuiApplication.clipboard().setText(text)
    shown.window.action("pastePicture").trigger()
    shown.wait(lambda: sentence in shown.find("bannerSentence").text())


def test_what_was_pasted_is_gone_after_the_window(shown, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    mime = QMimeData()
    mime.setData("image/png", buffer.getvalue())
    monkeypatch.setattr("studio.ui.import_desk.QGuiApplication", Clipboard(mime))
    shown.window.findChild(ImportDesk).paste()
    panel_of(shown)
    assert list(tmp_path.glob("latent-studio-*/*"))
    shown.window.close()
    assert not list(tmp_path.glob("latent-studio-*"))
