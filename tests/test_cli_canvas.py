"""`blend` and `walk` on a scripted engine."""

from pathlib import Path

import pytest

from studio.core.blend import Keyframe
from studio.core.canvas import Canvas, Placed, write_canvas
from studio.core.metadata import read_recipe
from tests.test_cli import Studio

PAIR = Canvas(
    placed=(
        Placed(keyframe=Keyframe(seed=1, prompt="a lake"), x=-1.0),
        Placed(keyframe=Keyframe(seed=2, prompt="a desert"), x=1.0),
    ),
    puck=(0.5, 0.0),
)


@pytest.fixture
def studio(tmp_path, capsys):
    return Studio(tmp_path, capsys)


@pytest.fixture
def canvas(tmp_path):
    path = tmp_path / "pair.json"
    path.write_bytes(write_canvas(PAIR))
    return str(path)


def run(studio, command, *words):
    return studio(command, "--model", "Tested", *words)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ((), (0.25, 0.75)),
        (("--at=-0.5,3",), (0.75, 0.25)),
        (("--weights", "3,1"), (0.75, 0.25)),
        (("--weights", "0,2"), (0.0, 1.0)),
    ],
)
def test_blend_makes_the_picture_at_a_point(studio, canvas, tmp_path, where, expected):
    out = tmp_path / "blend.png"
    code, printed, _ = run(studio, "blend", canvas, *where, "--steps", "2", "--out", str(out))
    assert (code, printed) == (0, f"{out}\n")
    recipe = read_recipe(out)
    assert recipe.blend.noise_shares == recipe.blend.prompt_shares == expected
    assert recipe.blend.keyframes == tuple(each.keyframe for each in PAIR.placed)
    assert recipe.steps == 2


def test_a_blend_is_made_again_from_its_file(studio, canvas, tmp_path):
    first, again = tmp_path / "first.png", tmp_path / "again.png"
    assert run(studio, "blend", canvas, "--out", str(first))[0] == 0
    assert studio("generate", "--recipe", str(first), "--out", str(again))[0] == 0
    assert first.read_bytes() == again.read_bytes()


def test_walk_writes_numbered_frames_from_keyframe_to_keyframe(studio, canvas, tmp_path):
    code, printed, _ = run(studio, "walk", canvas, "--frames", "5", "--out", str(tmp_path / "frames"))
    paths = printed.split()
    assert code == 0
    assert [path.rsplit("_", 1)[1] for path in paths] == [f"0000{n}.png" for n in range(1, 6)]
    assert [read_recipe(Path(path)).blend.noise_shares[1] for path in paths] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert studio.engines[-1].drafts == []


def test_a_frame_that_cannot_be_written_ends_the_walk_with_its_sentence(studio, canvas, tmp_path):
    (tmp_path / "frames" / "frame_00003.png" / "a folder").mkdir(parents=True)
    code, printed, told = run(studio, "walk", canvas, "--frames", "40", "--out", str(tmp_path / "frames"))
    assert code == 1
    assert "frame_00003.png" in told
    assert "frame_00002.png" in printed
    assert "frame_00003.png" not in printed
    assert "frame_00040.png" not in printed  # nobody makes many pictures that are lost
    assert studio.engines[-1].closed


def test_even_steps_go_slowly_where_the_picture_changes_fast(studio, canvas, tmp_path):
    code, printed, _ = run(studio, "walk", canvas, "--even", "--frames", "11", "--out", str(tmp_path / "frames"))
    places = [read_recipe(Path(path)).blend.noise_shares[1] for path in printed.split()]
    assert code == 0
    assert places[5] < 0.2 < places[9]
    assert (places[0], places[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("blend", "--weights", "0,0"), "All weights are 0"),
        (("blend", "--weights", "1,-1"), "0 or more"),
        (("blend", "--weights", "nan,1"), "0 or more"),
        (("blend", "--weights", "1,1,1"), "2 keyframes; 3 weights"),
        (("blend", "--weights", "a,b"), "not numbers"),
        (("blend", "--at", "1"), "two numbers"),
        (("blend", "--at", "nan,0"), "must be numbers"),
        (("walk", "--frames", "1", "--out", "x"), "from 2 to"),
        (("walk", "--frames", "many", "--out", "x"), "from 2 to"),
    ],
)
def test_what_cannot_be_is_refused_before_the_engine_starts(studio, canvas, words, sentence):
    code, _, err = run(studio, words[0], canvas, *words[1:])
    assert code == 2
    assert sentence in err
    assert studio.engines == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"version": 2, "shape": 1}', "newer studio"),
        (write_canvas(PAIR)[:80], "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (write_canvas(Canvas(placed=PAIR.placed[:1])), "two keyframes"),
    ],
)
def test_a_canvas_that_cannot_be_used_is_one_sentence(studio, tmp_path, text, sentence):
    path = tmp_path / "broken.json"
    path.write_bytes(text)
    code, _, err = run(studio, "blend", str(path), "a lake")
    assert code == 2
    assert sentence in err


def test_a_missing_canvas_is_one_sentence(studio):
    code, _, err = run(studio, "blend", "nowhere.json", "a lake")
    assert code == 2
    assert "nowhere.json cannot be read" in err
