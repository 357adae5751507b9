"""`grid`, and choices in prompts, on a scripted engine."""

from pathlib import Path

import pytest
from PIL import Image

from studio.core.errors import OutOfMemoryError
from studio.core.metadata import read_recipe
from studio.core.wildcards import expand_wildcards
from tests.scripted_engine import ScriptedEngine
from tests.test_cli import Studio, sentence


@pytest.fixture
def studio(tmp_path, capsys):
    return Studio(tmp_path, capsys)


def run(studio, *words):
    return studio("grid", "a red boat", "--model", "Tested", "--seed", "7", *words)


def test_a_grid_is_one_sheet_and_its_path_is_printed(studio, tmp_path):
    out = tmp_path / "sheet.png"
    code, printed, err = run(studio, "--x", "steps=1,2", "--y", "guidance=1..3", "--out", str(out))
    assert (code, printed) == (0, f"{out}\n")
    assert [(each.guidance, each.steps) for each in studio.asked] == [
        (guidance, steps) for guidance in (1.0, 2.0, 3.0) for steps in (1, 2)
    ]
    assert "picture 6 of 6" in err
    with Image.open(out) as image:
        assert image.width > 2 * studio.asked[0].width
        assert image.text["Description"].startswith("Contact sheet of 6 pictures. Across: steps 1, 2; down: guidance 1")
    assert not (studio.data / "pictures").exists()


def test_without_out_pictures_and_sheet_are_kept(studio):
    code, printed, _ = run(studio, "--x", "prompt=red, blue", "--steps", "1")
    *pictures, sheet = printed.split("\n")[:-1]
    assert code == 0
    assert [read_recipe(Path(picture)).prompt for picture in pictures] == ["a red boat", "a blue boat"]
    assert "_grid_a-red-boat" in sheet
    assert sorted(map(str, (studio.data / "pictures").glob("*.png"))) == sorted([*pictures, sheet])


def test_what_there_is_comes_onto_the_sheet_when_the_work_fails(studio, tmp_path, monkeypatch):
    real = ScriptedEngine.generate

    def generate(self, recipe, report):
        if recipe.seed == fails:
            raise OutOfMemoryError("CPU", recipe.width, recipe.height)
        return real(self, recipe, report)

    monkeypatch.setattr(ScriptedEngine, "generate", generate)
    for fails, is_written in ((1, False), (2, True)):
        out = tmp_path / f"sheet-{fails}.png"
        code, printed, err = run(studio, "--x", "seed=1-3", "--out", str(out), "--steps", "1")
        assert code == 1
        assert "ran out of memory" in sentence(err)
        assert out.exists() is is_written
        assert printed == (f"{out}\n" if is_written else "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Nothing varies yet."),
        (("--x", "stepps=1,2"), "X: “stepps” cannot vary. Choose one of: model, vae, lora,"),
        (("--x", "steps"), "Steps: there are no values."),
        (("--x", "steps=1,x"), "Steps: “x” is not understood."),
        (("--x", "steps=1-30", "--y", "seed=1-30"), "The grid has 900 pictures"),
        (("--x", "steps=1", "--y", "steps=2"), "One thing varies on two axes."),
        (("--x", "steps=1", "--out", "sheet.jpg"), "Out: the sheet is a PNG file. Name it sheet.png."),
    ],
)
def test_wrong_grids_are_told_before_the_engine_starts(studio, words, expected):
    code, out, err = run(studio, *words)
    assert (code, out) == (2, "")
    assert sentence(err).startswith(expected)
    assert studio.engines == []


def test_generate_chooses_by_each_seed_and_its_pictures_make_themselves_again(studio, tmp_path):
    prompt = "a {red|blue|green} boat"
    studio.generate(prompt, "--seed", "0", "--count", "6", "--steps", "1", "--out", str(tmp_path / "a.png"))
    assert [each.prompt for each in studio.asked] == [expand_wildcards(prompt, seed) for seed in range(6)]
    assert len({each.prompt for each in studio.asked}) > 1
    again = tmp_path / "again.png"
    studio.generate("--recipe", str(tmp_path / "a_3.png"), "--out", str(again))
    assert again.read_bytes() == (tmp_path / "a_3.png").read_bytes()


def test_a_broken_brace_is_told_before_the_engine_starts(studio):
    code, _, err = studio.generate("a {red|blue boat")
    assert code == 2
    assert sentence(err).startswith("Prompt: “{red|blue boat” is never closed.")
    assert studio.engines == []
