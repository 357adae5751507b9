import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from studio.core.options import options_of
from studio.core.settings import Appearance, Settings, load_settings, save_settings
from studio.ui.folder_list import FolderList


@pytest.fixture
def dialog(shown):
    shown.press(Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    return shown.find("settingsDialog", QDialog)


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def control(dialog, name):
    found = dialog.findChild(object, f"{camel(name)}Setting")
    assert found is not None, name
    return found


def on_disk(studio):
    return load_settings(studio.places.settings)[0]


def test_every_setting_has_a_control_a_description_and_a_way_back(dialog):
    assert not dialog.isModal()
    for each in options_of(Settings):
        made = control(dialog, each.name)
        assert each.section
        assert made.accessibleName() == each.title
        assert made.toolTip() == each.description
        assert dialog.findChild(object, f"{camel(each.name)}Reset").isHidden()  # all stand at their defaults


def test_a_change_counts_at_once_and_is_written(shown, dialog):
    control(dialog, "autosave_seconds").setValue(5)
    assert shown.controller.autosave.timer.interval() == 5000
    control(dialog, "draft_budget_ms").setValue(200)
    assert shown.controller.canvas.canvas.pictures.settings.budget_ms == 200
    control(dialog, "atlas").setChecked(False)
    assert not shown.find("atlasButton").isChecked()
    shown.wait(lambda: on_disk(shown) == Settings(autosave_seconds=5, draft_budget_ms=200, atlas=False))


def test_the_menu_and_the_dialog_show_the_same(shown, dialog):
    shown.window.action("appearanceDark").trigger()
    combo = control(dialog, "appearance")
    assert combo.currentText() == "Dark"
    combo.setCurrentIndex(combo.findData("light"))
    combo.activated.emit(combo.currentIndex())
    assert shown.window.action("appearanceLight").isChecked()
    shown.wait(lambda: on_disk(shown).appearance is Appearance.LIGHT)
    preview, actions = control(dialog, "preview"), shown.window.menus["Preview while sampling"].actions()
    assert [preview.itemText(row) for row in range(preview.count())] == [each.text() for each in actions]
    for row, action in enumerate(actions):
        preview.setCurrentIndex(row)
        preview.activated.emit(row)
        assert [each.isChecked() for each in actions] == [each is action for each in actions]


def test_the_canvas_own_controls_change_the_setting(shown, dialog):
    shown.find("atlasButton").click()
    assert not control(dialog, "atlas").isChecked()
    shown.window.canvas_panel.budgetEdited.emit(310)
    assert control(dialog, "draft_budget_ms").value() == 310


def test_a_setting_goes_back_to_its_default(shown, dialog):
    control(dialog, "draft_budget_ms").setValue(200)
    back = dialog.findChild(object, "draftBudgetMsReset")
    assert back.isVisible()
    back.click()
    assert control(dialog, "draft_budget_ms").value() == 100
    assert back.isHidden()


def test_folders_are_added_once_and_removed(dialog, shown):
    folders = control(dialog, "model_folders")
    assert isinstance(folders, FolderList)
    for folder in ("/a", "/b", "/a"):
        folders.add(folder)
    assert folders.folders == ("/a", "/b")
    folders.list.setCurrentRow(0)
    folders.remove_button.click()
    assert folders.folders == ("/b",)
    shown.wait(lambda: on_disk(shown).model_folders == ("/b",))


def test_what_waits_to_be_written_is_written_at_the_end(shown, dialog):
    control(dialog, "autosave_seconds").setValue(2)
    shown.window.close()
    assert on_disk(shown).autosave_seconds == 2


def test_the_settings_are_in_force_after_a_restart(make_studio, data_dir):
    save_settings(data_dir / "settings.toml", Settings(autosave_seconds=1, draft_budget_ms=300, atlas=False))
    studio = make_studio()
    assert studio.controller.autosave.timer.interval() == 1000
    assert studio.controller.canvas.canvas.pictures.settings.budget_ms == 300
    assert not studio.find("atlasButton").isChecked()


def test_a_broken_file_is_put_aside_and_told(make_studio, data_dir):
    (data_dir / "settings.toml").write_text("appearance = ")
    studio = make_studio()
    assert "settings.broken-1.toml" in studio.window.banner.sentence.text()


def test_the_dialog_opens_again_after_it_was_closed(shown, dialog):
    dialog.close()
    shown.window.action("settings").trigger()
    shown.wait(lambda: any(each.isVisible() for each in shown.window.findChildren(QDialog, "settingsDialog")))
