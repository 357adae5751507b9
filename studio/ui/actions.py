"""Everything the menus offer, declared once: name, menu, text, keys."""

import msgspec
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from studio.core.events import PreviewTier

_CONTEXT = "Actions"


class ActionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One action. `keys` are alternatives; `group` makes a choice of one among its actions; `line` draws one above."""

    name: str
    menu: str
    text: str
    tip: str
    keys: tuple[str, ...] = ()
    checkable: bool = False
    group: str = ""
    line: bool = False


def _a(name: str, menu: str, text: str, tip: str, *keys: str, group: str = "", line: bool = False) -> ActionInfo:
    return ActionInfo(
        name=name, menu=menu, text=text, tip=tip, keys=keys, group=group, checkable=bool(group), line=line
    )


FILE, EDIT, PICTURE, VIEW, HELP = "&File", "&Edit", "&Picture", "&View", "&Help"
APPEARANCE, PREVIEW, RECENT = "Appearance", "Preview while sampling", "Open recent"
TIERS = {PreviewTier.LINEAR: "Rough", PreviewTier.TINY: "Clear", PreviewTier.FULL: "Exact"}
"""What the artist reads of each tier of previews."""
MENUS = (FILE, EDIT, PICTURE, VIEW, HELP)
SUBMENUS = {APPEARANCE: VIEW, PREVIEW: VIEW, RECENT: FILE}
ACTIONS = (
    _a("newProject", FILE, "New project", "Begin afresh. What is in the window is kept.", "Ctrl+N"),
    _a("openProject", FILE, "Open project…", "Open a project. What is in the window is kept.", "Ctrl+O"),
    _a("clearRecent", RECENT, "Clear this list", "Forget which projects were open. The files stay."),
    _a("earlierVersions", FILE, "Earlier versions…", "Open a backup, or a project that was kept aside."),
    _a(
        "saveProject",
        FILE,
        "Save project",
        "Write recipe, canvas and notes to its file.",
        "Ctrl+S",
        line=True,
    ),
    _a("saveProjectAs", FILE, "Save project as…", "Write the project to another file.", "Ctrl+Shift+S"),
    _a("openPicture", FILE, "Open a picture’s recipe…", "Bring back the recipe of a picture made here.", line=True),
    _a("importPicture", FILE, "Import picture…", "See what another program’s picture says, and use it.", "Ctrl+I"),
    _a("savePicture", FILE, "Save picture as…", "Write a copy of the picture on show, with its recipe."),
    _a("exportPicture", FILE, "Export…", "Write pictures as PNG, JPEG or WebP for other programs.", "Ctrl+E"),
    _a("openFolder", FILE, "Show the pictures folder", "Open the folder that holds the finished pictures."),
    _a("models", FILE, "Models…", "The models that are here, with family, size and hash.", line=True),
    _a("getModel", FILE, "Get a model…", "Fetch a model by its name, once you agree to what is shown."),
    _a("settings", FILE, "Settings…", "What you prefer. Each change counts at once.", "Ctrl+,"),
    _a("quit", FILE, "Quit", "Close the studio. What waits stays in the queue.", "Ctrl+Q", line=True),
    _a("undo", EDIT, "Undo", "Take the last change back.", "Ctrl+Z"),
    _a("redo", EDIT, "Redo", "Make the change again.", "Ctrl+Shift+Z", "Ctrl+Y"),
    _a("history", EDIT, "History…", "Every step that can be undone, by name.", "Ctrl+Alt+Z"),
    _a("copyPicture", EDIT, "Copy picture", "Put the picture on show on the clipboard.", "Ctrl+C", line=True),
    _a("copyRecipe", EDIT, "Copy recipe", "Put the recipe on the clipboard, as text.", "Ctrl+Shift+C"),
    _a("pastePicture", EDIT, "Paste picture or settings", "Import what is on the clipboard.", "Ctrl+Alt+V", "Ctrl+V"),
    _a("pasteStart", EDIT, "Paste as starting picture", "Go on from the picture on the clipboard.", "Ctrl+Shift+V"),
    _a("focusPrompt", EDIT, "Go to the prompt", "Put the cursor into the prompt.", "Ctrl+L", line=True),
    _a("findPicture", EDIT, "Search the library", "Put the cursor into the library’s search.", "Ctrl+F"),
    _a("generate", PICTURE, "Generate", "Make the picture.", "Ctrl+Return", "Ctrl+Enter"),
    _a("stop", PICTURE, "Stop", "Stop the picture in the making.", "Esc"),
    _a("stopAll", PICTURE, "Stop all", "Stop, and forget the pictures that wait.", "Shift+Esc"),
    _a("generateForever", PICTURE, "Generate forever", "Go on with new seeds.", "Ctrl+Shift+F", group="forever"),
    _a("variationGrid", PICTURE, "Grid of variations…", "See what some settings do, side by side.", "Ctrl+G"),
    _a("pause", PICTURE, "Pause the queue", "Finish the picture in the making, then wait.", "Ctrl+P", group="pause"),
    _a("randomSeed", PICTURE, "Random seed", "Roll a new seed.", "Ctrl+R", line=True),
    _a("lockSeed", PICTURE, "Lock the seed", "Make every picture with this seed.", "Ctrl+K", group="lock"),
    _a("useRecipe", PICTURE, "Use this recipe", "Bring back the recipe of the picture on show.", "Ctrl+U", line=True),
    _a("sendToCanvas", PICTURE, "Send to canvas", "Make the picture on show a keyframe.", "Ctrl+Shift+J"),
    _a("openAsCanvas", PICTURE, "Open as canvas", "Bring back the canvas this picture was kept from.", "Ctrl+Shift+O"),
    _a("varyPicture", PICTURE, "Variation…", "Go from the picture on show towards another seed.", "Ctrl+Alt+J"),
    _a("useAsStart", PICTURE, "Use as start", "Go on from the pixels on show.", "Ctrl+Shift+U", line=True),
    _a("paintMask", PICTURE, "Paint mask", "Paint where the starting picture is made anew.", "Ctrl+M", group="mask"),
    _a("extend", PICTURE, "Extend…", "Let the start go on beyond its edges.", "Ctrl+Shift+E", group="extend"),
    _a("refine", PICTURE, "Refine at twice the size", "Make the picture on show again, larger.", "Ctrl+Alt+R"),
    _a("refineLatents", PICTURE, "Refine latents", "The same, with latents enlarged: it changes more.", "Ctrl+Alt+L"),
    _a("reveal", PICTURE, "Show in folder", "Open the folder of the picture on show.", "Ctrl+Shift+R", line=True),
    _a("trash", PICTURE, "Move to trash", "Move the picture on show to the system’s trash.", "Ctrl+Backspace"),
    _a("fit", VIEW, "Fit", "Show the whole picture.", "Ctrl+0"),
    _a("actualSize", VIEW, "100 %", "One pixel of the picture for one of the screen.", "Ctrl+1"),
    _a("zoomIn", VIEW, "Zoom in", "Show the picture larger.", "Ctrl++", "Ctrl+="),
    _a("zoomOut", VIEW, "Zoom out", "Show the picture smaller.", "Ctrl+-"),
    _a("latentCanvas", VIEW, "Latent canvas", "Drag between pictures.", "Ctrl+J", group="canvas", line=True),
    _a("fullScreen", VIEW, "Full screen", "Let the window fill the screen.", "F11", group="full"),
    _a("appearanceSystem", APPEARANCE, "As the system", "Light or dark, as the system is.", group="appearance"),
    _a("appearanceLight", APPEARANCE, "Light", "A light window.", group="appearance"),
    _a("appearanceDark", APPEARANCE, "Dark", "A dark window.", group="appearance"),
    _a("previewLinear", PREVIEW, TIERS[PreviewTier.LINEAR], "Blurred, and free.", group="preview"),
    _a("previewTiny", PREVIEW, TIERS[PreviewTier.TINY], "Sharper, where the model has it; quick.", group="preview"),
    _a("previewFull", PREVIEW, TIERS[PreviewTier.FULL], "The model’s own decoder: sharp, slower.", group="preview"),
    _a("shortcuts", HELP, "Keyboard shortcuts", "Every key and what it does.", "F1"),
    _a("about", HELP, "About Latent Studio", "Version and licence."),
)


def make_actions(window: QMainWindow) -> tuple[dict[str, QAction], dict[str, QMenu]]:
    """Fill the window's menu bar; the actions and the menus by name."""
    menus: dict[str, QMenu] = {name: window.menuBar().addMenu(_tr(name)) for name in MENUS}
    groups: dict[str, QActionGroup] = {}
    actions: dict[str, QAction] = {}
    for info in ACTIONS:
        if info.menu not in menus:
            menus[info.menu] = menus[SUBMENUS[info.menu]].addMenu(_tr(info.menu))
        if info.line:
            menus[info.menu].addSeparator()
        action = actions[info.name] = _action(window, info)
        menus[info.menu].addAction(action)
        window.addAction(action)
        if info.group:
            _join(groups, window, info, action)
    for menu in menus.values():
        menu.setToolTipsVisible(True)  # of what is grey, they say why
    return actions, menus


def _action(window: QMainWindow, info: ActionInfo) -> QAction:
    action = QAction(_tr(info.text), window)
    action.setObjectName(f"{info.name}Action")
    action.setShortcuts([QKeySequence(key) for key in info.keys])
    action.setToolTip(_tr(info.tip))
    action.setCheckable(info.checkable)
    return action


def _join(groups: dict[str, QActionGroup], window: QMainWindow, info: ActionInfo, action: QAction) -> None:
    alone = sum(other.group == info.group for other in ACTIONS) == 1
    if not alone:
        group = groups.setdefault(info.group, QActionGroup(window))
        group.addAction(action)


def _tr(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)
