"""The studio's two looks. Pictures carry the colour: the chrome is neutral grey, with one accent for what is active."""

from string import Template

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from studio.core.places import resources_dir
from studio.core.settings import Appearance


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of one look, as #rrggbb. `ground` lies behind the picture; `raised` is a button's face.

    `active` is the accent where it is written with. `faint` is for lines and for what cannot be used now: what is to
    be read stands out more.
    """

    ground: str
    window: str
    base: str
    raised: str
    hover: str
    line: str
    text: str
    muted: str
    placeholder: str
    faint: str
    accent: str
    accent_hover: str
    accent_text: str
    active: str
    warning: str
    error: str
    notice: str


DARK = Theme(
    ground="#1c1c1c",
    window="#2b2b2b",
    base="#222222",
    raised="#3a3a3a",
    hover="#454545",
    line="#1a1a1a",
    text="#dcdcdc",
    muted="#a6a6a6",
    placeholder="#8e8e8e",
    faint="#6e6e6e",
    accent="#4772cd",
    accent_hover="#507bd6",
    accent_text="#ffffff",
    active="#8aaef0",
    warning="#d9a441",
    error="#ea8a80",
    notice="#363636",
)
LIGHT = Theme(
    ground="#c8c8c8",
    window="#ebebeb",
    base="#fafafa",
    raised="#ffffff",
    hover="#f4f4f4",
    line="#c4c4c4",
    text="#1f1f1f",
    muted="#4e4e4e",
    placeholder="#6e6e6e",
    faint="#8c8c8c",
    accent="#3565c8",
    accent_hover="#2b57b3",
    accent_text="#ffffff",
    active="#3565c8",
    warning="#8a5a00",
    error="#b3261e",
    notice="#f7f7f7",
)


def theme_for(appearance: Appearance) -> Theme:
    """The look wanted: as set, or as the system is."""
    if appearance is Appearance.SYSTEM:
        hints = QGuiApplication.styleHints()
        return LIGHT if hints.colorScheme() == Qt.ColorScheme.Light else DARK
    return LIGHT if appearance is Appearance.LIGHT else DARK


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Give every window of `app` this look."""
    if app.style().name().casefold() != "fusion":
        app.setStyle(QStyleFactory.create("Fusion"))
    app.setFont(_font(app.font()))
    app.setPalette(palette_of(theme))
    sheet = Template((resources_dir() / "styles" / "studio.qss").read_text(encoding="utf-8"))
    arrow = resources_dir() / "icons" / ("down-on-light.svg" if theme is LIGHT else "down-on-dark.svg")
    app.setStyleSheet(sheet.substitute(msgspec.structs.asdict(theme), arrow=arrow.as_posix()))


def palette_of(theme: Theme) -> QPalette:
    """Fusion's palette in these colours."""
    role = QPalette.ColorRole
    palette = QPalette()
    colors = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.base,
        role.AlternateBase: theme.window,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.error,
        role.ToolTipBase: theme.notice,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.accent_text,
        role.Accent: theme.accent,
        role.Link: theme.active,
        role.Light: theme.hover,
        role.Midlight: theme.raised,
        role.Mid: theme.line,
        role.Dark: theme.ground,
        role.Shadow: theme.line,
    }
    for each, color in colors.items():
        palette.setColor(each, QColor(color))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(theme.faint))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(theme.faint))
    return palette


def _font(font: QFont) -> QFont:
    """The system's font, with figures of one width, so that numbers do not dance while they change."""
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
