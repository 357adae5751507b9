"""The queue on the real window: listed, reordered, removed, undone, paused, run again, resumed after a crash."""

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QDropEvent, QImage
from PySide6.QtWidgets import QMenu

from studio.core.errors import SaveError
from studio.core.events import Failed, Finished
from studio.core.recipe import ModelRef, Recipe
from studio.library.library import JobState, Library
from studio.ui.controls import GAP
from studio.ui.queue_desk import QueueDesk
from studio.ui.queue_model import MIME
from studio.ui.queue_words import line_of
from tests.fake_engine import FakeEngine

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


def desk(studio):
    return studio.window.findChild(QueueDesk)


def listed(studio, *states):
    return [e.recipe.prompt for e in studio.window.queue_panel.model.entries if not states or e.state in states]


def states(studio):
    return [entry.state for entry in studio.window.queue_panel.model.entries]


def choose(studio, *prompts):
    entries = [e for e in studio.window.queue_panel.model.entries if e.recipe.prompt in prompts]
    studio.find("queueView").choose(tuple(entry.id for entry in entries))
    return entries


def on_disk(studio):
    library = Library.open(studio.places)
    try:
        return [job.recipe.prompt for job in library.waiting()]
    finally:
        library.close()


@pytest.fixture
def steps_of_undo(monkeypatch):
    """What the desk hands to the list of undo."""
    recorded = []
    real = QueueDesk.__init__

    def init(self, window, jobs, library, record):
        real(self, window, jobs, library, lambda *step: recorded.append(step))

    monkeypatch.setattr(QueueDesk, "__init__", init)
    return recorded


@pytest.fixture
def busy(steps_of_undo, make_studio):
    """A shown studio, paused, with four jobs waiting and its queue in sight."""
    studio = make_studio()
    studio.show()
    studio.window.action("pause").trigger()
    for prompt in ("one", "two", "three", "four"):
        studio.generate(prompt)
    desk(studio).show_dock()
    return studio


def test_the_dock_is_hidden_until_it_is_wanted(shown):
    dock = shown.window.docks["queueDock"]
    assert dock.isHidden()
    toggle = next(action for action in shown.window.findChildren(QAction) if action is dock.toggleViewAction())
    toggle.trigger()
    assert dock.isVisible()
    for name in ("queueView", "pauseQueueButton", "clearQueueButton", "foreverButton"):
        assert shown.find(name).accessibleName()
    assert shown.find("pauseQueueButton").toolTip()


def test_jobs_are_listed_with_their_states_and_the_done_ones_below(shown):
    shown.generate("hang")
    shown.generate("b")
    shown.wait(lambda: states(shown) == [JobState.RUNNING, JobState.QUEUED])
    assert listed(shown) == ["hang", "b"]
    shown.wait(lambda: "Step" in shown.window.queue_panel.model.entries[0].note)
    assert "1 waiting" in shown.find("queueSummary").text()
    shown.press(Qt.Key.Key_Escape)
    shown.wait_idle()
    assert states(shown) == [JobState.FINISHED, JobState.CANCELLED]
    assert listed(shown) == ["b", "hang"]
    done = shown.window.queue_panel.model.entries[0]
    assert done.path.is_file()
    assert 0 < max(done.image.width(), done.image.height()) <= 72
    assert shown.find("queueSummary").text() == ""


def test_the_list_never_lags_behind_the_jobs(shown):
    """Who waits until nothing is busy, and who clicks then, finds every row as it has become."""
    seen = []
    shown.jobs.told.connect(lambda job_id, event, _: seen.append((type(event), desk(shown)._model.entry(job_id))))
    shown.finish("a")
    shown.finish("memory")
    ends = [entry.state for kind, entry in seen if kind in (Finished, Failed) and entry is not None]
    assert ends == [JobState.FINISHED, JobState.FAILED]


def test_a_failed_job_says_why(shown):
    shown.generate("memory")
    shown.wait_idle()
    model = shown.window.queue_panel.model
    assert states(shown) == [JobState.FAILED]
    assert "ran out of memory" in model.data(model.index(0), Qt.ItemDataRole.ToolTipRole)


def test_jobs_with_one_prompt_are_told_apart_by_their_seeds(shown):
    shown.window.action("pause").trigger()
    shown.session.change_recipe(seed=8)
    shown.session.change(count=2)
    shown.generate("a")
    lines = [line_of(entry) for entry in shown.window.queue_panel.model.entries]
    assert lines == ["waits · seed 8 · 256 × 256", "waits · seed 9 · 256 × 256"]


def test_the_summary_is_not_cut_and_the_button_ends_where_fields_do(shown):
    panel = shown.window.queue_panel
    shown.window.docks["queueDock"].show()
    panel.show_summary("Paused · 100 waiting · 3 min 20 s left, and so on for more than a line")
    panel.setFixedWidth(236)
    shown.wait(lambda: panel.summary.height() >= panel.summary.heightForWidth(panel.summary.width()) > 24)
    assert panel.pause_button.geometry().right() + 1 == panel.width() - 3 * GAP
    panel.show_summary("")
    assert panel.summary.isHidden()


def test_alt_and_the_arrows_move_jobs_and_undo_moves_them_back(busy, steps_of_undo):
    view = busy.find("queueView")
    choose(busy, "three", "four")
    busy.press(Qt.Key.Key_Up, ALT, view)
    assert listed(busy) == on_disk(busy) == ["one", "three", "four", "two"]
    assert [entry.recipe.prompt for entry in view.chosen()] == ["three", "four"]
    busy.press(Qt.Key.Key_Up, ALT, view)
    busy.press(Qt.Key.Key_Up, ALT, view)  # there is no more room
    assert listed(busy) == ["three", "four", "one", "two"]
    assert len(steps_of_undo) == 2
    busy.press(Qt.Key.Key_Down, ALT, view)
    for _, undo, _ in reversed(steps_of_undo):
        undo()
    assert listed(busy) == on_disk(busy) == ["one", "two", "three", "four"]
    steps_of_undo[0][2]()
    assert listed(busy) == ["one", "three", "four", "two"]
    busy.window.action("pause").trigger()
    busy.wait_idle()
    assert [recipe.prompt for recipe in busy.engine.generated] == ["one", "three", "four", "two"]


def drop(studio, prompts, row, *, below):
    """Let jobs fall onto the upper or lower half of a row."""
    view = studio.find("queueView")
    model = view.model()
    rows = [number for number, entry in enumerate(model.entries) if entry.recipe.prompt in prompts]
    mime = model.mimeData([model.index(number) for number in rows])
    rect = view.visualRect(model.index(row))
    place = QPoint(rect.center().x(), rect.bottom() - 2 if below else rect.top() + 2)
    event = QDropEvent(
        QPointF(place), Qt.DropAction.MoveAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    model.dropMimeData(mime, Qt.DropAction.MoveAction, view._row_below(event), 0, model.index(-1))


def test_jobs_are_dragged_to_their_place(busy, steps_of_undo):
    drop(busy, ["four"], 0, below=False)
    assert listed(busy) == on_disk(busy) == ["four", "one", "two", "three"]
    drop(busy, ["four", "two"], 3, below=True)
    assert listed(busy) == ["one", "three", "four", "two"]
    drop(busy, ["three"], 0, below=True)
    assert listed(busy) == ["one", "three", "four", "two"]
    assert len(steps_of_undo) == 2  # the last changed nothing


def test_what_is_dropped_from_elsewhere_is_left_alone(busy):
    model = busy.window.queue_panel.model
    mime = QMimeData()
    mime.setData(MIME, b"1,x,\xff,99999999999999999999")
    assert not model.dropMimeData(mime, Qt.DropAction.MoveAction, 0, 0, model.index(-1))
    assert sorted(listed(busy)) == ["four", "one", "three", "two"]


def test_only_jobs_that_wait_can_be_dragged(shown):
    shown.finish("a")
    model = shown.window.queue_panel.model
    assert not model.flags(model.index(0)) & Qt.ItemFlag.ItemIsDragEnabled


def test_delete_removes_and_undo_brings_back_to_the_same_place(busy, steps_of_undo):
    choose(busy, "two", "three")
    busy.press(Qt.Key.Key_Delete, widget=busy.find("queueView"))
    assert listed(busy) == on_disk(busy) == ["one", "four"]
    busy.wait(lambda: busy.jobs.count == 2)
    (text, undo, redo), *_ = steps_of_undo
    assert "2" in text
    undo()
    assert listed(busy) == on_disk(busy) == ["one", "two", "three", "four"]
    redo()
    assert listed(busy) == on_disk(busy) == ["one", "four"]
    undo()
    busy.window.action("pause").trigger()
    busy.wait_idle()
    assert [recipe.prompt for recipe in busy.engine.generated] == ["one", "two", "three", "four"]


def test_removing_the_one_that_runs_stops_it(shown):
    shown.generate("hang")
    shown.wait(lambda: states(shown) == [JobState.RUNNING])
    choose(shown, "hang")
    desk(shown).show_dock()
    shown.press(Qt.Key.Key_Delete, widget=shown.find("queueView"))
    shown.wait_idle()
    assert states(shown) == [JobState.CANCELLED]
    assert shown.engine.generated == []


def test_clearing_what_is_done_can_be_undone_and_leaves_the_pictures(steps_of_undo, make_studio):
    studio = make_studio()
    studio.show()
    studio.finish("a", count=2)
    paths = [entry.path for entry in studio.window.queue_panel.model.entries]
    desk(studio).show_dock()
    studio.find("clearQueueButton").click()
    assert listed(studio) == []
    assert not studio.find("clearQueueButton").isEnabled()
    assert all(path.is_file() for path in paths)
    steps_of_undo[-1][1]()
    assert {entry.path for entry in studio.window.queue_panel.model.entries} == set(paths)
    assert states(studio) == [JobState.FINISHED, JobState.FINISHED]


def test_a_finished_job_is_run_again_as_a_new_one(shown):
    shown.finish("a")
    desk(shown).run_again(shown.window.queue_panel.model.entries)
    shown.wait_idle()
    assert [recipe.prompt for recipe in shown.engine.generated] == ["a", "a"]
    assert states(shown) == [JobState.FINISHED, JobState.FINISHED]


def test_a_failed_job_is_run_again_in_its_own_row(shown):
    shown.generate("memory")
    shown.wait_idle()
    desk(shown).run_again(shown.window.queue_panel.model.entries)
    shown.wait_idle()
    assert states(shown) == [JobState.FAILED]


def test_the_menu_offers_what_can_be_done(busy, steps_of_undo):
    entries = choose(busy, "three")
    menu = desk(busy)._menu(entries)
    actions = {action.text(): action for action in menu.actions()}
    assert [text for text, action in actions.items() if action.isEnabled()] == [
        "Move to the top",
        "Use this recipe",
        "Remove",
    ]
    actions["Move to the top"].trigger()
    assert listed(busy) == ["three", "one", "two", "four"]
    actions["Use this recipe"].trigger()
    assert busy.session.recipe.prompt == "three"
    actions["Remove"].trigger()
    assert listed(busy) == ["one", "two", "four"]
    menu.deleteLater()


def test_the_menu_opens_on_the_selected_jobs(busy):
    choose(busy, "two")
    busy.find("queueView").menuRequested.emit(QPoint(10, 10))
    menu = busy.find("queueMenu", QMenu)
    assert menu.isVisible()
    menu.close()


def test_return_brings_the_recipe_back(busy):
    view = busy.find("queueView")
    choose(busy, "two")
    busy.press(Qt.Key.Key_Return, widget=view)
    assert busy.session.recipe.prompt == "two"
    assert busy.session.state.seed_locked


def test_one_button_pauses_and_resumes(shown):
    button = shown.find("pauseQueueButton")
    desk(shown).show_dock()
    assert button.text() == "Pause"
    button.click()
    assert shown.window.action("pause").isChecked()
    shown.generate("a")
    assert button.text() == "Resume"
    assert shown.find("queueSummary").text() == "Paused · 1 waiting"
    button.click()
    shown.wait_idle()
    assert len(shown.engine.generated) == 1
    assert button.text() == "Pause"


def leave_behind(data_dir, *prompts, running=(), crashes=0):
    """What a studio that died leaves: jobs that waited, and those that ran."""
    from studio.core.places import Places

    library = Library.open(Places(data_dir))
    for prompt in prompts:
        job = library.queue.submit(Recipe(prompt=prompt, steps=3, model=ModelRef(name="Fake")))
        for _ in range(crashes if prompt in running else 0):
            library.set_job_state(job.id, JobState.RUNNING)
            library.recover()
        if prompt in running:
            library.set_job_state(job.id, JobState.RUNNING)
    library.close()


def test_after_a_crash_nothing_starts_by_itself_and_one_button_goes_on(make_studio, data_dir):
    leave_behind(data_dir, "crashed", "a", "b", running=["crashed"])
    studio = make_studio()
    studio.show()
    text = studio.find("bannerSentence").text()
    assert text.startswith("2 pictures were waiting when the studio was closed.")
    assert "interrupted and is not started by itself" in text
    assert states(studio) == [JobState.QUEUED, JobState.QUEUED, JobState.INTERRUPTED]
    assert studio.find("pauseQueueButton").text() == "Resume"
    studio.finish("new")  # what is wanted now is made now
    assert [recipe.prompt for recipe in studio.engine.generated] == ["new"]
    desk(studio).show_dock()
    studio.find("pauseQueueButton").click()
    studio.wait_idle()
    assert [recipe.prompt for recipe in studio.engine.generated] == ["new", "a", "b"]
    assert listed(studio, JobState.INTERRUPTED) == ["crashed"]
    desk(studio).run_again(choose(studio, "crashed"))
    studio.wait_idle()
    assert studio.engine.generated[-1].prompt == "crashed"


def test_a_job_that_crashed_the_studio_twice_is_set_aside_with_the_reason(make_studio, data_dir):
    leave_behind(data_dir, "crashes", running=["crashes"], crashes=1)
    studio = make_studio()
    studio.show()
    (entry,) = studio.window.queue_panel.model.entries
    assert entry.state is JobState.SET_ASIDE
    assert "ended 2 times while this picture was made" in entry.job.sentence
    assert "set aside" in studio.find("bannerSentence").text()
    studio.window.action("pause").trigger()
    studio.window.action("pause").trigger()
    assert studio.engine.generated == []
    desk(studio).run_again([entry])
    studio.wait_idle()
    assert len(studio.engine.generated) == 1


def test_the_pictures_left_waiting_can_be_reordered_before_they_go_on(make_studio, data_dir, steps_of_undo):
    leave_behind(data_dir, "a", "b", "c")
    studio = make_studio()
    studio.show()
    desk(studio).show_dock()
    choose(studio, "c")
    studio.press(Qt.Key.Key_Up, ALT, studio.find("queueView"))
    desk(studio).resume()
    studio.wait_idle()
    assert [recipe.prompt for recipe in studio.engine.generated] == ["a", "c", "b"]


def test_generate_forever_goes_on_with_new_seeds_until_stop(shown):
    before = shown.session.state
    shown.session.change_recipe(prompt="a")
    shown.find("foreverButton").click()
    shown.wait(lambda: len(shown.engine.generated) >= 4)
    assert shown.window.action("generateForever").isChecked()
    assert len({recipe.seed for recipe in shown.engine.generated}) == len(shown.engine.generated)
    shown.session.change_recipe(prompt="b")  # followed as soon as what waits is made
    shown.wait(lambda: shown.engine.generated[-1].prompt == "b")
    assert shown.session.recipe.seed == before.recipe.seed
    shown.press(Qt.Key.Key_Escape)
    shown.wait_idle()
    assert not shown.find("foreverButton").isChecked()


def test_switching_forever_off_lets_the_picture_in_the_making_finish(shown):
    shown.session.change_recipe(prompt="slow")
    shown.window.action("generateForever").trigger()
    shown.wait(lambda: shown.jobs.count == 2)
    shown.window.action("generateForever").trigger()
    shown.wait_idle()
    assert len(shown.engine.generated) == 2


def test_forever_does_not_begin_with_what_cannot_be_made(shown):
    shown.session.change_recipe(prompt=" ")
    shown.window.action("generateForever").trigger()
    assert not shown.window.action("generateForever").isChecked()
    assert not shown.find("foreverButton").isChecked()
    assert not shown.jobs.is_busy


def test_forever_ends_with_a_failure(shown):
    shown.session.change_recipe(prompt="memory")
    shown.window.action("generateForever").trigger()
    shown.wait_idle()
    assert not shown.window.action("generateForever").isChecked()
    assert states(shown).count(JobState.FAILED) <= 2


def test_a_disk_that_fills_up_pauses_the_queue(make_studio, monkeypatch):
    studio = make_studio(FakeEngine(step_ms=20))
    studio.show()
    monkeypatch.setattr(Library, "keep", refuse_to_save)
    for _ in range(3):
        studio.generate("a")
    studio.wait(lambda: studio.window.action("pause").isChecked())
    studio.wait(lambda: len(studio.pictures.unsaved) == 1)
    assert listed(studio, JobState.QUEUED) == ["a", "a"]
    monkeypatch.undo()
    studio.window.action("pause").trigger()
    studio.wait_idle()
    assert len(studio.engine.generated) == 3
    assert len(studio.pictures.unsaved) == 1  # the others were made once there was room


def refuse_to_save(self, finished):
    raise SaveError(self._places.pictures, "No space left on device")


def test_the_list_paints_every_state(busy, qapp):
    panel = busy.window.queue_panel
    ids = [entry.id for entry in panel.model.entries]
    panel.model.change(ids[0], state=JobState.RUNNING, fraction=0.5, note="Step 3 of 6")
    panel.model.change(ids[1], state=JobState.SET_ASIDE, sentence="The studio ended.")
    panel.model.change(ids[2], is_held=True)
    picture = busy.find("queueView").grab().toImage()
    assert picture.format() != QImage.Format.Format_Invalid
    colors = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 3) for y in range(picture.height())}
    accent = qapp.palette().accent().color().name()
    assert accent in colors  # the bar of the running one


def test_only_the_newest_done_jobs_stay_listed(busy):
    from studio.library.library import Job
    from studio.ui.queue_model import Entry

    model = busy.window.queue_panel.model
    now = model.entries[0].job.created
    for number in range(60):
        job = Job(id=1000 + number, recipe=Recipe(prompt=str(number)), state=JobState.QUEUED, created=now, place=9)
        model.add([Entry(job=job)])
        model.change(job.id, state=JobState.FINISHED)
    assert listed(busy, JobState.FINISHED) == [str(number) for number in range(59, 9, -1)]


def test_ctrl_z_and_ctrl_shift_z_take_a_removal_back_and_make_it_again(shown):
    """On the one list of undo that the whole window shares."""
    shown.window.action("pause").trigger()
    for prompt in ("one", "two"):
        shown.generate(prompt)
    desk(shown).show_dock()
    choose(shown, "one")
    shown.press(Qt.Key.Key_Delete, widget=shown.find("queueView"))
    assert listed(shown) == ["two"]
    shown.window.action("undo").trigger()
    assert listed(shown) == on_disk(shown) == ["one", "two"]
    shown.window.action("redo").trigger()
    assert listed(shown) == on_disk(shown) == ["two"]
