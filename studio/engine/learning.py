"""A recipe's learned words: which files its prompts name, and their vectors, read once."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.core.embedding_files import EMBEDDING, embedding_folders, words_used
from studio.core.errors import AdapterChangedError, AdapterError, ModelError
from studio.core.learned_words import LEARNED_MAX, LearnedWord, check_learned
from studio.core.recipe import Recipe
from studio.core.weight_hash import WeightHasher
from studio.engine.lexicon import NO_WORDS, Lexicon, Vectors, load_vectors
from studio.engine.loading import Loaded


class Learning:
    """Finds the embeddings that prompts name. Nothing of a model is changed by them."""

    def __init__(self, model_folders: tuple[Path, ...], hasher: WeightHasher) -> None:
        """They are looked for in and beside `model_folders`."""
        self._folders, self._hasher = embedding_folders(model_folders), hasher
        self._read: OrderedDict[tuple[str, str], Vectors] = OrderedDict()

    def look_in(self, model_folders: tuple[Path, ...]) -> None:
        """Look in and beside these from now on."""
        self._folders = embedding_folders(model_folders)

    def named(self, recipe: Recipe, loaded: Loaded, tick: Callable[[float], None]) -> Recipe:
        """The recipe with its learned words and their hashes, each fit for the model.

        Raises OptionError, AdapterError, ModelBrokenError and whatever `tick` raises.
        """
        named = []
        for word, path in words_used(recipe, self._folders):
            digest = self._digest(path, tick)
            if not digest.startswith(word.hash.casefold()):
                raise AdapterChangedError(word.name, word.hash, digest, EMBEDDING)
            self._vectors(path, digest, loaded)
            named.append(LearnedWord(name=path.stem, hash=digest))
        check_learned(named)
        return msgspec.structs.replace(recipe, learned_words=tuple(named))

    def lexicon(self, recipe: Recipe, loaded: Loaded) -> Lexicon:
        """The learned words of a recipe that is `named`."""
        words = recipe.learned_words or ()
        return Lexicon({word.name: self._read[loaded.hash, word.hash] for word in words}) if words else NO_WORDS

    def lexicon_of(self, text: str, loaded: Loaded) -> Lexicon:
        """The learned words of a text in the writing; none while one of them cannot be used."""
        try:
            named = self.named(Recipe(prompt=text), loaded, lambda _: None)
        except ModelError:
            return NO_WORDS
        return self.lexicon(named, loaded)

    def _digest(self, path: Path, tick: Callable[[float], None]) -> str:
        try:
            return self._hasher.file_hash(path, tick)
        except OSError as error:
            raise AdapterError(path.name, f"it cannot be read ({error.strerror})", EMBEDDING) from error

    def _vectors(self, path: Path, digest: str, loaded: Loaded) -> None:
        key = (loaded.hash, digest)
        if key not in self._read:
            self._read[key] = load_vectors(path, loaded.info.family, loaded.family.components)
        self._read.move_to_end(key)
        while len(self._read) > 2 * LEARNED_MAX:
            self._read.popitem(last=False)
