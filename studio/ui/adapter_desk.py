"""Joins the list of adapters with the session and the files: each change is one step of undo."""

from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices

from studio.core.adapter_files import adapter_folders, find_adapters
from studio.core.adapters import AdapterUse
from studio.core.embedding_files import embedding_folders, known_embeddings
from studio.core.errors import SaveError
from studio.core.files import make_folder
from studio.core.places import Places
from studio.core.recipe import ModelRef
from studio.core.recipe_files import Companion, take_in
from studio.core.session import Session
from studio.core.vae_files import find_vaes, vae_folders
from studio.ui.background import Background
from studio.ui.main_window import MainWindow


class AdapterDesk(QObject):
    """Finds the files, takes in new ones, and puts into the recipe what the artist wants."""

    def __init__(self, window: MainWindow, session: Session, places: Places, model_folders: tuple[Path, ...]) -> None:
        """New files go to `places`; others are looked for in and beside `model_folders`."""
        super().__init__(window)
        self._window, self._session, self._places, self._folders = window, session, places, model_folders
        self._list = window.sampling_panel.adapter_list
        self._edited, self._copying = -1, ""
        self._files = Background("adapters", self)
        self._files.failed.connect(self._on_failed)
        self._list.lookWanted.connect(self.look)
        self._list.addWanted.connect(self.add)
        self._list.embeddingWanted.connect(self.add_embedding)
        self._list.removeWanted.connect(self._on_remove_wanted)
        self._list.strengthEdited.connect(self._on_strength_edited)
        self._list.dragging.connect(self._on_dragging)
        self._list.folderWanted.connect(self._on_folder_wanted)
        window.sampling_panel.adapterDropped.connect(self._on_adapter_dropped)
        window.shown.connect(self.look)
        window.closeRequested.connect(self._on_close_requested)

    def use_folders(self, model_folders: tuple[Path, ...]) -> None:
        """Look in and beside these from now on, and at once."""
        self._folders = model_folders
        self.look()

    def look(self) -> None:
        """Find out again which files there are."""
        folders = self._folders
        self._files.run(lambda: tuple(find_adapters(adapter_folders(folders))), self._list.set_names)
        self._files.run(lambda: known_embeddings(embedding_folders(folders)), self._show_embeddings)
        self._files.run(lambda: tuple(find_vaes(vae_folders(folders))), self._window.sampling_panel.set_vaes)

    def add(self, name: str) -> None:
        """Use an adapter, unless the recipe does already."""
        present = self._session.recipe.adapters
        if name.casefold() not in {each.name.casefold() for each in present}:
            self._change((*present, AdapterUse(name=name)))

    def add_embedding(self, name: str) -> None:
        """Put an embedding's name at the end of the prompt."""
        self._session.release()
        prompt = self._session.recipe.prompt.rstrip()
        self._session.change_recipe(prompt=f"{prompt}, {name}" if prompt else name)
        self._session.release()

    def _show_embeddings(self, held: dict[str, str]) -> None:
        self._list.set_embeddings(held)
        self._window.prompt_panel.set_embeddings(held)

    def _change(self, adapters: tuple[AdapterUse, ...]) -> None:
        """As a step of its own."""
        self._session.release()
        self._session.change_recipe(adapters=adapters)
        self._session.release()

    def _on_remove_wanted(self, index: int) -> None:
        present = self._session.recipe.adapters
        self._change((*present[:index], *present[index + 1 :]))
        self._list.add_button.setFocus()

    def _on_strength_edited(self, index: int, strength: float) -> None:
        if index != self._edited:  # another one is another step, however soon
            self._session.release()
        self._edited = index
        present = self._session.recipe.adapters
        changed = msgspec.structs.replace(present[index], strength=strength)
        self._session.change_recipe(adapters=(*present[:index], changed, *present[index + 1 :]))

    def _on_dragging(self, is_held: bool) -> None:
        self._edited = -1
        self._session.hold() if is_held else self._session.release()

    def _on_folder_wanted(self) -> None:
        try:
            make_folder(self._places.adapters)
        except SaveError as error:
            self._window.banner.tell(str(error))
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._places.adapters))):
            self._window.banner.tell(
                self.tr("No program opens folders here. It is {folder}.").format(folder=self._places.adapters)
            )

    def _on_adapter_dropped(self, path: Path) -> None:
        places = self._places
        self._copying = self.tr("Copying {name}…").format(name=path.name)
        self._window.status.show_activity(self._copying)
        self._files.run(lambda: take_in(path, places), self._on_taken)

    def _on_taken(self, taken: tuple[Companion, Path]) -> None:
        kind, path = taken
        said = self.tr("{name} was copied into the folder {folder}, and is used")
        self._window.status.show_activity(said.format(name=path.name, folder=path.parent.name))
        self.look()
        match kind:
            case Companion.LORA:
                self.add(path.stem)
            case Companion.EMBEDDING:
                self.add_embedding(path.stem)
            case Companion.VAE:
                self._session.change_recipe(vae=ModelRef(name=path.stem))

    def _on_failed(self, sentence: str) -> None:
        if self._window.status.activity.text() == self._copying:  # it is over
            self._window.status.show_activity("")
        self._window.banner.tell(sentence)

    def _on_close_requested(self, event: QCloseEvent) -> None:
        if event.isAccepted():
            self._files.close()
