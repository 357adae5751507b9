"""Two small dialogs: every key, and what this program is."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QScrollArea, QWidget

from studio import __version__
from studio.ui.actions import ACTIONS
from studio.ui.controls import GAP, column, label
from studio.ui.main_window import MainWindow

_ELSEWHERE = (
    ("Alt+1, Alt+2, …", "Show or hide a panel, in the View menu’s order"),
    ("Ctrl+Space", "Offer words the model knows (in a prompt)"),
    ("F, 0", "Fit the picture (in the picture)"),
    ("1", "100 % (in the picture)"),
    ("+, −", "Zoom (in the picture)"),
    ("Arrows", "Move the picture, or walk along the film strip"),
    ("Return", "Use the recipe (in the film strip)"),
    ("Delete", "Move to trash (in the film strip)"),
    ("F, 0 to 5, C", "Favourite, rate, compare two (in the film strip)"),
    ("Return, Delete", "Use the recipe, remove (in the queue)"),
    ("Alt+Up, Alt+Down", "Run earlier, later (in the queue)"),
    ("F, +, −, Arrows", "Fit, zoom, move (where two are compared)"),
    ("[, ]", "Brush narrower, wider (on the mask)"),
    ("{, }", "Brush harder, softer (on the mask)"),
    ("X, right button", "Eraser (on the mask)"),
    ("A, I, Delete", "Mask all, invert, clear (on the mask)"),
    ("N, V", "Add a keyframe, a variation (on the canvas)"),
    ("Tab", "From keyframe to keyframe (on the canvas)"),
    ("F, +, −", "Fit, zoom (on the canvas)"),
    ("Arrows", "Nudge the puck; with Shift finely (on the canvas)"),
    ("Return", "Keep the point as a picture (on the canvas)"),
    ("D, R, E, Delete", "Duplicate, reseed, edit, delete the keyframe (on the canvas)"),
)


def show_shortcuts(window: MainWindow) -> None:
    """Open the list of keys."""
    body = QWidget()
    grid = QGridLayout(body)
    grid.setHorizontalSpacing(6 * GAP)
    grid.setVerticalSpacing(GAP)
    listed = [(info.keys[0], window.action(info.name).text()) for info in ACTIONS if info.keys]
    for row, (keys, text) in enumerate((*listed, *_ELSEWHERE)):
        native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) if "," not in keys else keys
        grid.addWidget(label(native or keys, "label"), row, 0)
        grid.addWidget(label(window.tr(text).replace("&", ""), "text"), row, 1)
    scroll = QScrollArea()
    scroll.setWidget(body)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QScrollArea.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    _open(window, window.tr("Keyboard shortcuts"), "shortcutsDialog", scroll, (560, 560))


def show_about(window: MainWindow) -> None:
    """Open the note on this program."""
    text = window.tr(
        "<h3>Latent Studio {version}</h3><p>A desktop image studio in which latent space is the material.</p>"
        "<p>It runs on this machine, offline. Your pictures and prompts stay here.</p>"
        "<p>MIT licence. Made with PySide6, PyTorch, diffusers and pyqtgraph, each under its own licence.</p>"
    ).format(version=__version__)
    line = label(text, "text")
    line.setWordWrap(True)
    line.setTextFormat(Qt.TextFormat.RichText)
    _open(window, window.tr("About Latent Studio"), "aboutDialog", line, (420, 240))


def _open(window: MainWindow, title: str, name: str, content: QWidget, size: tuple[int, int]) -> None:
    dialog = QDialog(window)
    dialog.setObjectName(name)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    layout = column(dialog, gap=2 * GAP, margin=4 * GAP)
    layout.addWidget(content, 1)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.button(QDialogButtonBox.StandardButton.Close).setIcon(QIcon())
    buttons.rejected.connect(dialog.reject)
    layout.addWidget(buttons)
    dialog.resize(*size)
    dialog.open()
