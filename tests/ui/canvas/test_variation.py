"""A variation: the picture's own seed, another one, and how far to go."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QSlider

from studio.core.blend import Law
from studio.core.canvas import Material, shares_of
from studio.core.canvas_edits import Arrangement

LEFT = Qt.MouseButton.LeftButton


def popover(hand):
    return hand.panel.variation


def click(hand, widget) -> None:
    hand.qtbot.mouseClick(widget, LEFT)


def test_the_button_asks_and_makes_two_keyframes_as_one_undo_step(hand):
    hand.add(3)
    before, steps = hand.canvas, hand.undo_steps()
    click(hand, hand.find("variationButton"))
    asked = popover(hand)
    assert asked.isVisible()
    assert "Undo" in asked.warning.text()
    assert asked.seed_edit.text() == str(hand.session.recipe.seed)
    asked.variation_edit.setText("4294967295")
    asked.findChild(QSlider, "variationStrengthSlider").setValue(25)
    assert hand.canvas is before  # nothing happens before it is wanted
    click(hand, asked.findChild(QPushButton, "makeVariationButton"))
    assert not asked.isVisible()
    start, end = (each.keyframe for each in hand.canvas.placed)
    assert (start.seed, end.seed) == (hand.session.recipe.seed, 2**32 - 1)
    assert start.prompt == end.prompt == hand.session.recipe.prompt
    assert hand.canvas.law is Law.SLERP
    assert shares_of(hand.canvas, Material.NOISE) == pytest.approx((0.75, 0.25))
    assert hand.undo_steps() == steps + 1
    hand.session.undo()
    assert hand.canvas == before


def test_one_more_keyframe_beside_a_variation_is_blended_with_it(hand):
    hand.key(Qt.Key.Key_V)
    hand.qtbot.keyClick(popover(hand).seed_edit, Qt.Key.Key_Return)
    varied, steps = hand.canvas, hand.undo_steps()
    hand.key(Qt.Key.Key_N)
    assert hand.canvas.law is Law.GRAM
    assert hand.find("canvasAdvice").text() == ""
    assert hand.find("keepButton").isEnabled()
    assert hand.undo_steps() == steps + 1
    hand.session.undo()
    assert hand.canvas == varied


def test_v_varies_the_selected_keyframe_and_return_takes_it(hand):
    hand.add(4, Arrangement.SQUARE)
    hand.qtbot.mouseClick(hand.view, LEFT, pos=hand.view.card_rect(2).center().toPoint())
    chosen = hand.canvas.placed[2].keyframe
    hand.key(Qt.Key.Key_V)
    assert popover(hand).seed_edit.text() == str(chosen.seed)
    hand.qtbot.keyClick(popover(hand).variation_edit, Qt.Key.Key_Return)
    assert hand.canvas.placed[0].keyframe == chosen
    assert hand.canvas.placed[1].keyframe.prompt == chosen.prompt
    assert hand.canvas.placed[1].keyframe.name == "Variation"


def test_escape_and_a_seed_that_is_none_change_nothing(hand):
    hand.add(2)
    before, asked = hand.canvas, popover(hand)
    hand.key(Qt.Key.Key_V)
    asked.variation_edit.selectAll()
    hand.qtbot.keyClicks(asked.variation_edit, "x")
    assert asked.problem.isVisible()
    assert not asked.make_button.isEnabled()
    hand.qtbot.keyClick(asked.variation_edit, Qt.Key.Key_Return)
    assert asked.isVisible()
    click(hand, asked.dice_button)
    assert asked.make_button.isEnabled()
    hand.qtbot.keyClick(asked, Qt.Key.Key_Escape)
    assert not asked.isVisible()
    assert hand.canvas is before


def test_on_an_empty_canvas_nothing_makes_room(hand):
    hand.key(Qt.Key.Key_V)
    assert popover(hand).warning.text() == ""
    hand.qtbot.keyClick(popover(hand).seed_edit, Qt.Key.Key_Return)
    assert len(hand.canvas.placed) == 2
    hand.process()
    hand.drafter.answer_drafts()
    assert hand.view.frame is not None


@pytest.mark.parametrize(
    "name",
    ["variedSeedEdit", "variationSeedEdit", "variationStrengthSlider", "makeVariationButton", "variationDiceButton"],
)
def test_every_control_of_it_has_a_name_and_a_tooltip(hand, name):
    control = hand.find(name)
    assert control.accessibleName()
    assert control.toolTip()
