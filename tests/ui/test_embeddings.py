"""Words that are vectors, in the window: marked, explained, offered, inserted, and told from unknown ones."""

import json
import struct

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent, QTextCharFormat
from PySide6.QtWidgets import QToolTip

from studio.core.recipe import ModelRef
from tests.core.test_adapters import write
from tests.ui.test_adapters import drop


def write_embedding(path, vectors=4, width=768):
    """A header, and as many bytes as it says."""
    size = 2 * vectors * width
    header = {"emb_params": {"dtype": "F16", "shape": [vectors, width], "data_offsets": [0, size]}}
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))


@pytest.fixture
def studio(make_studio, data_dir):
    """One with the embedding `Moss-2`, on the screen; it has looked."""
    write_embedding(data_dir / "embeddings" / "Moss-2.safetensors")
    (data_dir / "embeddings" / "broken.safetensors").write_bytes(b"nothing")
    made = make_studio()
    made.show()
    made.edit = made.find("promptEdit")
    made.wait(made.window.sampling_panel.adapter_list.embedding_menu.actions)
    return made


def underlined(edit, style):
    block = edit.document().begin()
    text = block.text()
    formats = block.layout().formats()
    return [text[each.start : each.start + each.length] for each in formats if each.format.underlineStyle() == style]


def test_it_is_marked_otherwise_than_an_unknown_word(studio):
    studio.session.change_recipe(prompt="a dragon on (moss-2:1.2) <lora:moss-2:1>")
    assert underlined(studio.edit, QTextCharFormat.UnderlineStyle.SingleUnderline) == ["moss-2"]
    assert underlined(studio.edit, QTextCharFormat.UnderlineStyle.WaveUnderline) == ["dragon"]
    assert studio.find("unknownWordsNote").text() == "Not known to this model: dragon"
    assert studio.find("adapterLearned").text() == "Embeddings in the prompts: Moss-2 (4 vectors of 768)"


def test_a_tooltip_says_what_it_holds(studio):
    studio.session.change_recipe(prompt="moss-2")
    place = studio.edit.cursorRect(studio.edit.textCursor()).center() - QPoint(4, 0)
    studio.edit.event(QHelpEvent(QEvent.Type.ToolTip, place, studio.edit.mapToGlobal(place)))
    assert QToolTip.text() == "“Moss-2” is an embedding, 4 vectors of 768."
    QToolTip.hideText()


def test_it_is_put_into_the_prompt_as_one_step_of_undo(studio):
    studio.session.change_recipe(prompt="a red sea")
    menu = studio.window.sampling_panel.adapter_list.embedding_menu
    assert [each.text() for each in menu.actions()] == ["Moss-2"]
    menu.actions()[0].trigger()
    assert studio.session.recipe.prompt == "a red sea, Moss-2"
    studio.window.action("undo").trigger()
    assert studio.session.recipe.prompt == "a red sea"


def test_it_is_offered_while_typing(studio):
    studio.type_prompt("a mo")
    assert studio.edit._words.stringList() == ["Moss-2"]
    studio.edit._completer.activated[str].emit("Moss-2")
    assert studio.session.recipe.prompt == "a Moss-2"
    studio.edit._completer.popup().hide()


def choose(combo, row):
    combo.setCurrentIndex(row)
    combo.activated.emit(row)


def test_another_vae_is_chosen_where_there_is_one(make_studio, data_dir):
    (data_dir / "vae").mkdir()
    (data_dir / "vae" / "Sight.safetensors").touch()
    made = make_studio()
    made.show()
    combo = made.find("vaeCombo")
    made.wait(combo.isVisible)
    choose(combo, 1)
    made.finish("a red sea")
    assert made.engine.generated[-1].vae == ModelRef(name="Sight")
    made.window.action("undo").trigger()
    made.window.action("undo").trigger()
    assert combo.currentText() == "The model's own"
    assert made.session.recipe.vae is None
    made.session.change_recipe(vae=ModelRef(name="gone"))
    assert combo.currentText() == "gone (not on this machine)"


def test_what_is_dropped_goes_where_it_belongs_and_is_used(studio, tmp_path, data_dir):
    studio.session.change_recipe(prompt="a sea")
    write_embedding(tmp_path / "fern.safetensors")
    assert drop(studio, tmp_path / "fern.safetensors")
    studio.wait(lambda: studio.session.recipe.prompt == "a sea, fern")
    assert drop(studio, write(tmp_path / "sight.safetensors", "decoder.conv_in.weight"))
    studio.wait(lambda: studio.session.recipe.vae == ModelRef(name="sight"))
    studio.wait(lambda: studio.find("vaeCombo").currentText() == "sight")
    assert (data_dir / "embeddings" / "fern.safetensors").is_file()
    assert (data_dir / "vae" / "sight.safetensors").is_file()


def test_without_any_there_is_no_choice(studio):
    assert not studio.find("vaeCombo").isVisible()


def test_other_words_are_looked_up_anew(studio):
    studio.session.change_recipe(learned_words=())
    studio.session.change_recipe(seed=5)
    assert studio.session.recipe.learned_words == ()
    studio.type_prompt("sea")
    assert studio.session.recipe.learned_words is None
