"""The command line on a scripted engine: what it prints, writes, refuses, and with which exit code."""

import errno
import io
import json
import os
import re
import sys
from pathlib import Path

import msgspec
import pytest

from studio.cli import main
from studio.core.errors import Cancelled, OutOfMemoryError, PromptTooLongError
from studio.core.metadata import read_recipe
from studio.core.recipe import SEED_MAX, ModelRef, Recipe
from studio.core.recipe_json import recipe_to_json
from studio.core.schedulers import SCHEDULERS, Schedule, Scheduler, SchedulerSettings, SolverType
from tests.faults import Disk
from tests.scripted_engine import ScriptedEngine, write_model


class Studio:
    """The command line with a data directory and a scripted engine of its own."""

    def __init__(self, folder, capsys):
        self.data = folder / "data"
        self.engines = []
        self.script = {}
        self._capsys = capsys
        write_model(self.data / "models" / "tested", "Tested")

    def __call__(self, *words):
        """Run a command; returns exit code, standard output and standard error."""
        self._capsys.readouterr()
        code = main([*words, "--data-dir", str(self.data)], self._engine)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    def generate(self, *words):
        """Run `generate` with the tested model."""
        return self("generate", "--model", "Tested", *words)

    @property
    def asked(self):
        """The recipes the last engine was asked for."""
        return self.engines[-1].recipes

    def _engine(self, folders):
        self.engines.append(ScriptedEngine(folders, **self.script))
        return self.engines[-1]


@pytest.fixture
def studio(tmp_path, capsys):
    return Studio(tmp_path, capsys)


def sentence(err):
    """The one line that says what is wrong."""
    (line,) = [line for line in err.splitlines() if line.startswith("latent-studio: ")]
    return line.removeprefix("latent-studio: ")


def test_a_picture_is_written_and_its_path_alone_is_printed(studio, tmp_path):
    code, out, err = studio.generate("a red sailboat", "--seed", "7", "--out", str(tmp_path / "boat.png"))
    assert (code, out) == (0, f"{tmp_path / 'boat.png'}\n")
    recipe = read_recipe(tmp_path / "boat.png")
    assert (recipe.prompt, recipe.seed, recipe.model.name, len(recipe.model.hash)) == (
        "a red sailboat",
        7,
        "Tested",
        64,
    )
    assert "seed 7" in err
    assert "loading the model" in err
    assert studio.engines[0].closed


def test_what_is_not_given_is_the_models_own(studio, tmp_path):
    studio.generate("sea", "--out", str(tmp_path / "a.png"))
    (recipe,) = studio.asked
    assert (recipe.width, recipe.height, recipe.steps, recipe.guidance) == (64, 64, 3, 4.5)
    assert (recipe.scheduler, recipe.schedule) == (Scheduler.DPMPP_2M, Schedule.SGM_UNIFORM)


def test_every_option_has_its_flag(studio, tmp_path):
    code, _, _ = studio.generate(
        "sea", "--negative", "fog", "--seed", str(SEED_MAX), "--steps", "4", "--guidance", "6.5",
        "--scheduler", "unipc", "--schedule", "karras", "--width", "80", "--height", "96",
        "--order", "3", "--solver-type", "bh1", "--out", str(tmp_path),
    )  # fmt: skip
    assert code == 0
    settings = SchedulerSettings(order=3, solver_type=SolverType.BH1)
    expected = Recipe(
        prompt="sea", negative_prompt="fog", seed=SEED_MAX, steps=4, guidance=6.5, width=80, height=96,
        scheduler=Scheduler.UNIPC, schedule=Schedule.KARRAS, scheduler_settings=settings,
    )  # fmt: skip
    (asked,) = studio.asked
    assert asked == msgspec.structs.replace(expected, model=asked.model)
    assert asked.model.name == "Tested"


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("--scheduler Euler --s-churn 5 --s-noise 1.01", SchedulerSettings(s_churn=5.0, s_noise=1.01)),
        ("--scheduler DDIM --eta 0.5", SchedulerSettings(eta=0.5)),
        ("--scheduler DPM++2M --lower-order-final no", SchedulerSettings(lower_order_final=False)),
        ("--scheduler DPM++2M --lower-order-final YES", SchedulerSettings(lower_order_final=True)),
    ],
)
def test_every_setting_has_its_flag(studio, tmp_path, words, settings):
    studio.generate("sea", *(word.replace("++", "++ ") for word in words.split()), "--out", str(tmp_path))
    assert studio.asked[0].scheduler_settings == settings


def test_adapters_are_flags_and_a_missing_one_is_told_before_the_engine_starts(studio, tmp_path):
    (studio.data / "loras").mkdir()
    for name in ("ink", "line: fine"):
        (studio.data / "loras" / f"{name}.safetensors").touch()
    words = ("--lora", "ink:0.8", "--lora", "line: fine", "--out", str(tmp_path / "boat.png"))
    assert studio.generate("a boat", *words)[0] == 0
    assert {each.name: each.strength for each in studio.asked[0].adapters} == {"ink": 0.8, "line: fine": 1.0}
    started = len(studio.engines)
    for bad, code, expected in (
        ("inc", 1, "There is no adapter “inc”. Did you mean “ink”?"),
        ("ink:9", 2, "The adapter “ink”: Strength: 9.0 is outside -4.0 to 4.0."),
    ):
        found, _, err = studio.generate("a boat", "--lora", bad, "--out", str(tmp_path / "boat.png"))
        assert (found, sentence(err).startswith(expected)) == (code, True)
    assert len(studio.engines) == started


def test_a_vae_is_a_flag_and_what_is_missing_is_told_before_the_engine_starts(studio, tmp_path):
    for name in ("vae/sight.safetensors", "embeddings/old.pt"):
        (studio.data / name).parent.mkdir()
        (studio.data / name).touch()
    out = ("--out", str(tmp_path / "boat.png"))
    assert studio.generate("a boat", "--vae", "Sight", *out)[0] == 0
    assert studio.asked[0].vae == ModelRef(name="Sight")
    started = len(studio.engines)
    for words, expected in (
        (("a boat", "--vae", "sigh"), "There is no VAE “sigh”. Did you mean “sight”?"),
        (("an old boat",), "old.pt is a pickle"),
    ):
        found, _, err = studio.generate(*words, *out)
        assert (found, sentence(err).startswith(expected)) == (1, True)
    assert len(studio.engines) == started


def test_a_random_seed_is_told_and_differs(studio, tmp_path):
    told = [re.search(r"seed (\d+)", studio.generate("sea", "--out", str(tmp_path))[2])[1] for _ in range(2)]
    assert [str(engine.recipes[0].seed) for engine in studio.engines] == told
    assert told[0] != told[1]


def test_without_out_the_library_keeps_the_picture(studio):
    code, out, _ = studio.generate("a red sailboat", "--seed", "7")
    (path,) = (studio.data / "pictures").iterdir()
    assert (code, out) == (0, f"{path}\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d{6}_a-red-sailboat_7\.png", path.name)
    assert (studio.data / "library.sqlite").is_file()


def test_several_pictures_count_their_seeds_on_and_their_names(studio, tmp_path):
    code, out, _ = studio.generate("sea", "--seed", str(SEED_MAX), "--count", "3", "--out", str(tmp_path / "a.png"))
    assert (code, out.split()) == (0, [str(tmp_path / f"a_{number}.png") for number in (1, 2, 3)])
    assert [read_recipe(tmp_path / f"a_{number}.png").seed for number in (1, 2, 3)] == [SEED_MAX, 0, 1]
    assert len(studio.engines) == 1


def test_several_may_be_made_at_once_and_come_out_the_same(studio, tmp_path):
    for more in ([], ["--together"]):
        target = tmp_path / f"{len(more)}.png"
        code, out, _ = studio.generate("sea", "--seed", "5", "--count", "3", *more, "--out", str(target))
        assert (code, out.split()) == (0, [str(tmp_path / f"{len(more)}_{number}.png") for number in (1, 2, 3)])
    for number in (1, 2, 3):
        assert (tmp_path / f"0_{number}.png").read_bytes() == (tmp_path / f"1_{number}.png").read_bytes()
    assert [len(engine.walks) for engine in studio.engines] == [0, 1]


def test_a_folder_is_made_and_never_overwrites(studio, tmp_path):
    paths = [studio.generate("sea", "--seed", "1", "--out", str(tmp_path / "new" / "folder"))[1] for _ in range(3)]
    assert len(set(paths)) == 3
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 3


def test_a_named_file_is_replaced_with_the_same_bytes(studio, tmp_path):
    path = tmp_path / "boat.png"
    path.write_bytes(b"old")
    studio.generate("sea", "--seed", "7", "--out", str(path))
    first = path.read_bytes()
    studio.generate("sea", "--seed", "7", "--out", str(path))
    assert path.read_bytes() == first != b"old"


@pytest.mark.parametrize("way", ["json", "png", "stdin"])
def test_info_prints_what_generate_takes_back_to_the_same_bytes(studio, tmp_path, monkeypatch, way):
    boat, again, recipe = (tmp_path / name for name in ("boat.png", "again.png", "recipe.json"))
    studio.generate(
        'a "red" sailboat,\n海 🙂', "--seed", "7", "--scheduler", "DDIM", "--eta", "0.3", "--out", str(boat)
    )
    code, out, _ = studio("info", str(boat))
    assert code == 0
    assert json.loads(out)["recipe"]["seed"] == 7
    recipe.write_text(out)
    monkeypatch.setattr(sys, "stdin", io.StringIO(out))
    source = {"json": str(recipe), "png": str(boat), "stdin": "-"}[way]
    code, _, _ = studio("generate", "--recipe", source, "--out", str(again))
    assert code == 0
    assert again.read_bytes() == boat.read_bytes()


def test_flags_change_a_recipe_and_the_rest_stays(studio, tmp_path):
    base = Recipe(prompt="sea", seed=5, scheduler=Scheduler.DDIM, scheduler_settings=SchedulerSettings(eta=0.5))
    (tmp_path / "r.json").write_text(recipe_to_json(base))
    studio.generate("lake", "--recipe", str(tmp_path / "r.json"), "--scheduler", "LCM", "--out", str(tmp_path))
    (recipe,) = studio.asked
    assert (recipe.prompt, recipe.seed, recipe.width) == ("lake", 5, base.width)
    assert (recipe.scheduler, recipe.schedule, recipe.scheduler_settings) == (
        Scheduler.LCM, Schedule.NORMAL, SchedulerSettings(),
    )  # fmt: skip


REFUSED = [
    (["sea", "--scheduler", "eulr"], "Scheduler: “eulr” is not known. Did you mean “Euler”?"),
    (["sea", "--schedule", "caras"], "Schedule: “caras” is not known. Did you mean “Karras”?"),
    (["sea", "--scheduler", "LCM", "--schedule", "Karras"], "LCM is not offered with Karras. Choose one of: Normal."),
    (["sea", "--scheduler", "Euler", "--eta", "0.1"], "Euler takes no setting “eta”. It takes: s_churn, s_noise."),
    (["sea", "--scheduler", "UniPC", "--order", "4"], "Order: UniPC takes 1 to 3, not 4."),
    (["sea", "--width", "100"], "Width: 100 px is not a multiple of 16, which this model needs. Use 96 or 112."),
    (["sea", "--height", "0"], "Height: 0 is outside 64 to 4,096 px."),
    (["sea", "--steps", "0"], "Steps: 0 is outside 1 to 1,000."),
    (["sea", "--steps", "many"], "Steps: 'many' is not a whole number."),
    (["sea", "--steps", "2.5"], "Steps: '2.5' is not a whole number."),
    (["sea", "--seed", "-1"], "Seed: -1 is outside 0 to 4,294,967,295."),
    (["sea", "--seed", "4294967296"], "Seed: 4294967296 is outside 0 to 4,294,967,295."),
    (["sea", "--guidance", "nan"], "Guidance: nan is outside 1.0 to 30.0."),
    (["sea", "--lower-order-final", "maybe"], "Lower order at the end: 'maybe' is not yes or no."),
    (["sea", "--count", "0"], "Count: '0' is not a whole number from 1 to 10,000."),
    (["sea", "--count", "x"], "Count: 'x' is not a whole number from 1 to 10,000."),
    (["x" * 100_000], "Prompt: 100,000 characters are too many; at most 20,000 are read."),
    (["sea", "--negative", "x" * 100_000], "Negative prompt: 100,000 characters are too many"),
    ([""], "The prompt is empty. Say in quotes what the picture shows."),
    ([" \n\t"], "The prompt is empty."),
    ([], "There is no prompt."),
    (["caf\udce9"], "Prompt: it holds something that is no Unicode text."),
    (["sea", "--out", "boat.jpg"], "Out: pictures are PNG files. Name it boat.png."),
    (["--recipe", "gone.json"], "gone.json cannot be read: No such file or directory. Give a JSON or PNG file."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "expected"), REFUSED, ids=lambda value: str(value)[:40])
def test_wrong_arguments_are_told_before_the_engine_starts(studio, words, expected):
    code, out, err = studio.generate(*words)
    assert (code, out) == (2, "")
    assert sentence(err).startswith(expected)
    assert studio.engines == []


def test_a_prompt_over_the_encoders_tokens_is_told(studio, tmp_path):
    studio.script = {"failure": PromptTooLongError("prompt", 90, 75)}
    code, out, err = studio.generate("sea " * 90, "--out", str(tmp_path / "a.png"))
    assert (code, out) == (2, "")
    assert sentence(err) == "The prompt has 90 tokens, but the model reads 75. Shorten it by 15."


@pytest.mark.parametrize("words", [["paint"], ["generate", "--steps"], ["generate", "a", "b"], ["--colour"], ["info"]])
def test_words_nobody_knows_are_told_in_a_line(studio, words):
    code, out, err = studio(*words)
    assert (code, out) == (2, "")
    assert "--help" in sentence(err)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "code", "expected"),
    [
        (b'{"version": 9, "recipe": {}}', 2, "made by a newer Latent Studio"),
        (b"{", 2, "it is not JSON"),
        (b"\xff\xd8\xff", 1, "it is neither a PNG picture nor JSON"),
        (b"\x89PNG\r\n\x1a\n", 1, "it is cut short"),
    ],
)
def test_a_recipe_file_that_cannot_be_read_is_told(studio, tmp_path, content, code, expected):
    (tmp_path / "recipe").write_bytes(content)
    found, _, err = studio.generate("--recipe", str(tmp_path / "recipe"))
    assert found == code
    assert expected in sentence(err)


def break_model(folder, how):
    if how == "no tokenizer":
        (folder / "tokenizer").rmdir()
    elif how == "pickle":
        (folder / "unet" / "model.safetensors").rename(folder / "unet" / "diffusion_pytorch_model.bin")
    elif how == "no weights":
        (folder / "vae" / "model.safetensors").unlink()
    elif how == "cut short":
        (folder / "unet" / "config.json").write_text('{"sample_')
    elif how == "not understood":
        (folder / "vae" / "config.json").write_text("{}")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("no tokenizer", "its tokenizer is missing"),
        ("pickle", "diffusion_pytorch_model.bin is a pickle: opening it can run any program hidden in it"),
        ("no weights", "vae has no .safetensors weights"),
        ("cut short", "unet/config.json is not JSON"),
        ("not understood", "its configuration is not understood"),
    ],
)
def test_a_model_that_cannot_be_used_is_told(studio, how, expected):
    folder = studio.data / "models" / "tested"
    break_model(folder, how)
    code, out, err = studio("generate", "sea", "--model", str(folder))
    assert (code, out) == (1, "")
    assert expected in sentence(err)


def test_a_model_that_is_not_there_lists_those_that_are(studio):
    code, _, err = studio("generate", "sea", "--model", "Nowhere")
    assert code == 1
    assert sentence(err).startswith("There is no model “Nowhere”. Models found: ")
    assert "Tested" in sentence(err)


def test_running_out_of_memory_is_told_and_everything_is_freed(studio, tmp_path):
    studio.script = {"failure": OutOfMemoryError("cpu", 64, 64)}
    code, out, err = studio.generate("sea", "--out", str(tmp_path / "a.png"))
    assert (code, out) == (1, "")
    assert "ran out of memory at 64×64 px" in sentence(err)
    assert studio.engines[0].closed
    assert not (tmp_path / "a.png").exists()


def test_a_folder_that_cannot_be_written_is_told_before_the_engine_starts(studio, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for out in (tmp_path / "file" / "a.png", tmp_path / "gone" / "a.png", tmp_path / "file" / "folder"):
        code, _, err = studio.generate("sea", "--out", str(out))
        assert code == 1
        assert "could not be saved" in sentence(err)
    assert studio.engines == []


@pytest.mark.parametrize("to_library", [True, False])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO], ids=errno.errorcode.get)
def test_a_disk_that_fails_at_the_write_is_told_and_nothing_is_half_written(
    studio, tmp_path, monkeypatch, to_library, code
):
    folder = studio.data / "pictures" if to_library else tmp_path / "out"
    folder.mkdir(parents=True)
    disk = Disk(monkeypatch, folder)
    disk.arm(disk_call(studio, disk, to_library, folder), code)
    found, out, err = studio.generate("sea", *([] if to_library else ["--out", str(folder / "a.png")]))
    assert disk.has_failed
    disk.disarm()
    assert (found, out) == (1, "")
    assert os.strerror(code) in sentence(err)
    assert [path for path in folder.iterdir() if path.read_bytes() == b"" or path.name.startswith(".")] == []


def disk_call(studio, disk, to_library, folder):
    """The number of the first `write` in a run in which nothing fails."""
    studio.generate("sea", *([] if to_library else ["--out", str(folder / "first.png")]))
    return disk.calls.index("write")


def test_ctrl_c_stops_at_the_next_report(studio, tmp_path):
    studio.script = {"interrupts": 1}
    code, out, err = studio.generate("sea", "--count", "2", "--out", str(tmp_path / "a.png"))
    assert (code, out, sentence(err)) == (130, "", "stopped")
    assert len(studio.asked) == 1
    assert studio.engines[0].closed
    assert list(tmp_path.glob("*.png")) == []


def test_ctrl_c_twice_stops_at_once(studio, tmp_path):
    studio.script = {"interrupts": 2}
    code, _, err = studio.generate("sea", "--out", str(tmp_path / "a.png"))
    assert (code, sentence(err)) == (130, "stopped")
    assert studio.engines[0].closed


def test_an_engine_that_is_cancelled_is_no_failure(studio, tmp_path):
    studio.script = {"failure": Cancelled()}
    assert studio.generate("sea", "--out", str(tmp_path / "a.png"))[0] == 130


def test_info_of_a_file_that_is_no_picture_of_ours_is_told(studio, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    assert studio("info", str(tmp_path / "gone.png"))[0] == 1
    code, out, err = studio("info", str(tmp_path / "text.png"))
    assert (code, out) == (1, "")
    assert "it is not a PNG file" in sentence(err)


def test_schedulers_tells_every_one_with_schedules_and_settings(studio):
    code, out, _ = studio("schedulers")
    assert code == 0
    for scheduler, info in SCHEDULERS.items():
        block = out[out.index(f"{scheduler}\n") :].split("\n    ")
        assert block[1] == info.description
        assert block[2].split("\n")[0] == f"schedules: {', '.join(info.schedules)}"
    assert "settings: eta (0.0)" in out


def test_models_lists_the_good_and_says_why_the_bad_are_not(studio):
    write_model(studio.data / "models" / "bad", "Bad")
    break_model(studio.data / "models" / "bad", "pickle")
    code, out, err = studio("models")
    assert code == 0
    assert f"Tested\n    {studio.data / 'models' / 'tested'}\n    64×64 px, DPM++ 2M, 3 steps\n" in out
    assert "Bad" not in out
    assert "is a pickle" in err


def test_a_pickle_in_the_folder_is_told_by_the_list_and_by_its_name(studio):
    (studio.data / "models" / "old.ckpt").write_bytes(b"\x80\x04")
    code, out, err = studio("models")
    assert (code, "old.ckpt" in out) == (0, False)
    assert "old.ckpt is a pickle" in err
    code, _, err = studio("generate", "sea", "--model", "old")
    assert code == 1
    assert sentence(err).startswith("old.ckpt is a pickle")


def test_model_folders_come_from_the_settings_too(studio, tmp_path):
    write_model(tmp_path / "elsewhere" / "far", "Far")
    (studio.data / "settings.toml").write_text(f'model_folders = ["{tmp_path / "elsewhere"}"]')
    assert "Far\n" in studio("models")[1]


def test_broken_settings_are_told_and_the_work_is_done(studio):
    (studio.data / "settings.toml").write_text("broken = ")
    code, out, err = studio("models")
    assert code == 0
    assert "Tested" in out
    assert "The settings could not be read" in err


def test_the_data_directory_may_stand_before_the_command(studio, capsys):
    assert main(["--data-dir", str(studio.data), "models"]) == 0
    assert "Tested" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["generate", "--help"], ["--version"]])
def test_help_is_no_failure(studio, words):
    code, out, err = studio(*words)
    assert (code, err) == (0, "")
    assert out


def test_without_a_display_the_window_says_so(studio, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    code, out, err = studio()
    assert (code, out) == (1, "")
    assert sentence(err).startswith("The window cannot be shown: there is no display")
    assert "latent-studio generate --help" in sentence(err)


@pytest.mark.parametrize("words", [["open", "sea.lstudio"], ["sea.lstudio"]])
def test_a_project_is_opened_in_the_window(monkeypatch, tmp_path, words):
    opened = []
    monkeypatch.setattr("studio.display.check_display", lambda *_: None)
    monkeypatch.setattr("studio.app.run", lambda data_dir, *, model, project: opened.append((data_dir, project)) or 0)
    assert main(["--data-dir", str(tmp_path), *words]) == 0
    assert opened == [(tmp_path, Path("sea.lstudio"))]
