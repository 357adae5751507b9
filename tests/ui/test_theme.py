"""What is written can be read: contrasts as the Web Content Accessibility Guidelines 2.2 count them."""

import pytest

from studio.ui.theme import DARK, LIGHT

READABLE = 4.5
VISIBLE = 2.5
"""For the handle of a scroll bar, which is no text."""
ON = {
    "text": ("ground", "window", "base", "raised", "notice"),
    "muted": ("ground", "window", "base", "notice"),
    "placeholder": ("base",),
    "warning": ("window", "notice"),
    "error": ("window", "raised", "notice"),
    "accent_text": ("accent",),
    "active": ("window", "base", "raised"),
}


def luminance(color):
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_whatever_is_written_can_be_read(theme):
    found = {
        (role, on): contrast(getattr(theme, role), getattr(theme, on)) for role, grounds in ON.items() for on in grounds
    }
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < READABLE} == {}
    assert contrast(theme.faint, theme.window) > VISIBLE


def test_hints_are_painted_in_a_colour_that_can_be_read(shown):
    """On the ground behind the picture, before there is one."""
    image = shown.find("previewView").grab().toImage()
    seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    ground = image.pixelColor(0, 0).name()
    assert max(contrast(color, ground) for color in seen) > READABLE
