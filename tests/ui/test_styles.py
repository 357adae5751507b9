"""Styles on the real window: applied as one step, kept, renamed, deleted, and a broken file told."""

import pytest
from PySide6.QtWidgets import QInputDialog, QMenu

from studio.core.styles import Style, load_styles


def menu(studio):
    """The menu as it is when it opens."""
    found = studio.find("styleMenu", QMenu)
    found.aboutToShow.emit()
    return found


def choose(studio, text, inside=""):
    opened = menu(studio)
    opened = studio.find(inside, QMenu) if inside else opened
    next(action for action in opened.actions() if action.text() == text).trigger()


def names(studio):
    return [style.name for style in load_styles(studio.places.styles)]


@pytest.fixture
def says(monkeypatch):
    """What the artist types when asked for a name."""
    answers = []
    monkeypatch.setattr(QInputDialog, "getText", lambda *args, **more: (answers.pop(0), True))
    return answers


@pytest.fixture
def kept(shown, says):
    """A studio with a style of the artist's own."""
    says.append("Mine & yours")
    shown.session.change_recipe(prompt="{prompt}, calm", negative_prompt="slow")
    choose(shown, "Save the prompt as a style…")
    return shown


def test_a_style_goes_into_the_prompt_as_one_step_of_its_own(shown):
    shown.type_prompt("a red sailboat")
    choose(shown, "Linocut")
    assert shown.find("promptEdit").toPlainText() == "a red sailboat, linocut print"
    shown.window.action("undo").trigger()
    assert shown.session.recipe.prompt == "a red sailboat"
    shown.window.action("redo").trigger()
    assert shown.session.recipe.prompt == "a red sailboat, linocut print"


def test_the_prompt_is_kept_as_a_style_and_used(kept):
    assert load_styles(kept.places.styles) == (
        Style(name="Mine & yours", prompt="{prompt}, calm", negative_prompt="slow"),
    )
    kept.session.change_recipe(prompt="a sea", negative_prompt="")
    choose(kept, "Mine && yours")
    assert (kept.session.recipe.prompt, kept.session.recipe.negative_prompt) == ("a sea, calm", "slow")


def test_own_styles_are_renamed_replaced_deleted_and_that_is_undone(kept, says):
    says += ["Better", "better"]
    choose(kept, "Mine && yours", "renameStyleMenu")
    assert names(kept) == ["Better"]
    kept.session.change_recipe(prompt="other")
    choose(kept, "Save the prompt as a style…")
    assert [(style.name, style.prompt) for style in load_styles(kept.places.styles)] == [("better", "other")]
    choose(kept, "better", "deleteStyleMenu")
    assert names(kept) == []
    assert not menu(kept).actions()[-1].isEnabled()
    for expected in (["better"], ["Better"]):
        kept.window.action("undo").trigger()
        assert names(kept) == expected


def test_a_broken_file_is_told_kept_and_the_shipped_styles_still_work(shown):
    shown.places.styles.write_text("[[style]")
    shown.session.change_recipe(prompt="a sea")
    choose(shown, "Neon")
    assert "styles.toml cannot be used" in shown.find("bannerSentence").text()
    assert shown.session.recipe.prompt == "a sea, glowing neon, neon lights"
    save = next(action for action in menu(shown).actions() if action.text() == "Save the prompt as a style…")
    assert not save.isEnabled()
    assert shown.places.styles.read_text() == "[[style]"


def test_the_button_is_found_and_explains_itself(shown):
    button = shown.find("styleButton")
    assert button.accessibleName()
    assert button.toolTip()
    assert button.menu() is shown.find("styleMenu", QMenu)
