"""Questions to the engine that follow the artist's hand: noise levels and token counts.

The life of one: the recipe changes → a short pause of the hand → the question goes to the thread, where a later one
supersedes it → the answer comes back by a signal; one to a question that is no longer the newest is dropped.
"""

from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.engine import NoiseLevels
from studio.core.recipe import Recipe
from studio.core.wildcards import longest_choice
from studio.ui.commands import AskNoiseLevels, AskTokenCount
from studio.ui.engine_thread import EngineThread

_PAUSE_MS = 60
_TEXTS = ("prompt", "negative_prompt")


class Questions(QObject):
    """Asks after each change and passes on the answers that still matter.

    Signals:
        levelsKnown: the NoiseLevels of the recipe being edited.
        tokensKnown: the field, the text and its number of tokens, with the longest of its choices.
    """

    levelsKnown = Signal(object)  # noqa: N815 Qt's style
    tokensKnown = Signal(str, str, int)  # noqa: N815

    def __init__(self, thread: EngineThread, parent: QObject) -> None:
        super().__init__(parent)
        self._thread = thread
        self._recipe: Recipe | None = None
        self._asked_levels: Recipe | None = None
        self._asked_texts: dict[str, str] = {}
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._on_hand_paused)
        thread.noiseLevelsReady.connect(self._on_levels_ready)
        thread.tokensCounted.connect(self._on_tokens_counted)

    def follow(self, recipe: Recipe) -> None:
        """`recipe` is what is being edited now."""
        self._recipe = recipe
        self._pause.start()

    def ask_again(self) -> None:
        """Another model was loaded: every answer may differ."""
        self._asked_levels, self._asked_texts = None, {}
        self._pause.start()

    def close(self) -> None:
        """Ask nothing any more."""
        self._pause.stop()

    def _on_hand_paused(self) -> None:
        if self._recipe is None:
            return
        if self._asked_levels is None or _level_key(self._recipe) != _level_key(self._asked_levels):
            self._asked_levels = self._recipe
            self._thread.send(AskNoiseLevels(self._recipe))
        for field in _TEXTS:
            text = getattr(self._recipe, field)
            if self._asked_texts.get(field) != text:
                self._asked_texts[field] = text
                self._thread.send(AskTokenCount(field, longest_choice(text)))

    def _on_levels_ready(self, recipe: Recipe, levels: NoiseLevels) -> None:
        if recipe is self._asked_levels:
            self.levelsKnown.emit(levels)

    def _on_tokens_counted(self, field: str, text: str, count: int) -> None:
        asked = self._asked_texts.get(field)
        if asked is not None and longest_choice(asked) == text:
            self.tokensKnown.emit(field, asked, count)


def _level_key(recipe: Recipe) -> tuple[object, ...]:
    """What noise levels depend on."""
    return (recipe.model, recipe.scheduler, recipe.schedule, recipe.steps, recipe.scheduler_settings)


def same_levels(one: Recipe, other: Recipe) -> bool:
    """Whether two recipes walk through the same noise levels."""
    return _level_key(one) == _level_key(other)
