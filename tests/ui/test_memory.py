"""Memory in the real window: what runs out gets a sentence and no more, models switch while others work."""

import pytest
from PySide6.QtWidgets import QComboBox

from studio.core.engine import DeviceInfo
from studio.core.errors import OutOfMemoryError
from studio.core.events import Stage, Staged, Step
from studio.core.precision import Precision
from tests.fake_engine import FakeEngine
from tests.ui.conftest import write_fake_model


class Short(FakeEngine):
    """Runs out of memory at `at`: a stage, or None for never."""

    at: Stage | None = None

    def generate(self, recipe, report):
        def checked(event):
            report(event)
            stage = Stage.SAMPLING if isinstance(event, Step) else event.stage
            if stage is self.at and (isinstance(event, Step) or stage is not Stage.SAMPLING):
                raise OutOfMemoryError("Fake CPU", recipe.width, recipe.height, 3 << 28)

        checked(Staged(stage=Stage.LOADING))
        return super().generate(recipe, checked)


@pytest.mark.parametrize("stage", [Stage.LOADING, Stage.ENCODING, Stage.SAMPLING, Stage.DECODING])
def test_memory_that_runs_out_is_told_with_numbers_and_the_studio_goes_on(make_studio, stage):
    studio = make_studio(Short())
    studio.show()
    studio.engine.at = stage
    studio.finish()
    told = studio.window.banner.sentence.text()
    assert told.startswith("Fake CPU ran out of memory at 256×256 px with 0.8 GB left.")
    assert studio.engine.generated == []
    studio.engine.at = None
    studio.finish()
    assert len(studio.engine.generated) == 1
    assert len(list(studio.places.pictures.rglob("*.png"))) == 1


def test_a_model_chosen_while_a_picture_is_made_is_ready_after_it(make_studio, data_dir):
    write_fake_model(data_dir / "models", "Other")
    studio = make_studio()
    studio.show()
    studio.generate("a slow sea")
    studio.wait(lambda: studio.jobs.is_busy and studio.engine.loaded)
    combo = studio.find("modelCombo", QComboBox)
    other = "Other" if studio.session.recipe.model.name == "Fake" else "Fake"
    combo.setCurrentIndex(combo.findText(other))
    combo.activated.emit(combo.currentIndex())
    assert studio.session.recipe.model.name == other
    studio.generate("a red sailboat")
    studio.wait_idle()
    assert [recipe.model.name for recipe in studio.engine.generated] == [studio.engine.loaded[0], other]
    studio.wait(lambda: studio.engine.loaded[-1] == other)


def test_the_memory_for_models_reaches_the_engine_at_once(shown):
    shown.wait(lambda: shown.engine.memories_gb == [0])
    shown.window.action("settings").trigger()
    spin = shown.find("modelMemoryGbSetting")
    spin.setValue(6)
    shown.wait(lambda: shown.engine.loaded)
    shown.finish()
    shown.wait(lambda: shown.engine.memories_gb == [0, 6])


def test_the_wished_precision_reaches_the_engine_and_the_status_line_tells_what_is_in_force(shown):
    shown.wait(lambda: shown.engine.precisions == [Precision.AUTOMATIC])
    shown.window.action("settings").trigger()
    combo = shown.find("precisionSetting", QComboBox)
    combo.setCurrentIndex(combo.findData("bfloat16"))
    combo.activated.emit(combo.currentIndex())
    shown.finish()
    shown.wait(lambda: shown.engine.precisions == [Precision.AUTOMATIC, Precision.BFLOAT16])
    info = DeviceInfo(name="GPU", kind="cuda", dtype="bfloat16", memory_gb=7.5, note="weights wait in main memory")
    shown.window.status.show_device(info)
    assert shown.find("deviceLabel").text() == "GPU · bfloat16 · 7.5 GB · weights wait in main memory"
