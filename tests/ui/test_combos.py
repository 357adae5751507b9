"""Every choice of every combo box, taken as Qt gives it back: an enum of texts comes back as a plain text."""

import enum

import msgspec
import pytest
from PySide6.QtWidgets import QComboBox

from studio.core.blend import Law
from tests.ui.canvas_hand import Hand


def enums_of(struct) -> dict[str, type]:
    values = {field.name: getattr(struct, field.name) for field in msgspec.structs.fields(struct)}
    return {name: type(value) for name, value in values.items() if isinstance(value, enum.Enum)}


def test_what_is_chosen_stays_of_its_kind(shown):
    hand = Hand(shown)
    hand.open()
    hand.add(2)

    def kinds():
        return [enums_of(each) for each in (shown.session.recipe, hand.canvas, shown.window.library_panel._query)]

    before, tried = kinds(), set()
    assert all(before)
    while rest := [each for each in shown.window.findChildren(QComboBox) if each.objectName() not in tried]:
        combo, name = rest[0], rest[0].objectName()
        tried.add(name)
        for row in range(combo.count()):
            combo.setCurrentIndex(row)
            combo.activated.emit(row)  # what it leads to must not raise
            assert kinds() == before, name
    assert {"lawCombo", "schedulerCombo", "scheduleCombo", "modelCombo"} <= tried
    hand.wait_rest()


@pytest.mark.parametrize("law", Law)
def test_each_law_can_be_chosen(shown, law):
    hand = Hand(shown)
    hand.open()
    hand.add(2)
    combo = shown.find("lawCombo")
    combo.activated.emit(combo.findData(law))
    assert hand.canvas.law is law
    assert hand.studio.find("keepButton").isEnabled()
    hand.wait_rest()
