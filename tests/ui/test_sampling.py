"""The right panel: only what goes together, the scheduler's own settings, the noise levels."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from studio.core.engine import NoiseLevels
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SolverType
from studio.ui.sigma_plot import SigmaPlot
from tests.fake_engine import FakeEngine
from tests.ui.conftest import write_fake_model


def texts(combo):
    return [combo.itemText(row) for row in range(combo.count())]


def choose(combo, text):
    combo.setCurrentText(text)
    combo.activated.emit(combo.currentIndex())


@pytest.mark.parametrize("scheduler", list(Scheduler))
def test_each_scheduler_offers_its_schedules_and_settings_and_no_others(studio_, scheduler):
    choose(studio_.find("schedulerCombo"), scheduler.value)
    info = SCHEDULERS[scheduler]
    assert studio_.session.recipe.scheduler is scheduler
    assert texts(studio_.find("scheduleCombo")) == [each.value for each in info.schedules]
    assert studio_.session.recipe.schedule in info.schedules
    form = studio_.window.sampling_panel.form
    assert form.fields.names == tuple(info.settings)
    assert studio_.window.sampling_panel.more_fold.isHidden() == (not info.settings)
    assert [name for name in studio_.controller.recipes._problems if name != "steps"] == []


def test_a_schedule_is_chosen_and_kept_by_a_scheduler_that_takes_it(studio_):
    choose(studio_.find("scheduleCombo"), "Exponential")
    choose(studio_.find("schedulerCombo"), "UniPC")
    assert studio_.session.recipe.schedule is Schedule.EXPONENTIAL
    choose(studio_.find("schedulerCombo"), "DDIM")
    assert studio_.session.recipe.schedule is SCHEDULERS[Scheduler.DDIM].schedules[0]


def test_settings_are_set_and_undone(studio_):
    choose(studio_.find("schedulerCombo"), "UniPC")
    studio_.find("orderSetting").setValue(3)
    choose(studio_.find("solverTypeSetting"), "BH1")
    settings = studio_.session.recipe.scheduler_settings
    assert (settings.order, settings.solver_type) == (3, SolverType.BH1)
    choose(studio_.find("schedulerCombo"), "DPM++ 2M")
    studio_.find("lowerOrderFinalSetting").setChecked(False)
    assert studio_.session.recipe.scheduler_settings.lower_order_final is False
    studio_.window.action("undo").trigger()
    assert studio_.find("lowerOrderFinalSetting").isChecked()


def test_settings_that_the_next_scheduler_does_not_take_are_dropped(studio_):
    choose(studio_.find("schedulerCombo"), "DDIM")
    studio_.find("etaSetting").setValue(0.5)
    choose(studio_.find("schedulerCombo"), "LMS")
    assert studio_.session.recipe.scheduler_settings.eta is None


def test_the_settings_are_folded_until_asked_for(shown):
    fold = shown.window.sampling_panel.more_fold
    assert not fold.content.isVisible()
    fold.button.click()
    assert fold.content.isVisible()


def test_slider_and_spin_box_say_the_same(studio_):
    studio_.find("stepsSlider").setValue(31)
    assert studio_.find("stepsSpin").value() == 31
    studio_.find("guidanceSlider").setValue(73)
    assert studio_.find("guidanceSpin").value() == 7.3
    studio_.find("stepsSpin").setValue(500)
    assert studio_.find("stepsSlider").value() == 60
    assert studio_.session.recipe.steps == 500


def test_a_value_finer_than_the_spin_box_is_not_rounded_in_the_recipe(studio_):
    studio_.session.change_recipe(guidance=7.123)
    assert studio_.session.recipe.guidance == 7.123


def test_the_plot_follows_every_change(shown):
    plot = shown.find("sigmaPlot")
    shown.wait(lambda: len(plot.levels) == 6)
    assert plot.levels[0] == pytest.approx(14.6)
    shown.find("stepsSpin").setValue(11)
    shown.wait(lambda: len(plot.levels) == 11)
    assert "11 steps" in plot.accessibleDescription()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20, 1000])
def test_the_plot_labels_whole_steps(qtbot, count):
    plot = SigmaPlot()
    qtbot.addWidget(plot)
    plot.show_levels(NoiseLevels(tuple(14.6 * 0.99**step for step in range(count)), ()))
    axis = plot.getAxis("bottom")
    ((spacing, places),) = axis.tickValues(-0.04 * count, 1.04 * count, 180)
    assert 2 <= len(places) <= 8
    labels = axis.tickStrings(places, 1.0, spacing)
    assert labels == [str(round(place)) for place in places]
    assert sorted(set(labels), key=int) == labels


def test_the_plot_shows_the_steps_taken_over_the_levels(shown):
    plot = shown.find("sigmaPlot")
    shown.wait(lambda: len(plot.levels) == 6)
    bare = plot.grab().toImage()
    plot.mark_step(3)
    third = plot.grab().toImage()
    plot.mark_step(4)
    assert bare != third != plot.grab().toImage()
    plot.mark_step(0)
    assert plot.grab().toImage() == bare
    shown.find("stepsSpin").setValue(11)
    shown.wait(lambda: len(plot.levels) == 11)
    assert plot.grab().toImage() != bare


def test_the_plot_marks_no_step_of_a_picture_with_other_levels(shown):
    plot = shown.find("sigmaPlot")
    shown.generate("hang")
    shown.wait(lambda: plot.step > 0)
    shown.find("stepsSpin").setValue(11)
    shown.wait(lambda: plot.step == 0)
    shown.press(Qt.Key.Key_Escape)
    shown.wait_idle()


def test_another_model_moves_what_stood_at_the_defaults(make_studio, data_dir):
    write_fake_model(data_dir / "models", "Large", side=512, steps=30)
    studio = make_studio(FakeEngine())
    studio.show()
    studio.session.change_recipe(guidance=9.0, prompt="a sea")
    choose(studio.find("modelCombo"), "Large")
    recipe = studio.session.recipe
    assert (recipe.model.name, recipe.width, recipe.steps, recipe.guidance) == ("Large", 512, 30, 9.0)
    studio.window.action("undo").trigger()
    assert studio.session.recipe.model.name == "Fake"
    assert studio.session.recipe.width == 256
    studio.wait(lambda: studio.engine.loaded[-1:] == ["Fake"])


def test_the_wheel_scrolls_the_panel_and_changes_nothing(shown, qtbot):
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtGui import QWheelEvent

    shown.find("promptEdit").setFocus()
    spin = shown.find("stepsSpin")
    event = QWheelEvent(
        QPointF(5, 5), QPointF(spin.mapToGlobal(QPoint(5, 5))), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    before = spin.value()
    QApplication.sendEvent(spin, event)
    assert spin.value() == before


def test_the_plot_shows_no_axes_before_there_are_levels(qtbot):
    plot = SigmaPlot()
    qtbot.addWidget(plot)
    assert not plot.getPlotItem().isVisible()
    plot.show_levels(NoiseLevels(sigmas=(10.0, 1.0, 0.0), timesteps=(900.0, 500.0)))
    assert plot.getPlotItem().isVisible()
    plot.show_levels(NoiseLevels(sigmas=(), timesteps=()))
    assert not plot.getPlotItem().isVisible()


def test_the_steps_taken_lie_on_the_levels_from_the_first_look_on(qtbot):
    """The axes get their room only after the plot was painted first: what was kept of it before is not shown again."""
    plot = SigmaPlot()
    qtbot.addWidget(plot)
    plot.resize(220, 180)
    with qtbot.waitExposed(plot):
        plot.show()
    plot.show_levels(NoiseLevels(tuple(14.6 * 0.7**step for step in range(20)), ()))
    plot.grab()
    QApplication.processEvents()
    plot.mark_step(12)
    first = plot.grab().toImage()
    plot.resize(221, 180)
    plot.resize(220, 180)
    QApplication.processEvents()
    assert first == plot.grab().toImage()
