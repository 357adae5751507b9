"""The judge: its labels, its questions, its figures, its card, and that it learns."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from studio.training.config import LoopConfig
from studio.training.focus import focus
from studio.training.judge import card, figures, labels
from studio.training.judge.accuracy import accuracies, answers, opinion_of
from studio.training.judge.classifier import SIDE, Judge, loss, mirrored
from studio.training.judge.learning import JudgeTask, load_judge, save_judge
from studio.training.judge.lessons import Lessons, shrunk
from studio.training.judge.questions import Tally, questions, tally
from studio.training.loop import Trainer
from studio.training.places import Places
from studio.training.scenes import Place, draw_scene, is_held_out, sample_scene
from studio.training.shards import to_pictures, write_pictures


def scene_with_subject(seed: int = 0):
    return next(scene for scene in map(sample_scene, range(seed, seed + 100)) if len(scene.subjects) == 1)


def test_labels_hold_the_whole_scene() -> None:
    scene = scene_with_subject()
    whole, subjects = labels.split(labels.encode(scene)[None])
    for index, (name, values) in enumerate(labels.WHOLE.items()):
        assert list(values)[int(whole[0, index])] is getattr(scene, name)
    [row] = [kind for kind in range(len(labels.KINDS)) if subjects[0, kind, 0] == 1]
    assert labels.KINDS[row] is scene.subjects[0].kind
    for index, (name, values) in enumerate(labels.OF_SUBJECT.items(), start=1):
        assert list(values)[int(subjects[0, row, index])] is getattr(scene.subjects[0], name)
    assert (subjects[0, [k for k in range(len(labels.KINDS)) if k != row], 1:] == labels.ABSENT).all()


def test_a_mirror_exchanges_left_and_right() -> None:
    scene = scene_with_subject()
    left = msgspec.structs.replace(scene, subjects=(msgspec.structs.replace(scene.subjects[0], place=Place.LEFT),))
    right = msgspec.structs.replace(scene, subjects=(msgspec.structs.replace(scene.subjects[0], place=Place.RIGHT),))
    picture = torch.rand(1, 3, SIDE, SIDE)
    flipped, answers_ = mirrored(picture, labels.encode(left)[None])
    assert torch.equal(answers_[0], labels.encode(right))
    assert torch.equal(flipped[..., 0], picture[..., -1])


def test_questions_are_of_new_scenes_and_say_what_they_ask() -> None:
    seen, new = questions(30, held_out=False), questions(30, held_out=True)
    assert not any(is_held_out(question.scene) for question in seen)
    assert all(is_held_out(question.scene) for question in new)
    assert all(question.asked for question in seen + new)


def perfect_answer(scene) -> dict:
    seen = {name: str(getattr(scene, name)) for name in labels.WHOLE}
    subjects = {str(s.kind): {name: str(getattr(s, name)) for name in labels.OF_SUBJECT} for s in scene.subjects}
    return {**seen, "subjects": subjects}


def test_a_perfect_picture_scores_all_and_an_empty_one_no_subjects() -> None:
    asked = questions(40, held_out=False)
    right = tally(asked, (perfect_answer(question.scene) for question in asked))
    assert right.share() == 1.0
    empty = tally(asked, ({**perfect_answer(question.scene), "subjects": {}} for question in asked))
    assert empty.share(["kind"]) == empty.share(["color"]) == 0.0
    assert empty.share(["terrain"]) == 1.0


def test_frechet_distance_of_known_gaussians() -> None:
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(20_000, 3, generator=generator)
    second = torch.randn(20_000, 3, generator=generator) * 2.0 + torch.tensor([3.0, 0.0, 0.0])
    assert figures.frechet_distance(first, first) == pytest.approx(0.0, abs=1e-6)
    assert figures.frechet_distance(first, second) == pytest.approx(9.0 + 3 * (2.0 - 1.0) ** 2, rel=0.03)


def test_figures_of_frames() -> None:
    even = np.stack([np.full((4, 4, 3), 10 * k, np.uint8) for k in range(5)])
    assert figures.largest_step(even) == pytest.approx(1.0)
    uneven = even.copy()
    uneven[-1] = 80
    assert figures.largest_step(uneven) == pytest.approx(40 / 17.5 - 0.0, rel=0.2)
    checks = np.tile(np.array([[0, 200], [200, 0]], np.uint8)[..., None], (2, 2, 3))
    grey = np.full_like(checks, 100)
    assert figures.middle_contrast(np.stack([checks, grey, checks])) == 0.0
    assert figures.correlation(checks, 200 - checks) == pytest.approx(-1.0)


def test_the_nearest_picture_is_itself() -> None:
    pictures = np.stack([draw_scene(sample_scene(seed), 64, 64) for seed in range(6)])
    small = figures.thumbnails(pictures)
    distance, index = figures.nearest(small[2:3], small)
    assert float(distance) < 0.1
    assert int(index) == 2
    assert float(figures.nearest(small[2:3], small[3:])[0]) > 1.0


def test_the_card_keeps_what_stands_around_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(f"before\n{card.BEGIN}\nold\n{card.END}\nafter\n")
    card.write(path, "| new |")
    assert path.read_text() == f"before\n{card.BEGIN}\n| new |\n{card.END}\nafter\n"
    path.write_text("no place")
    with pytest.raises(ValueError, match="no place for the judge"):
        card.write(path, "")
    assert path.read_text() == "no place"


def test_tables_name_every_attribute() -> None:
    asked = questions(20, held_out=False)
    counted = tally(asked, (perfect_answer(question.scene) for question in asked))
    known = dict.fromkeys([*labels.WHOLE, "kind", *labels.OF_SUBJECT, "kind_imagined"], 0.5)
    text = card.attribute_table((counted, Tally(counted.asked, counted.found)), known)
    assert "| terrain | 100% |" in text
    assert "| **all** | 100% |" in text


@pytest.fixture
def lessons(tmp_path: Path) -> Lessons:
    drawn = np.stack([draw_scene(sample_scene(seed), 64, 64) for seed in range(500)])
    write_pictures(tmp_path / "pictures", 0, to_pictures(shrunk(drawn)))
    return Lessons(tmp_path / "pictures")


def test_the_judge_learns_and_is_kept(lessons: Lessons, tmp_path: Path) -> None:
    torch.manual_seed(0)
    task = JudgeTask(lessons, reported=8)
    fixed = lessons.batch(12, torch.Generator().manual_seed(0))
    before = float(loss(task.modules["judge"](fixed[0]), fixed[1]).detach())
    task.batch = lambda count, generator: fixed  # type: ignore[method-assign]
    config = LoopConfig(samples=1000, batch=12, learning_rate=2e-3, warmup_steps=1)
    trainer = Trainer(task, config, tmp_path / "run", torch.device("cpu"))
    for _ in range(25):
        after = trainer.step()["loss"]
    assert after < 0.7 * before
    assert task.report(trainer.average, tmp_path / "sheet.jpg").keys() >= {"terrain", "kind", "color"}

    places = Places(work=tmp_path, configs=tmp_path, model=tmp_path)
    save_judge(task.modules["judge"], places)
    kept = opinion_of(load_judge(places), fixed[0])
    assert torch.allclose(kept.present, task.modules["judge"](fixed[0]).present, atol=0.1)


def test_answers_name_what_the_logits_say() -> None:
    torch.manual_seed(0)
    opinion = opinion_of(Judge().eval(), torch.rand(3, 3, SIDE, SIDE))
    found = answers(opinion, 1)
    assert found["terrain"] in set(labels.WHOLE["terrain"])
    assert set(found["subjects"]) == {
        str(kind) for kind, score in zip(labels.KINDS, opinion.present[1], strict=True) if score > 0
    }


def test_the_committed_judge_knows_drawn_pictures() -> None:
    judge = load_judge(Places())
    pictures = shrunk(np.stack([draw_scene(sample_scene(seed)) for seed in range(700_000, 700_048)]))
    right = accuracies(judge, pictures, 700_000)
    assert right["terrain"] > 0.85
    assert right["time"] > 0.85
    assert right["style"] > 0.85
    assert right["kind"] > 0.7
    assert right["kind_imagined"] < 0.1


def test_focus_lies_on_the_subject() -> None:
    seed = next(s for s in range(100) if len(sample_scene(s).subjects) == 1 and sample_scene(s).style == "flat")
    [covered] = focus(seed, 1, 256, 256, 16)
    assert covered.shape == (16, 16)
    assert 0 < (covered > 0).mean() < 0.5
    third = {"left": slice(0, 8), "centre": slice(3, 13), "right": slice(8, 16)}[sample_scene(seed).subjects[0].place]
    assert covered[:, third].sum() > 0.6 * covered.sum()
    empty = next(s for s in range(100) if not sample_scene(s).subjects)
    assert focus(empty, 1, 256, 256, 16).max() == 0
