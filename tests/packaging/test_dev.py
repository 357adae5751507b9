"""The two commands: what they refuse, when they install, and how they get over an interruption."""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from studio.system_libraries import LIBRARIES, SCREEN_LIBRARIES

ROOT = Path(__file__).resolve().parents[2]


def load(name):
    """A module of the packaging folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "packaging" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dev, environment = load("dev"), load("environment")


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 8), (3, 10, 13, "final", 0)])
def test_an_old_python_is_refused_in_one_sentence(version):
    said = dev.complaint(version)
    assert said.startswith(f"Latent Studio needs Python 3.11 or newer, and this is Python {version[0]}.{version[1]} (")
    assert said.count("\n") == 1


@pytest.mark.parametrize("version", [(3, 11), (3, 11, 0), (3, 14, 1), (4, 0)])
def test_a_new_python_is_not(version):
    assert dev.complaint(version) == ""


def test_an_old_python_that_runs_the_file_exits_with_1(tmp_path):
    """A Python that says it is old runs the real file; only the number is false."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.version_info = (3, 8, 18, 'final', 0)\n")
    variables = os.environ | {"PYTHONPATH": str(tmp_path)}
    words = [sys.executable, ROOT / "packaging" / "dev.py", "run"]
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{dev.complaint((3, 8))}"


def test_the_file_has_no_syntax_that_an_old_python_cannot_read():
    source = (ROOT / "packaging" / "dev.py").read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 6))
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef)  # these, Python 2.7 could not read
    nodes = list(ast.walk(ast.parse(source)))
    assert not [node for node in nodes if isinstance(node, new)]
    assert not [node for node in nodes if isinstance(node, ast.FunctionDef) and (node.returns or node.args.kwonlyargs)]


@pytest.mark.parametrize("words", [[], ["paint"], ["--help"]])
def test_without_a_command_the_usage_is_printed(words, capsys):
    assert environment.main(words) == (0 if words == ["--help"] else 2)
    assert "packaging/dev.py run [ARGS…]" in capsys.readouterr().err


@pytest.fixture
def checkout(tmp_path):
    """A checkout of a program with no dependencies, and its environment."""
    (tmp_path / "packaging").mkdir()
    (tmp_path / "packaging" / "constraints.txt").write_text("")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    return environment.Environment(tmp_path)


def pretend_pip(checkout, monkeypatch, code=0):
    """Make `venv` and `pip` take no time: both only leave what the code looks for. Returns what was run."""
    ran = []

    def run(words, **_named):
        ran.append([str(word) for word in words])
        if "venv" in words:
            checkout.python.parent.mkdir(parents=True, exist_ok=True)
            checkout.python.touch()
        asks = "-c" in words
        answer = f"{sys.version} {sys.base_prefix}\n"
        return subprocess.CompletedProcess(words, 0 if asks or "venv" in words else code, answer, "")

    monkeypatch.setattr(environment.subprocess, "run", run)
    return ran


def test_a_fresh_checkout_gets_its_environment_and_the_next_run_nothing(checkout, monkeypatch):
    ran = pretend_pip(checkout, monkeypatch)
    assert not checkout.is_ready("run")
    checkout.install("run")
    assert checkout.is_ready("run")
    assert [words[1:3] for words in ran] == [["-m", "venv"], ["-m", "pip"]]
    assert ran[1][-4:] == [
        "--editable",
        str(checkout.root),
        "--constraint",
        str(checkout.root / "packaging" / "constraints.txt"),
    ]


def test_test_tools_are_installed_when_they_are_asked_for_and_stay(checkout, monkeypatch):
    ran = pretend_pip(checkout, monkeypatch)
    checkout.install("run")
    assert not checkout.is_ready("test")
    checkout.install("test")
    assert ran[-1][-3] == f"{checkout.root}[test]"
    assert checkout.is_ready("test")
    assert checkout.is_ready("run")
    assert sum("venv" in words for words in ran) == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "packaging/constraints.txt"])
def test_changed_requirements_are_installed_on_top(checkout, monkeypatch, name):
    ran = pretend_pip(checkout, monkeypatch)
    checkout.install("run")
    with (checkout.root / name).open("a") as file:
        file.write("# changed\n")
    assert not checkout.is_ready("run")
    checkout.install("run")
    assert checkout.is_ready("run")
    assert sum("venv" in words for words in ran) == 1


def test_another_interpreter_makes_the_environment_anew(checkout, monkeypatch):
    ran = pretend_pip(checkout, monkeypatch)
    checkout.install("run")
    monkeypatch.setattr(sys, "base_prefix", "/another/python")
    assert not checkout.is_ready("run")
    monkeypatch.setattr(environment.subprocess, "run", answering_otherwise(environment.subprocess.run))
    checkout.install("run")
    assert sum("venv" in words for words in ran) == 2


def answering_otherwise(run):
    def otherwise(words, **named):
        done = run(words, **named)
        return subprocess.CompletedProcess(words, done.returncode, "3.11 /usr\n", "") if "-c" in words else done

    return otherwise


def test_a_pip_that_fails_is_told_and_the_next_run_starts_anew(checkout, monkeypatch):
    pretend_pip(checkout, monkeypatch, code=1)
    with pytest.raises(environment.SetupError, match="could not be installed; pip's lines above say why"):
        checkout.install("run")
    assert not checkout.is_ready("run")
    ran = pretend_pip(checkout, monkeypatch)
    checkout.install("run")
    assert [words[1:3] for words in ran] == [["-m", "venv"], ["-m", "pip"]]
    assert checkout.is_ready("run")


@pytest.mark.parametrize("command", ["venv", "pip"])
def test_an_interruption_half_way_is_repaired_by_the_next_run(checkout, monkeypatch, command):
    pretend_pip(checkout, monkeypatch)
    checkout.install("test")  # an older installation, which the interrupted one was to replace
    (checkout.root / "pyproject.toml").write_text("changed")
    if command == "venv":
        checkout.python.unlink()
    monkeypatch.setattr(environment.subprocess, "run", interrupted_at(command, environment.subprocess.run))
    with pytest.raises(KeyboardInterrupt):
        checkout.install("test")
    (checkout.root / "pyproject.toml").write_text("[project]\nname = 'x'\n")  # even if all is as it was again
    assert not checkout.is_ready("test")
    ran = pretend_pip(checkout, monkeypatch)
    checkout.install("test")
    assert ["-m", "venv"] in [words[1:3] for words in ran]
    assert checkout.is_ready("test")


def interrupted_at(command, run):
    def interrupted(words, **named):
        if command in words:
            raise KeyboardInterrupt
        return run(words, **named)

    return interrupted


def test_a_garbled_stamp_counts_for_nothing(checkout, monkeypatch):
    pretend_pip(checkout, monkeypatch)
    checkout.install("run")
    (checkout.folder / "latent-studio.stamp").write_text("run")
    assert not checkout.is_ready("run")


def test_an_environment_that_cannot_be_made_is_told(checkout, monkeypatch):
    failing = lambda words, **_named: subprocess.CompletedProcess(words, 1, "", "")  # noqa: E731
    monkeypatch.setattr(environment.subprocess, "run", failing)
    with pytest.raises(environment.SetupError, match=r"\.venv could not be made; the lines above say why"):
        checkout.install("run")
    assert not checkout.is_ready("run")
    checkout.folder = checkout.root / "pyproject.toml" / ".venv"
    with pytest.raises(environment.SetupError, match=r"\.venv cannot be made: Not a directory"):
        checkout.install("run")


def test_a_python_without_venv_is_told_with_the_package_to_install(checkout, monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    monkeypatch.setattr(environment, "missing_packages", list)
    monkeypatch.setattr(environment, "install_packages", list)
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    with pytest.raises(environment.SetupError, match=f"modules venv and ensurepip are missing.*{package}"):
        environment.prepare(checkout, "run")


def test_a_setup_that_fails_exits_with_1_and_an_interrupted_one_with_130(monkeypatch, capsys):
    for error, code, said in (
        (environment.SetupError("no disk"), 1, "dev.py: no disk\n"),
        (KeyboardInterrupt(), 130, "dev.py: interrupted. The next run repairs what was left half way.\n"),
    ):
        monkeypatch.setattr(environment, "prepare", raising(error))
        assert environment.main(["run"]) == code
        assert capsys.readouterr().err == said


def raising(error):
    def fail(*_arguments):
        raise error

    return fail


def test_missing_system_packages_are_installed_by_root_and_told_to_others(monkeypatch, capsys):
    ran = []

    def run(words, **named):
        ran.append(words)
        assert named["env"]["DEBIAN_FRONTEND"] == "noninteractive"
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(environment.subprocess, "run", run)
    monkeypatch.setattr(environment.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(environment.os, "geteuid", lambda: 0)
    environment.install_packages(["libegl1", "libgl1"])
    assert ran[0][-1] == "update"
    assert ran[1][-5:] == ["install", "--yes", "--no-install-recommends", "libegl1", "libgl1"]
    monkeypatch.setattr(environment.os, "geteuid", lambda: 1000)
    capsys.readouterr()
    environment.install_packages(["libegl1"])
    assert len(ran) == 2
    assert "sudo apt-get update && sudo apt-get install --yes libegl1\n" in capsys.readouterr().err


def test_apt_that_fails_says_how_to_go_on(monkeypatch, capsys):
    monkeypatch.setattr(environment.subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 100))
    monkeypatch.setattr(environment.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(environment.os, "geteuid", lambda: 0)
    environment.install_packages(["libegl1"])
    assert "apt-get update failed; install the packages with: sudo apt-get" in capsys.readouterr().err


@pytest.mark.parametrize("bad", ["ruff check", "ruff format", "mypy", "lint-imports", "pytest"])
def test_one_check_that_fails_fails_the_whole_and_the_others_still_run(checkout, monkeypatch, capsys, bad):
    ran = []

    def run(words, **_named):
        ran.append(" ".join([Path(words[0]).name, *words[1:]]))
        return subprocess.CompletedProcess(words, int(ran[-1].startswith(bad)))

    monkeypatch.setattr(environment.subprocess, "run", run)
    assert environment.check_everything(checkout, ["-x"], {}) == 1
    assert ran == ["ruff check", "ruff format --check", "mypy", "lint-imports", "pytest -x"]
    assert f"failed: {bad}" in capsys.readouterr().err
    bad = "none"
    assert environment.check_everything(checkout, [], {}) == 0


@pytest.fixture
def tests_run(checkout, monkeypatch):
    """Runs every check with pytest's exit codes and the tests it remembers as failed: (exit code, calls of pytest)."""

    def run_with(codes, failed):
        calls = []

        def run(words, **_named):
            if Path(words[0]).name != "pytest":
                return subprocess.CompletedProcess(words, 0)
            calls.append(words[1:])
            return subprocess.CompletedProcess(words, codes[len(calls) - 1])

        monkeypatch.setattr(environment.subprocess, "run", run)
        cache = checkout.root / ".pytest_cache" / "v" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "lastfailed").write_text(json.dumps(dict.fromkeys(failed, True)))
        return environment.check_everything(checkout, ["-q"], {}), calls

    return run_with


def test_a_test_that_fails_once_is_run_again_and_named(tests_run, capsys):
    assert tests_run([1, 0], ["tests/a.py::b"]) == (0, [["-q"], ["--last-failed", "-q"]])
    assert "unsteady, to be mended: failed once, then passed by themselves: tests/a.py::b" in capsys.readouterr().err


def test_a_test_that_fails_twice_fails_the_whole(tests_run, capsys):
    assert tests_run([1, 1], ["tests/a.py::b"])[0] == 1
    said = capsys.readouterr().err
    assert "failed: pytest" in said
    assert "unsteady" not in said


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        pytest.param(1, [f"tests/a.py::{number}" for number in range(environment.UNSTEADY_MAX + 1)], id="many"),
        pytest.param(1, [], id="nothing remembered"),
        pytest.param(-11, ["tests/a.py::b"], id="a crash"),
    ],
)
def test_what_is_no_stumble_is_not_run_again(tests_run, code, failed):
    assert tests_run([code], failed) == (1, [["-q"]])


def test_a_garbled_memory_of_failures_is_none(checkout):
    assert environment.failed_tests(checkout.root) == []
    cache = checkout.root / ".pytest_cache" / "v" / "cache"
    cache.mkdir(parents=True)
    (cache / "lastfailed").write_text("{")
    assert environment.failed_tests(checkout.root) == []


def test_without_a_screen_qt_is_told_to_do_without():
    assert environment.test_variables({"A": "b"}) == {"A": "b", "QT_QPA_PLATFORM": "offscreen"}
    assert environment.test_variables({"DISPLAY": ":0"}) == {"DISPLAY": ":0"}
    assert environment.test_variables({"WAYLAND_DISPLAY": "w"}) == {"WAYLAND_DISPLAY": "w"}
    assert environment.test_variables({"QT_QPA_PLATFORM": "vnc"}) == {"QT_QPA_PLATFORM": "vnc"}


def test_the_program_takes_the_place_of_the_script_with_its_arguments(checkout, monkeypatch):
    became = []
    monkeypatch.setattr(environment.os, "execv", lambda path, words: became.append((path, words)))
    monkeypatch.setattr(environment.subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 3))
    environment.start(checkout, ["generate", "a boat"])
    python = str(checkout.python)
    assert became == [(python, [python, "-P", "-m", "studio", "generate", "a boat"])]


def test_the_real_venv_is_made_and_found_sound(checkout):
    checkout._make()
    assert not checkout._is_sound()  # until pip is done, the mark says that it is half way
    checkout._mark.unlink()
    assert checkout._is_sound()
    checkout._make()
    assert not checkout._is_sound()


def test_every_pin_is_exact_and_covers_what_the_project_asks_for():
    pins = dict(
        line.lower().split("==") for line in (ROOT / "packaging" / "constraints.txt").read_text().splitlines() if line
    )
    wanted = environment_requirements()
    assert wanted - set(pins) == set()


def environment_requirements():
    """The names of everything that pyproject.toml asks for, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    names = {re.split(r"[\[<>=; ]", line)[0].lower() for line in lines} - {"latent-studio"}
    return {name.replace("-", "_") if name in {"tomli-w", "pyside6-essentials"} else name for name in names}


def test_ci_runs_exactly_the_test_command():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec python3 packaging/dev.py test"


def test_the_libraries_and_packages_are_named_once():
    assert not set(LIBRARIES) & set(SCREEN_LIBRARIES)
    packages = [*LIBRARIES.values(), *SCREEN_LIBRARIES.values()]
    assert len(set(packages)) == len(packages)
