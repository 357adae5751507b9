"""Pictures of other programs, read off the UI thread: what they say, and a small picture of them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from studio.core.adapter_files import adapter_folders, find_adapters
from studio.core.decoding import read_pixels
from studio.core.embedding_files import embedding_folders, find_embeddings
from studio.core.errors import ModelBrokenError, NoRecipeError, PictureError
from studio.core.foreign import Understanding, read_foreign
from studio.core.foreign.adoption import Adoption, adopt
from studio.core.foreign.text_reader import read_foreign_text
from studio.core.models import ModelInfo
from studio.core.recipe import ModelRef
from studio.core.vae_files import find_vaes, vae_folders
from studio.core.words import Vocabulary, load_vocabulary
from studio.ui.images import to_qimage

PICTURE_PX = 144
"""The longer side of the small picture, at twice the screen's usual density."""


Models: TypeAlias = Mapping[str, ModelInfo]
"""By how the engine finds them."""


class Found(msgspec.Struct, frozen=True, eq=False):
    """What was read. `path` is None for a text. Without an `adoption`, `sentence` says why there is none."""

    name: str
    path: Path | None
    adoption: Adoption | None
    sentence: str
    image: QImage


class ImportReader(QObject):
    """Reads one after another.

    The life of one: `want…` → the pool's thread reads the metadata and shrinks the picture → `ready` reaches the UI
    thread; a file that is no picture at all gives `failed`.

    Signals:
        ready: what was Found.
        failed: a sentence.
    """

    ready = Signal(object)
    failed = Signal(str)

    def __init__(self, models: Models, model_folders: tuple[Path, ...], parent: QObject) -> None:
        """`models` follows what is there. Adapters and their like are looked for in and beside `model_folders`."""
        super().__init__(parent)
        self._models, self._folders = models, model_folders
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="imports")

    def use_folders(self, model_folders: tuple[Path, ...]) -> None:
        """Look for adapters and their like in and beside these from now on."""
        self._folders = model_folders

    def want_file(self, path: Path, current: ModelRef) -> None:
        """Read the picture at `path`. `current` is the model to use where its own is not here."""
        self._pool.submit(self._read_file, path, current, dict(self._models))

    def want_text(self, text: str, name: str, current: ModelRef) -> None:
        """Read settings that someone copied; `name` is what to call them."""
        self._pool.submit(self._read_text, text, name, current, dict(self._models))

    def close(self) -> None:
        """Drop what waits and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _read_file(self, path: Path, current: ModelRef, models: Models) -> None:
        adoption, sentence = None, ""
        try:
            adoption = self._adopted(read_foreign(path), current, models)
        except PictureError as error:
            sentence = str(error)
        try:
            image = to_qimage(read_pixels(path, 2 * PICTURE_PX))
        except PictureError as error:
            if adoption is None:
                self.failed.emit(str(error))
                return
            image = QImage()  # its settings can be used all the same
        self.ready.emit(Found(path.name, path, adoption, sentence, image))

    def _read_text(self, text: str, name: str, current: ModelRef, models: Models) -> None:
        try:
            found = read_foreign_text(text, name)
        except NoRecipeError:
            self.failed.emit(
                self.tr("{name} holds no settings. Copy a picture, or the text of its settings.").format(name=name)
            )
        except PictureError as error:
            self.failed.emit(str(error))
        else:
            self.ready.emit(Found(name, None, self._adopted(found, current, models), "", QImage()))

    def _adopted(self, understanding: Understanding, current: ModelRef, models: Models) -> Adoption:
        vocabulary = _vocabulary(models.get(current.name))
        wanted, folders = understanding.recipe, self._folders
        adapters = find_adapters(adapter_folders(folders)) if wanted.adapters else {}
        embeddings = find_embeddings(embedding_folders(folders)) if wanted.learned_words else {}
        vaes = find_vaes(vae_folders(folders)) if wanted.vae else {}
        return adopt(understanding, self._models, current, vocabulary, adapters, embeddings=embeddings, vaes=vaes)


def _vocabulary(model: ModelInfo | None) -> Vocabulary | None:
    try:
        return load_vocabulary(model.vocabulary) if model is not None and model.vocabulary is not None else None
    except ModelBrokenError:
        return None  # told when the model is chosen
