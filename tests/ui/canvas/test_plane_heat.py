"""The overlay that shows where over the plane the picture changes."""

import numpy as np
import pytest
from PySide6.QtGui import QColor, QPalette

from studio.core.canvas_edits import Arrangement
from studio.ui.canvas.colors import colors_of
from studio.ui.canvas.heat_image import heat_image

SQUARE = Arrangement.SQUARE


def filled(hand, most: int = 10_000) -> None:
    hand.controller.pictures.on_idle(True)
    hand.drafter.answer_tiles(most)


def test_it_is_off_at_first_and_a_switch_shows_and_hides_it(hand):
    hand.add(4, SQUARE)
    filled(hand)
    button = hand.find("heatButton")
    assert not button.isChecked()
    assert not hand.view.has_heat
    plain, asked = hand.view.grab().toImage(), hand.drafter.asked_tiles
    button.click()
    assert hand.view.has_heat
    assert hand.view.grab().toImage() != plain
    button.click()
    assert not hand.view.has_heat
    assert hand.view.grab().toImage() == plain
    assert hand.drafter.asked_tiles == asked  # frames already drawn are all it takes


def test_it_grows_as_the_map_does_and_goes_with_it(hand):
    hand.add(4, SQUARE)
    hand.find("heatButton").click()
    assert not hand.view.has_heat
    filled(hand)
    hand.qtbot.waitUntil(lambda: hand.view.has_heat, timeout=10_000)
    hand.session.change_recipe(guidance=9.0)
    assert not hand.view.has_heat


def test_without_the_map_the_plane_is_surveyed_all_the_same(hand):
    hand.add(4, SQUARE)
    hand.find("atlasButton").click()
    filled(hand)
    asked = hand.drafter.asked_tiles
    hand.find("heatButton").click()
    hand.drafter.answer_tiles()
    assert hand.drafter.asked_tiles > asked
    assert hand.view.tile_count == 0
    hand.qtbot.waitUntil(lambda: hand.view.has_heat, timeout=10_000)


@pytest.mark.parametrize("window", ["#202020", "#f0f0f0"])
def test_hot_is_told_from_cool_in_both_looks(qapp, window):
    palette = QPalette(QColor(window))
    values = np.full((16, 16), 0.3, np.float32)
    values[:, 8:], values[0] = 3.0, np.nan
    image = heat_image(values, colors_of(palette))
    middle = image.height() // 2
    cool, hot = (image.pixelColor(x, middle) for x in (20, image.width() - 20))
    assert hot.alpha() > cool.alpha() + 50
    assert hot.red() - hot.blue() > 100
    assert abs(cool.red() - cool.blue()) < 40
    assert image.pixelColor(20, 1).alpha() == 0  # nothing is claimed where nothing is known
