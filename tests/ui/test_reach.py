"""Every control can be reached by key, in the order of the eye, and says what it is."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QScrollArea

from studio.ui.compare_view import CompareView
from studio.ui.import_panel import ImportPanel


def stops(window):
    """What Tab goes through, from the prompt on."""
    found, widget = [], window.prompt_panel.prompt_edit
    while widget not in found:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.isEnabled():
            found.append(widget)
        widget = widget.nextInFocusChain()
        while widget.focusProxy() is not None or widget.window() is not window:
            widget = widget.nextInFocusChain()
    return found


def spread(studio):
    """All that can be in the window at once."""
    studio.window.action("latentCanvas").trigger()
    studio.window.docks["queueDock"].show()
    studio.window.banner.tell("One.", {"Go on": lambda: None, "Show…": lambda: None})
    studio.window.banner.tell("Two.", {"Undo": lambda: None})
    QApplication.processEvents()


def test_every_stop_has_a_name_and_a_tooltip(shown):
    spread(shown)
    found = stops(shown.window)
    assert len(found) > 30
    assert [each for each in found if not each.objectName()] == []
    assert {each.objectName() for each in found if not each.toolTip()} <= {"libraryView", "latentCanvas"}  # cells do
    nameless = [each for each in found if not each.accessibleName() and not isinstance(each, QAbstractButton)]
    assert nameless == []
    assert not any(isinstance(each, QScrollArea) for each in found)
    names = [each.objectName() for each in found]
    assert len(names) == len(set(names))


def test_tab_goes_from_the_panels_to_the_picture_to_the_library_to_the_last_line(shown):
    spread(shown)
    names = [each.objectName() for each in stops(shown.window)]
    wanted = ["promptEdit", "generateButton", "modelCombo", "bannerButton1", "previewView", "latentCanvas"]
    wanted += ["searchEdit", "librarySort", "libraryView", "queueView", "latentCanvasActionButton"]
    assert [name for name in names if name in wanted] == wanted
    assert names[-1] == "queueDockToggleButton"


def test_the_windows_beside_the_main_one_explain_themselves(qtbot, shown):
    view, panel = CompareView(), ImportPanel(shown.window)
    qtbot.addWidget(view)
    assert view.toolTip()
    assert panel.tabs.toolTip()
    assert panel.tabs.accessibleName()
    panel.deleteLater()


def test_the_list_of_keys_has_those_of_each_place_and_fits(shown):
    shown.window.action("shortcuts").trigger()
    dialog = shown.find("shortcutsDialog")
    words = {line.text() for line in dialog.findChildren(QLabel)}
    assert {"F, 0 to 5, C", "N, V", "Alt+Up, Alt+Down", "Return, Delete", "Tab"} <= words
    (area,) = dialog.findChildren(QScrollArea)
    assert area.widget().minimumSizeHint().width() <= area.viewport().width()
    assert area.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    dialog.close()
