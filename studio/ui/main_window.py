"""The window: docks around the picture, menus, a banner. It sets, shows and asks; the controller decides."""

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QLabel, QLineEdit, QMainWindow, QSplitter, QVBoxLayout, QWidget

from studio.core.abilities import Ability
from studio.core.adapter_files import holds_weights
from studio.core.project import SUFFIX
from studio.ui.actions import make_actions
from studio.ui.banner import Banner
from studio.ui.canvas.canvas_panel import CanvasPanel
from studio.ui.controls import GAP, SessionUndo, column, label
from studio.ui.history_panel import HistoryPanel
from studio.ui.layout import Layout
from studio.ui.library_model import LibraryModel
from studio.ui.library_panel import LibraryPanel
from studio.ui.library_view import LibraryView
from studio.ui.notes_panel import NotesPanel
from studio.ui.preview_view import PreviewView
from studio.ui.prompt_panel import PromptPanel
from studio.ui.queue_panel import QueuePanel
from studio.ui.sampling_panel import SamplingPanel
from studio.ui.start.extend_bar import ExtendBar
from studio.ui.start.mask_bar import MaskBar
from studio.ui.status_line import ProgressLine, StatusLine

_LEFT_PX, _RIGHT_PX, _SIDE_MIN_PX = 250, 236, 220
"""The prompt's panel does not scroll sideways: its rows need all of the width it has at first."""
_PREVIEW_PX, _CANVAS_PX = 300, 480
"""Of the middle, while both are there: the canvas shows the picture too, in the puck's lens."""
_SAMPLING_PX, _QUEUE_PX = 380, 280
"""Of the right side, once the queue is shown."""
_LAYOUT_VERSION = 1


class MainWindow(QMainWindow):
    """The studio's window.

    Signals:
        shown: it is on the screen, painted for the first time.
        closeRequested: the close event; whoever objects calls its `ignore`.
        pathDropped: the local path of a file dropped onto the window.
        projectDropped: the same, for a project's file.

    `lacks` says what the model cannot take, and why; what it can take has no words.
    """

    shown = Signal()
    closeRequested = Signal(object)  # noqa: N815 Qt's style
    pathDropped = Signal(str)  # noqa: N815
    projectDropped = Signal(str)  # noqa: N815

    def __init__(self, library_model: LibraryModel) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle("Latent Studio")
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks)
        self.prompt_panel, self.sampling_panel = PromptPanel(), SamplingPanel()
        self.preview_view, self.canvas_panel, self.progress = PreviewView(), CanvasPanel(), ProgressLine()
        self.mask_bar, self.extend_bar = MaskBar(), ExtendBar()
        self.queue_panel, self.history_panel, self.notes_panel = QueuePanel(), HistoryPanel(), NotesPanel()
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.library_model = library_model
        self.library_view, self.banner, self.status = LibraryView(library_model), Banner(), StatusLine()
        self.library_panel = LibraryPanel(library_model, self.library_view)
        self.actions_by_name, self.menus = make_actions(self)
        self.docks: dict[str, QDockWidget] = {}
        self.lacks: dict[Ability, str] = {}
        self._was_shown = False
        self._first_paint = QTimer(self)
        self._first_paint.setSingleShot(True)
        self._first_paint.timeout.connect(self.shown)
        self._lay_out()
        self._leave_undo_to_session()
        self.resize(1280, 800)
        self._default_layout = self.saveState(_LAYOUT_VERSION)

    def action(self, name: str) -> QAction:
        """The action declared under `name`."""
        return self.actions_by_name[name]

    def show_problem(self, field: str, sentence: str) -> bool:
        """Say beside the control of `field` what is wrong, or take it back where it is empty. False: no control."""
        return self.prompt_panel.show_problem(field, sentence) or self.sampling_panel.show_problem(field, sentence)

    def focus_field(self, field: str) -> None:
        """Put the cursor into the control of `field`."""
        for panel in (self.prompt_panel, self.sampling_panel):
            control = panel.control(field)
            if control is not None:
                control.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_canvas(self, is_wanted: bool) -> None:
        """Show the latent canvas beside the picture, unless the model cannot blend; or give the picture the middle."""
        self.canvas_panel.setVisible(is_wanted and self.action("latentCanvas").isEnabled())

    def present_layout(self) -> Layout:
        """How everything lies, to be remembered."""
        return Layout(
            geometry=bytes(self.saveGeometry().data()),
            docks=bytes(self.saveState(_LAYOUT_VERSION).data()),
            split=bytes(self.split.saveState().data()),
            has_canvas=self.action("latentCanvas").isChecked(),
        )

    def restore_layout(self, layout: Layout) -> None:
        """Lie as remembered, as far as Qt takes the bytes."""
        if layout.geometry:
            self.restoreGeometry(layout.geometry)
        if layout.docks:
            self.restoreState(layout.docks, _LAYOUT_VERSION)
        if layout.split:
            self.split.restoreState(layout.split)
        self.action("latentCanvas").setChecked(layout.has_canvas)

    def reset_layout(self) -> None:
        """Put every panel back where it was at first."""
        self.restoreState(self._default_layout, _LAYOUT_VERSION)
        self.split.setSizes([_PREVIEW_PX, _CANVAS_PX])
        self.action("latentCanvas").setChecked(False)

    # Qt's events.

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 Qt's name
        """Tell once, after the first paint, that the window is there. Who types, types the prompt."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.focus_field("prompt")
            self._first_paint.start(0)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ask; then close."""
        event.accept()
        self._first_paint.stop()
        self.closeRequested.emit(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Pictures, projects and weights may be dropped; not the pictures of our own film strip."""
        if event.source() is not self.library_view and _path_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Hand the path on."""
        path = _path_in(event.mimeData())
        if path:
            event.acceptProposedAction()
            if holds_weights(Path(path)):
                self.sampling_panel.adapterDropped.emit(Path(path))
            else:
                (self.projectDropped if path.casefold().endswith(SUFFIX) else self.pathDropped).emit(path)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Keep the full-screen action true."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.action("fullScreen").setChecked(self.isFullScreen())

    # Building.

    def _lay_out(self) -> None:
        """In the order in which Tab goes through: left, right, the middle, the bottom, the last line."""
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        self._add_dock("promptDock", self.tr("Prompt"), self.prompt_panel, left)
        self._add_dock("samplingDock", self.tr("Sampling"), self.sampling_panel, right)
        center = QWidget()
        layout: QVBoxLayout = column(center, gap=0)
        layout.addWidget(self.banner)
        layout.addWidget(self.mask_bar)
        layout.addWidget(self.extend_bar)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.progress)
        self.setCentralWidget(center)
        self._lay_out_split()
        self._add_dock("libraryDock", self.tr("Library"), self.library_panel, bottom)
        self._add_dock("queueDock", self.tr("Queue"), self.queue_panel, right)
        sides = [self.docks["promptDock"], self.docks["samplingDock"]]
        self.resizeDocks(sides, [_LEFT_PX, _RIGHT_PX], Qt.Orientation.Horizontal)
        right_ones = [self.docks["samplingDock"], self.docks["queueDock"]]
        self.resizeDocks(right_ones, [_SAMPLING_PX, _QUEUE_PX], Qt.Orientation.Vertical)
        self._add_dock("historyDock", self.tr("History"), self.history_panel, right)
        self._add_dock("notesDock", self.tr("Notes"), self.notes_panel, left)
        for name in ("queueDock", "historyDock", "notesDock"):
            self.docks[name].hide()
        self._add_dock_toggles()
        self.setStatusBar(self.status)
        self.status.add_switch(self.docks["queueDock"].toggleViewAction())

    def _lay_out_split(self) -> None:
        self.split.setObjectName("centerSplit")
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(1)
        self.split.addWidget(self.preview_view)
        self.split.addWidget(self.canvas_panel)
        self.split.setStretchFactor(0, _PREVIEW_PX)
        self.split.setStretchFactor(1, _CANVAS_PX)
        self.split.setSizes([_PREVIEW_PX, _CANVAS_PX])
        self.canvas_panel.hide()
        self.status.add_switch(self.action("latentCanvas"))

    def _add_dock(self, name: str, title: str, content: QWidget, area: Qt.DockWidgetArea) -> None:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(content)
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable
        )
        dock.setTitleBarWidget(QWidget() if name == "libraryDock" else _title(title))
        if name != "libraryDock":
            content.setMinimumWidth(_LEFT_PX if name == "promptDock" else _SIDE_MIN_PX)
        self.addDockWidget(area, dock)
        self.docks[name] = dock

    def _add_dock_toggles(self) -> None:
        view = self.menus["&View"]
        view.addSeparator()
        for number, dock in enumerate(self.docks.values(), start=1):
            toggle = dock.toggleViewAction()
            toggle.setShortcut(f"Alt+{number}")
            toggle.setObjectName(f"{dock.objectName()}Toggle")
            toggle.setToolTip(self.tr("Show or hide this panel."))
            view.addAction(toggle)
            self.addAction(toggle)
        reset = view.addAction(self.tr("Reset the layout"))
        reset.triggered.connect(self.reset_layout)

    def _leave_undo_to_session(self) -> None:
        keys = SessionUndo(self)
        for edit in self.findChildren(QLineEdit):
            edit.installEventFilter(keys)


def _title(text: str) -> QLabel:
    title = label(text, "dock")
    title.setContentsMargins(3 * GAP, 2 * GAP, 3 * GAP, 0)
    return title


def _path_in(mime: QMimeData) -> str:
    urls = mime.urls() if mime.hasUrls() else []
    return urls[0].toLocalFile() if len(urls) == 1 else ""
