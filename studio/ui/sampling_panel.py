"""The right panel: which model, which scheduler, how many steps, how hard the prompt pulls; and the noise levels."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from PySide6.QtCore import QMimeData, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSlider, QWidget

from studio.core.abilities import Ability
from studio.core.adapter_files import holds_weights
from studio.core.models import ModelInfo
from studio.core.options import option
from studio.core.recipe import ModelRef, Recipe
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SchedulerInfo
from studio.ui.adapter_list import AdapterList
from studio.ui.controls import GAP, Combo, DecimalSpin, Fold, Spin, column, label, note, say
from studio.ui.fields import Fields
from studio.ui.option_form import OptionForm
from studio.ui.sigma_plot import SigmaPlot

_SLIDER_STEP = 0.1
_STEPS_SLIDER_MAX = 60
_GUIDANCE_SLIDER_MAX = 15.0
"""Sliders cover what is useful; the spin boxes beside them reach what is allowed."""

_FEW_TIMES, _GENTLE = 2, 2.0
"""Within twice the steps, and up to this guidance, a few-step model still does well."""


class SamplingPanel(QWidget):
    """Shows a recipe's sampling and says what the artist wants of it. Decides nothing.

    Signals:
        edited: a field of the recipe and the value wanted: "vae", "scheduler", "schedule", "steps", "guidance".
        settingEdited: a field of the scheduler's settings and the value wanted.
        modelChosen: how the engine finds the model chosen.
        adapterDropped: the path of a file of weights that was dropped: a LoRA, an embedding or a VAE, or none of them.
    """

    edited = Signal(str, object)
    settingEdited = Signal(str, object)  # noqa: N815 Qt's style
    modelChosen = Signal(str)  # noqa: N815
    adapterDropped = Signal(object)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.model_combo = Combo(self.tr("Model"), self.tr("The model that makes the pictures."))
        self.vae_combo = Combo(
            self.tr("VAE"), self.tr("What makes latents into pictures: the model's own, or another in its place.")
        )
        self._vaes: tuple[str, ...] = ()
        self.scheduler_combo = Combo(self.tr("Scheduler"), self.tr("The solver that walks from noise to picture."))
        self.schedule_combo = Combo(self.tr("Schedule"), self.tr("How the noise levels are spaced."))
        self.steps_spin, self.steps_slider = Spin(option(Recipe, "steps")), QSlider(Qt.Orientation.Horizontal)
        self.guidance_spin = DecimalSpin(option(Recipe, "guidance"))
        self.guidance_slider = QSlider(Qt.Orientation.Horizontal)
        self.scheduler_note, self.model_note, self.advice_note = note(), note(), note("warning")
        self._models: dict[str, ModelInfo] = {}
        self._recipe: Recipe | None = None
        self.form, self.fields, self.sigma_plot = OptionForm(), Fields(), SigmaPlot()
        self.levels_title = label(self.tr("Noise levels σ"), "title", self.sigma_plot)
        self.more_fold = Fold("moreFold", self.tr("More settings"), self.tr("The scheduler's own settings."), self.form)
        self.adapter_list = AdapterList()
        self.setAcceptDrops(True)
        self._name_everything()
        self._lay_out()
        self._connect()

    def set_models(self, models: Mapping[str, ModelInfo], tips: Mapping[str, str] = MappingProxyType({})) -> None:
        """The models to choose from, by how the engine finds them, and what is told of each, if not its path."""
        self._models = dict(models)
        with QSignalBlocker(self.model_combo):
            self.model_combo.set_choices(
                [(info.name, key, tips.get(key, str(info.path))) for key, info in models.items()]
            )

    def set_vaes(self, names: tuple[str, ...]) -> None:
        """The VAEs there are, beside the models' own."""
        self._vaes = names
        self._show_vae(None if self._recipe is None else self._recipe.vae)

    def show_recipe(self, recipe: Recipe) -> None:
        """Show every value, silently."""
        model = self._models.get(recipe.model.name)
        offered = SCHEDULERS if model is None else model.schedulers
        info = offered.get(recipe.scheduler, SCHEDULERS[recipe.scheduler])
        _choose(self.model_combo, recipe.model.name)
        say(self.model_note, "" if model is None else model.note)
        self._offer(offered)
        _choose(self.scheduler_combo, recipe.scheduler)
        with QSignalBlocker(self.schedule_combo):
            self.schedule_combo.set_choices([(str(each), each, "") for each in info.schedules])
        _choose(self.schedule_combo, recipe.schedule)
        self.fields.set_shown("schedule", len(info.schedules) > 1)
        _set_number(self.steps_spin, self.steps_slider, recipe.steps, 1.0)
        _set_number(self.guidance_spin, self.guidance_slider, recipe.guidance, _SLIDER_STEP)
        say(self.scheduler_note, info.description)
        say(self.advice_note, "" if model is None else self._advice(recipe, model))
        has_levels = model is None or Ability.SCHEDULERS in model.abilities
        self.levels_title.setVisible(has_levels)
        self.sigma_plot.setVisible(has_levels)
        self.more_fold.setVisible(bool(info.settings))
        self.form.show_settings(info, recipe.scheduler_settings)
        self.adapter_list.show_recipe(recipe)
        self._recipe = recipe
        self._show_vae(recipe.vae)

    def _show_vae(self, vae: ModelRef | None) -> None:
        """The choice, where there is one; a VAE that is not there is shown as missing."""
        chosen = "" if vae is None else vae.name
        there = next((name for name in self._vaes if name.casefold() == chosen.casefold()), "")
        choices: list[tuple[str, object, str]] = [(self.tr("The model's own"), "", "")]
        choices += [(name, name, "") for name in self._vaes]
        if chosen and not there:
            choices.append((self.tr("{name} (not on this machine)").format(name=chosen), chosen, ""))
        with QSignalBlocker(self.vae_combo):
            self.vae_combo.set_choices(choices)
        _choose(self.vae_combo, there or chosen)
        self.fields.set_shown("vae", len(choices) > 1)

    def _advice(self, recipe: Recipe, model: ModelInfo) -> str:
        """What to change where the artist asks a few-step model for what it was not made for."""
        wants = model.defaults
        is_far = recipe.steps > _FEW_TIMES * wants.steps or recipe.guidance > max(wants.guidance, _GENTLE)
        if not (model.few_steps and is_far):
            return ""
        words = self.tr("Made for about {steps} steps at guidance {guidance}: much more spoils its pictures.")
        return words.format(steps=wants.steps, guidance=f"{wants.guidance:g}")

    def _offer(self, offered: Mapping[Scheduler, SchedulerInfo]) -> None:
        """The schedulers of the model that is shown; a combo that already offers them is left alone."""
        shown = [self.scheduler_combo.itemText(row) for row in range(self.scheduler_combo.count())]
        if shown != [str(name) for name in offered]:
            with QSignalBlocker(self.scheduler_combo):
                choices = [(str(name), name, info.description) for name, info in offered.items()]
                self.scheduler_combo.set_choices(choices)

    def show_problem(self, name: str, sentence: str) -> bool:
        """Say beside the control of field `name` what is wrong; False where the field has none here."""
        if name in ("adapters", "learned_words"):
            self.adapter_list.show_problem(sentence)
            return True
        for fields in (self.fields, self.form.fields):
            if name in fields.names:
                fields.show_problem(name, sentence)
                if sentence and fields is self.form.fields:
                    self.more_fold.set_open(True)
                return True
        return False

    def control(self, name: str) -> QWidget | None:
        """The control of field `name`."""
        if name in ("adapters", "learned_words"):
            return self.adapter_list.add_button
        return next((each.control(name) for each in (self.fields, self.form.fields) if name in each.names), None)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 Qt's name
        """One file of weights at a time; pictures go to the window."""
        if _adapter_in(event.mimeData()) is not None:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Hand the path on."""
        path = _adapter_in(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.adapterDropped.emit(path)

    def _name_everything(self) -> None:
        names = {
            self.model_combo: "modelCombo",
            self.vae_combo: "vaeCombo",
            self.scheduler_combo: "schedulerCombo",
            self.schedule_combo: "scheduleCombo",
            self.steps_spin: "stepsSpin",
            self.steps_slider: "stepsSlider",
            self.guidance_spin: "guidanceSpin",
            self.guidance_slider: "guidanceSlider",
        }
        for widget, name in names.items():
            widget.setObjectName(name)
        self.steps_slider.setRange(1, _STEPS_SLIDER_MAX)
        self.guidance_slider.setRange(round(1 / _SLIDER_STEP), round(_GUIDANCE_SLIDER_MAX / _SLIDER_STEP))
        for slider, spin in ((self.steps_slider, self.steps_spin), (self.guidance_slider, self.guidance_spin)):
            slider.setToolTip(spin.toolTip())
            slider.setAccessibleName(spin.accessibleName())
        self._offer(SCHEDULERS)

    def _lay_out(self) -> None:
        body = QWidget()
        body.setObjectName("panelBody")
        layout = column(body, gap=2 * GAP, margin=3 * GAP)
        self.fields.add("model", self.tr("Model"), self.model_combo)
        self.fields.add_note(self.model_note)
        self.fields.add("vae", self.tr("VAE"), self.vae_combo)
        self.fields.set_shown("vae", False)
        self.fields.add("scheduler", self.tr("Scheduler"), self.scheduler_combo)
        self.fields.add_note(self.scheduler_note)
        self.fields.add("schedule", self.tr("Schedule"), self.schedule_combo)
        self.fields.add("steps", self.tr("Steps"), _beside(self.steps_slider, self.steps_spin), self.steps_spin)
        guidance = _beside(self.guidance_slider, self.guidance_spin)
        self.fields.add("guidance", self.tr("Guidance"), guidance, self.guidance_spin)
        self.fields.add_note(self.advice_note)
        layout.addWidget(self.fields)
        layout.addWidget(self.more_fold)
        layout.addWidget(self.adapter_list.fold)
        layout.addStretch(1)
        layout.addWidget(self.levels_title)
        layout.addWidget(self.sigma_plot)
        self.sigma_plot.setFixedHeight(168)
        scroll = QScrollArea()
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        column(self, gap=0).addWidget(scroll)

    def _connect(self) -> None:
        self.model_combo.activated.connect(self._on_model_activated)
        self.vae_combo.activated.connect(self._on_vae_activated)
        self.scheduler_combo.activated.connect(self._on_scheduler_activated)
        self.schedule_combo.activated.connect(self._on_schedule_activated)
        self.steps_spin.valueChanged.connect(self._on_steps_changed)
        self.steps_slider.valueChanged.connect(self._on_steps_changed)
        self.guidance_spin.valueChanged.connect(self._on_guidance_changed)
        self.guidance_slider.valueChanged.connect(self._on_guidance_slid)
        self.form.settingEdited.connect(self.settingEdited)

    def _on_model_activated(self, row: int) -> None:
        self.modelChosen.emit(self.model_combo.itemData(row))

    def _on_vae_activated(self, row: int) -> None:
        name = self.vae_combo.itemData(row)
        self.edited.emit("vae", ModelRef(name=name) if name else None)

    def _on_scheduler_activated(self, row: int) -> None:
        self.edited.emit("scheduler", Scheduler(self.scheduler_combo.itemText(row)))

    def _on_schedule_activated(self, row: int) -> None:
        self.edited.emit("schedule", Schedule(self.schedule_combo.itemText(row)))

    def _on_steps_changed(self, steps: int) -> None:
        self.edited.emit("steps", steps)

    def _on_guidance_changed(self, guidance: float) -> None:
        self.edited.emit("guidance", guidance)

    def _on_guidance_slid(self, position: int) -> None:
        self.edited.emit("guidance", round(position * _SLIDER_STEP, 2))


def _adapter_in(mime: QMimeData) -> Path | None:
    urls = mime.urls() if mime.hasUrls() else []
    path = Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else Path()
    return path if holds_weights(path) else None


def _choose(combo: Combo, value: object) -> None:
    with QSignalBlocker(combo):
        combo.setCurrentIndex(combo.findData(value))


def _set_number(spin: Spin | DecimalSpin, slider: QSlider, value: float, step: float) -> None:
    with QSignalBlocker(spin), QSignalBlocker(slider):
        if spin.value() != value:
            spin.setValue(value)
        slider.setValue(round(value / step))


def _beside(slider: QSlider, spin: QWidget) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(2 * GAP)
    row.addWidget(slider, 1)
    spin.setFixedWidth(56)
    row.addWidget(spin)
    return both
