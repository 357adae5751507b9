"""Styles from the artist's side: the menu beside the prompt, and the artist's own styles."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog, QMenu

from studio.core.errors import StudioError
from studio.core.session import Session
from studio.core.styles import Style, load_styles, save_styles, shipped_styles, with_style
from studio.ui.main_window import MainWindow


class StyleDesk(QObject):
    """Fills the menu each time it opens, so that a file edited by hand counts at once; does what is chosen in it."""

    def __init__(self, window: MainWindow, session: Session, path: Path) -> None:
        """`path` is the file of the artist's own styles."""
        super().__init__(window)
        self._window, self._session, self._path = window, session, path
        self._own: tuple[Style, ...] | None = None
        self._menu = QMenu(window.prompt_panel.style_button)
        self._rename_menu = QMenu(self.tr("Rename"), self._menu)
        self._delete_menu = QMenu(self.tr("Delete"), self._menu)
        self._menus = (self._menu, self._rename_menu, self._delete_menu)
        for name, menu in zip(("styleMenu", "renameStyleMenu", "deleteStyleMenu"), self._menus, strict=True):
            menu.setObjectName(name)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self._fill)
        window.prompt_panel.style_button.setMenu(self._menu)

    def use(self, style: Style) -> None:
        """Put the prompts into a style: one step of undo, whatever was typed just before."""
        wanted = with_style(self._session.recipe, style)
        self._session.release()
        self._session.change_recipe(prompt=wanted.prompt, negative_prompt=wanted.negative_prompt)
        self._session.release()
        self._window.focus_field("prompt")

    def save_prompt(self, name: str) -> None:
        """Keep the prompts as a style of that name; one of the artist's own that bears it already is replaced."""
        recipe = self._session.recipe
        own = [each for each in self._own or () if each.name.casefold() != name.casefold()]
        made = Style(name=name, prompt=recipe.prompt, negative_prompt=recipe.negative_prompt)
        if self._replace(self.tr("Save the style {name}").format(name=name), (*own, made)):
            self._window.status.show_activity(self.tr("Saved as the style {name}").format(name=name))

    def rename(self, style: Style, name: str) -> None:
        """Call one of the artist's own otherwise."""
        renamed = msgspec.structs.replace(style, name=name)
        own = tuple(renamed if each == style else each for each in self._own or ())
        self._replace(self.tr("Rename the style {name}").format(name=style.name), own)

    def delete(self, style: Style) -> None:
        """Forget one of the artist's own. Can be undone."""
        own = tuple(each for each in self._own or () if each != style)
        self._replace(self.tr("Delete the style {name}").format(name=style.name), own)

    def _fill(self) -> None:
        for menu in self._menus:
            menu.clear()
        self._own = self._read(lambda: load_styles(self._path))
        for styles in (self._read(shipped_styles) or (), self._own or ()):
            for style in styles:
                self._entry(self._menu, style, partial(self.use, style), _tip(style))
            self._menu.addSeparator()
        save = self._menu.addAction(self.tr("Save the prompt as a style…"))
        save.setToolTip(self.tr("In its text, {prompt} stands for the words it is used with."))
        save.setEnabled(self._own is not None and bool(self._session.recipe.prompt.strip()))
        save.triggered.connect(self._on_save_triggered)
        for style in self._own or ():
            self._entry(self._rename_menu, style, partial(self._ask_rename, style))
            self._entry(self._delete_menu, style, partial(self.delete, style))
        for menu in (self._rename_menu, self._delete_menu):
            self._menu.addMenu(menu).setEnabled(bool(self._own))

    def _entry(self, menu: QMenu, style: Style, work: Callable[[], object], tip: str = "") -> None:
        action = menu.addAction(style.name.replace("&", "&&"))
        action.setToolTip(tip)
        action.triggered.connect(lambda _=False: work())

    def _replace(self, text: str, own: tuple[Style, ...]) -> bool:
        before = self._own or ()
        if not self._write(own):
            return False
        self._session.record(text, lambda: self._write(before), lambda: self._write(own))
        return True

    def _write(self, own: tuple[Style, ...]) -> bool:
        try:
            save_styles(self._path, own)
        except StudioError as error:
            self._window.banner.tell(str(error))
            return False
        self._own = own
        return True

    def _read(self, load: Callable[[], tuple[Style, ...]]) -> tuple[Style, ...] | None:
        """The styles, or None where they cannot be read: then the file is not written to either."""
        try:
            return load()
        except StudioError as error:
            self._window.banner.tell(str(error))
            return None

    def _on_save_triggered(self) -> None:
        name = self._ask(self.tr("Save the prompt as a style"), "")
        if name:
            self.save_prompt(name)

    def _ask_rename(self, style: Style) -> None:
        name = self._ask(self.tr("Rename the style"), style.name)
        if name:
            self.rename(style, name)

    def _ask(self, title: str, present: str) -> str:
        name, is_wanted = QInputDialog.getText(self._window, title, self.tr("Name"), text=present)
        return name.strip()[:80] if is_wanted else ""


def _tip(style: Style) -> str:
    """What a style makes of the prompts, in a line or two."""
    return "\n".join(filter(None, (style.prompt, style.negative_prompt and f"− {style.negative_prompt}")))
