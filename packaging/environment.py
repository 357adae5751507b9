"""A virtual environment that repairs itself, and the commands that run in it. Standard library only.

The life of `.venv`: a mark "installing" is written → venv → pip → the stamp of what was installed → the mark goes.
A mark found at the start tells that a run was interrupted half way: the environment is then made anew.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))  # last: nothing of ours may hide what is installed

from studio.system_libraries import apt_command, missing_packages  # noqa: E402

USAGE = """Usage: python3 packaging/dev.py run [ARGS…]     install what is missing, then run latent-studio ARGS…
       python3 packaging/dev.py test [ARGS…]    install test tools too, then check everything; ARGS go to pytest
"""
EXTRAS = {"run": "", "test": "[test]"}
CHECKS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports",),
)

UNSTEADY_MAX = 5
"""Tests that failed are run once more, alone, where they are no more than this: a window's test may stumble over a
machine that stood still. Those that then pass are named. A test that is broken fails twice."""

SOME_FAILED = 1
"""What pytest exits with where it ran to its end; anything else, as a crash, is not tried again."""


class SetupError(Exception):
    """Something that a person must do first. The text is the sentence to show."""


class Environment:
    """The virtual environment of one checkout."""

    def __init__(self, root: Path) -> None:
        """`root` holds pyproject.toml; nothing is made yet."""
        self.root = root
        self.folder = root / ".venv"
        self._scripts = self.folder / ("Scripts" if os.name == "nt" else "bin")
        self._stamp = self.folder / "latent-studio.stamp"
        self._mark = self.folder / "latent-studio.installing"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self._scripts / ("python.exe" if os.name == "nt" else "python")

    def program(self, name: str) -> Path:
        """A program installed into the environment."""
        return self._scripts / (f"{name}.exe" if os.name == "nt" else name)

    def is_ready(self, command: str) -> bool:
        """Whether everything that `command` needs was installed, whole, from the files as they are now."""
        if self._mark.exists() or not self.python.exists():
            return False
        try:
            installed, _, key = self._stamp.read_text(encoding="utf-8").partition(" ")
        except OSError:
            return False
        return installed in {command, "test"} and key == self.key()

    def key(self) -> str:
        """What an installation depends on: the requirements, the interpreter, and where it lies."""
        digest = hashlib.sha256()
        for part in ("pyproject.toml", "packaging/constraints.txt"):
            digest.update((self.root / part).read_bytes() + b"\0")
        digest.update(f"{sys.version}\0{sys.base_prefix}\0{self.folder}".encode())
        return digest.hexdigest()

    def install(self, command: str) -> None:
        """Make the environment ready for `command`.

        Raises:
            SetupError: with what to do.
        """
        if not self._is_sound():
            self._make()
        self._mark.touch()
        self._stamp.unlink(missing_ok=True)
        self._pip(command)
        temporary = self._stamp.with_suffix(".tmp")
        temporary.write_text(f"{command} {self.key()}", encoding="utf-8")
        temporary.replace(self._stamp)
        self._mark.unlink()

    def _is_sound(self) -> bool:
        """Whether there is an environment to build on: of this interpreter, with pip, not left half way."""
        if self._mark.exists() or not self.python.exists():
            return False
        question = "import sys, pip; print(sys.version, sys.base_prefix)"
        found = subprocess.run([self.python, "-c", question], capture_output=True, text=True, check=False)
        return found.returncode == 0 and found.stdout.strip() == f"{sys.version} {sys.base_prefix}"

    def _make(self) -> None:
        """Make the environment anew, under the mark from the first moment on."""
        say(f"making {self.folder}")
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.mkdir(exist_ok=True)
            self._mark.touch()
        except OSError as error:
            raise SetupError(
                f"{self.folder} cannot be made: {error.strerror}. Move the checkout to a folder you may write."
            ) from error
        if subprocess.run([sys.executable, "-m", "venv", str(self.folder)], check=False).returncode:
            raise SetupError(
                f"{self.folder} could not be made; the lines above say why. Mend that, then run the same command again."
            )

    def _pip(self, command: str) -> None:
        say("installing pinned dependencies; the first time this takes some minutes")
        target = f"{self.root}{EXTRAS[command]}"
        constraints = str(self.root / "packaging" / "constraints.txt")
        pip = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
        if subprocess.run([*pip, "--editable", target, "--constraint", constraints], check=False).returncode:
            raise SetupError(
                "The dependencies could not be installed; pip's lines above say why. If the network was away, "
                "run the same command again when it is back."
            )


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks; returns the exit code."""
    if not arguments or arguments[0] not in EXTRAS:
        sys.stderr.write(USAGE)
        return 0 if arguments and arguments[0] in {"-h", "--help"} else 2
    environment = Environment(ROOT)
    try:
        prepare(environment, arguments[0])
    except SetupError as error:
        sys.stderr.write(f"dev.py: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("dev.py: interrupted. The next run repairs what was left half way.\n")
        return 130
    if arguments[0] == "test":
        return check_everything(environment, list(arguments[1:]), os.environ)
    return start(environment, list(arguments[1:]))


def prepare(environment: Environment, command: str) -> None:
    """Install what is missing, of the system and of Python.

    Raises:
        SetupError: with what to do.
    """
    ready = environment.is_ready(command)
    needed = missing_packages() + ([] if ready else missing_venv())
    if needed:
        install_packages(needed)
    if missing_venv() and not ready:
        raise SetupError(
            "This Python cannot make virtual environments: its modules venv and ensurepip are missing. "
            f"On Debian and Ubuntu: {apt_command(missing_venv())}"
        )
    if not ready:
        environment.install(command)


def start(environment: Environment, arguments: list[str]) -> int:
    """Become `latent-studio`, so that signals and the exit code are its own."""
    # -P: a folder called "studio" where the artist stands must not be taken for ours.
    words = [str(environment.python), "-P", "-m", "studio", *arguments]
    if os.name != "nt":
        os.execv(words[0], words)  # noqa: S606
    return subprocess.run(words, check=False).returncode


def check_everything(environment: Environment, arguments: list[str], variables: Mapping[str, str]) -> int:
    """Every check, even after one failed; returns 0 where all passed."""
    variables = test_variables(variables)
    failed = [" ".join(step[:2]) for step in CHECKS if run_step(environment, step, variables)]
    unsteady = []
    code = run_step(environment, ("pytest", *arguments), variables)
    if code:
        unsteady = failed_tests(environment.root) if code == SOME_FAILED else []
        few = 0 < len(unsteady) <= UNSTEADY_MAX
        if not few or run_step(environment, ("pytest", "--last-failed", *arguments), variables):
            failed.append("pytest")
    say(f"failed: {', '.join(failed)}" if failed else "everything passed")
    if unsteady and "pytest" not in failed:
        say(f"unsteady, to be mended: failed once, then passed by themselves: {', '.join(unsteady)}")
    return 1 if failed else 0


def run_step(environment: Environment, step: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a tool of the environment; its exit code."""
    say(" ".join(step))
    words = [str(environment.program(step[0])), *step[1:]]
    return subprocess.run(words, cwd=environment.root, env=dict(variables), check=False).returncode


def failed_tests(root: Path) -> list[str]:
    """What pytest remembers of its last run; nothing where it did not get that far."""
    try:
        remembered = json.loads((root / ".pytest_cache" / "v" / "cache" / "lastfailed").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return sorted(remembered)


def test_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The process's variables; where there is no screen, Qt is told to do without."""
    has_screen = variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY")
    return dict(variables) if has_screen else {"QT_QPA_PLATFORM": "offscreen", **variables}


def missing_venv() -> list[str]:
    """The Debian package that brings `venv` and `ensurepip`, where this Python has not both."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return []
    return [f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"]


def install_packages(packages: list[str]) -> None:
    """Install system packages where that is allowed; else say how. What then still misses is told by who needs it."""
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        say(f"system packages are missing; install them with: {apt_command(packages)}")
        return
    say(f"installing system packages: {' '.join(packages)}")
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        if subprocess.run(["apt-get", "-qq", *words], env=variables, stdout=sys.stderr, check=False).returncode:
            say(f"apt-get {words[0]} failed; install the packages with: {apt_command(packages)}")
            return


def say(line: str) -> None:
    """One line of progress. The standard output belongs to the program that is run."""
    sys.stderr.write(f"dev.py: {line}\n")
    sys.stderr.flush()
