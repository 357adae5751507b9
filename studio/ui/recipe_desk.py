"""Joins the session with the panels: what the artist edits goes into the recipe, and the recipe is shown there."""

from collections.abc import Mapping
from typing import Any

import msgspec
from PySide6.QtCore import QObject

from studio.core.engine import NoiseLevels
from studio.core.errors import ModelBrokenError
from studio.core.model_family import FAMILIES
from studio.core.models import ModelInfo
from studio.core.recipe import ModelRef, Recipe
from studio.core.scheduler_choice import with_scheduler
from studio.core.schedulers import Scheduler
from studio.core.session import Session
from studio.core.words import load_vocabulary
from studio.ui.ability_gate import show_abilities
from studio.ui.commands import Preload
from studio.ui.engine_thread import EngineThread
from studio.ui.main_window import MainWindow
from studio.ui.problems import TokenCount, control_of, problems_of
from studio.ui.questions import Questions
from studio.ui.wishes import first_recipe, new_seed, with_model

_STATE_FIELDS = ("count", "seed_locked")


class RecipeDesk(QObject):
    """Takes what the artist edits, and shows every change of the session, wherever it comes from."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        thread: EngineThread,
        questions: Questions,
        models: dict[str, ModelInfo],
    ) -> None:
        """`models` by how the engine finds them: a name, or a folder."""
        super().__init__(window)
        self._window, self._session, self._thread = window, session, thread
        self._questions, self._models = questions, models
        self._problems: dict[str, str] = {}
        self._refused_seed = ""
        self._tokens: dict[str, TokenCount] = {}
        self._wanted_model = ""
        self._known: ModelInfo | None = None
        self._is_looking, self._last_model = True, session.recipe.model.name
        self._connect()
        window.sampling_panel.set_models(models)
        session.listen(self._on_session_changed)
        session.history.listen(self._show_undo)
        self._show_all()
        self._show_undo()

    @property
    def wanted_model(self) -> str:
        """The key of the model that the recipe wants, if there is such a model; else empty."""
        return self._wanted_model if self._wanted_model in self._models else ""

    def is_ready(self) -> bool:
        """Whether the recipe can be made; where not, the reason is said beside its control."""
        if not self._session.recipe.prompt.strip():
            self.refuse("prompt", self.tr("The prompt is empty. Describe what the picture should show."))
            return False
        for name, sentence in self._problems.items():
            self.refuse(name, sentence)
            return False
        return True

    def refuse(self, name: str, sentence: str) -> None:
        """Say beside the control of `name`, or in the banner, why the picture cannot be made."""
        name = control_of(name)
        if self._window.show_problem(name, sentence):
            self._problems[name] = sentence
            self._window.focus_field(name)
        else:
            self._window.banner.tell(sentence)

    def use_recipe(self, recipe: Recipe, source: str, **more: object) -> None:
        """Go on from another picture's recipe, with its seed locked and `more` of the state, as one step of undo."""
        self._refused_seed = ""
        self._session.change(recipe=recipe, seed_locked=True, **more)
        self._window.prompt_panel.seed_box.drop_text()
        self._show_all()
        self._window.status.show_activity(self.tr("Recipe of {name} brought back").format(name=source))

    def roll_dice(self) -> None:
        """Another seed."""
        self._session.change_recipe(seed=new_seed())

    def choose_model(self, key: str) -> None:
        """Make pictures with the model of that key."""
        if key in self._models:
            self._on_model_chosen(key)

    def load_again(self) -> None:
        """Load the model that the recipe wants: what it lacked may be there now."""
        self._thread.send(Preload(self.wanted_model))

    def take_models(self, tips: Mapping[str, str], *, is_all: bool) -> None:
        """The models are others now; without `is_all`, more may follow. `tips` tell of each."""
        self._window.sampling_panel.set_models(self._models, tips)
        if is_all:
            self._end_looking()
        self._show_all()
        if self._models.get(self._wanted_model) != self._known:
            self._take_model(self._wanted_model)

    def _end_looking(self) -> None:
        """All models are known. Where the last session's is gone, or there was none, the first takes its place."""
        self._is_looking, name = False, self._session.recipe.model.name
        if self._models and name == self._last_model and name not in self._models:
            self._take_first_model(next(iter(self._models)))
        if self._models:
            self._last_model = ""

    def _take_first_model(self, key: str) -> None:
        if self._session.recipe != Recipe():
            self._on_model_chosen(key)
        else:
            recipe = first_recipe(self._models[key], key)
            self._session.put(msgspec.structs.replace(self._session.state, recipe=recipe))

    # Wiring.

    def _connect(self) -> None:
        prompt, sampling = self._window.prompt_panel, self._window.sampling_panel
        prompt.edited.connect(self._on_edited)
        prompt.sizeEdited.connect(self._on_size_edited)
        prompt.seedRefused.connect(self._on_seed_refused)
        prompt.diceRolled.connect(self.roll_dice)
        sampling.edited.connect(self._on_edited)
        sampling.settingEdited.connect(self._on_setting_edited)
        sampling.modelChosen.connect(self._on_model_chosen)
        self._window.action("lockSeed").triggered.connect(lambda locked: self._on_edited("seed_locked", locked))
        self._questions.levelsKnown.connect(self._on_levels_known)
        self._questions.tokensKnown.connect(self._on_tokens_known)
        self._thread.modelLoaded.connect(self._questions.ask_again)

    # The session and what it shows.

    def _on_session_changed(self, names: frozenset[str]) -> None:
        if "seed" in names:
            self._refused_seed = ""
        if names - {"canvas", "notes"}:  # these are not shown here, and change while a hand drags
            self._show_all()

    def _show_all(self) -> None:
        state, window = self._session.state, self._window
        window.prompt_panel.show_state(state)
        window.sampling_panel.show_recipe(state.recipe)
        show_abilities(window, self._models.get(state.recipe.model.name))
        window.action("lockSeed").setChecked(state.seed_locked)
        if state.recipe.model.name != self._wanted_model:
            self._take_model(state.recipe.model.name)
        self._questions.follow(state.recipe)
        self._check()

    def _show_undo(self) -> None:
        self._window.action("undo").setEnabled(self._session.can_undo)
        self._window.action("redo").setEnabled(self._session.can_redo)

    def _take_model(self, key: str) -> None:
        """Show what depends on the model, and load it when the thread has nothing better to do."""
        is_first, self._wanted_model = not self._wanted_model, key
        self._known = model = self._models.get(key)
        if model is None:
            return
        panel = self._window.prompt_panel
        panel.size_box.set_model(model.size_multiple, model.defaults.width * model.defaults.height)
        panel.set_token_limit(model.token_limit, model.prompt_limit)
        panel.set_weightless("" if FAMILIES[model.family].weighs_words else model.kind)
        try:
            panel.set_vocabulary(load_vocabulary(model.vocabulary) if model.vocabulary else None)
        except ModelBrokenError as error:
            panel.set_vocabulary(None)
            self._window.banner.tell(str(error))
        if not is_first:  # the first is loaded once the window is on the screen
            self._thread.send(Preload(key))

    def _check(self) -> None:
        """Say beside each control what is wrong, and take back what no longer is."""
        found = problems_of(self._session.recipe, self._models, self._tokens, self._refused_seed)
        if self._is_looking and "model" in found and self._session.recipe.model.name:
            found["model"] = self.tr("Still looking for “{name}”…").format(name=self._session.recipe.model.name)
        for name in self._problems.keys() - found.keys():
            self._window.show_problem(name, "")
        for name, sentence in found.items():
            self._window.show_problem(name, sentence)
        self._problems = found

    # What the artist wants.

    def _on_edited(self, name: str, value: object) -> None:
        if name in _STATE_FIELDS:
            self._session.change(**{name: value})
        elif name == "scheduler" and isinstance(value, Scheduler):
            recipe = self._session.recipe
            model = self._models.get(recipe.model.name)
            self._session.change(recipe=with_scheduler(recipe, value, model))
        elif name == "seed":
            self._refused_seed = ""
            recipe = msgspec.structs.replace(self._session.recipe, seed=value)
            self._session.change(recipe=recipe, seed_locked=True)  # who types a seed means to keep it
            self._check()
        else:
            self._session.change_recipe(**{name: value})

    def _on_size_edited(self, width: int, height: int) -> None:
        self._session.change_recipe(width=width, height=height)

    def _on_setting_edited(self, name: str, value: object) -> None:
        settings = msgspec.structs.replace(self._session.recipe.scheduler_settings, **{name: value})
        self._session.change_recipe(scheduler_settings=settings)

    def _on_seed_refused(self, sentence: str) -> None:
        self._refused_seed = sentence
        self._check()

    def _on_model_chosen(self, key: str) -> None:
        recipe = self._session.recipe
        wanted = with_model(recipe, self._models.get(recipe.model.name), self._models[key], key)
        self._session.change_recipe(**_fields(wanted))

    # Answers.

    def _on_levels_known(self, levels: NoiseLevels) -> None:
        self._window.sampling_panel.sigma_plot.show_levels(levels)

    def _on_tokens_known(self, field: str, text: str, count: int) -> None:
        self._tokens[field] = (text, count)
        self._window.prompt_panel.show_tokens(field, count)
        self._check()


def drop_hash(session: Session) -> None:
    """Take whatever weights bear the names of the model, its adapters, embeddings and VAE."""
    adapters = tuple(msgspec.structs.replace(each, hash="") for each in session.recipe.adapters)
    vae = session.recipe.vae and ModelRef(name=session.recipe.vae.name)
    model = ModelRef(name=session.recipe.model.name)
    session.change_recipe(model=model, adapters=adapters, learned_words=None, vae=vae)


def _fields(recipe: Recipe) -> dict[str, Any]:
    return {name: getattr(recipe, name) for name in recipe.__struct_fields__}
