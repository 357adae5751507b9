"""The canvas's own colours, fitted to the window's palette."""

import msgspec
from PySide6.QtGui import QColor, QPalette

from studio.core.canvas import Material


class CanvasColors(msgspec.Struct, frozen=True, kw_only=True):
    """Colours of one look. `halo` parts a line from any picture beneath it."""

    ground: QColor
    grid: QColor
    card: QColor
    text: QColor
    faint: QColor
    accent: QColor
    halo: QColor
    ring: QColor
    noise: QColor
    prompt: QColor
    heat: QColor

    def of(self, material: Material, *, linked: bool) -> QColor:
        """The hue of a material; of both where they are linked."""
        if linked:
            return self.accent
        return self.noise if material is Material.NOISE else self.prompt


def colors_of(palette: QPalette) -> CanvasColors:
    """Colours that go with `palette`, dark or light."""
    role = QPalette.ColorRole
    is_dark = palette.color(role.Window).lightness() < 128
    return CanvasColors(
        ground=palette.color(role.Dark),
        grid=QColor(255, 255, 255, 26) if is_dark else QColor(0, 0, 0, 34),
        card=palette.color(role.Button),
        text=palette.color(role.WindowText),
        faint=palette.color(role.PlaceholderText),
        accent=palette.color(role.Accent),
        halo=QColor(0, 0, 0, 130) if is_dark else QColor(0, 0, 0, 90),
        ring=QColor(250, 250, 250),
        noise=QColor("#4fa3e8") if is_dark else QColor("#1f7fd0"),
        prompt=QColor("#e9a23b") if is_dark else QColor("#d07a00"),
        heat=QColor("#ff8a2a") if is_dark else QColor("#e8590c"),
    )
