"""The command line: the same engine without a window. Torch is imported only by the commands that need it.

Exit codes: 0 done; 1 the work failed, one sentence on stderr; 2 wrong arguments; 130 stopped.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

import studio
from studio.cli_canvas import blend, walk
from studio.cli_generate import EngineFactory, generate
from studio.cli_get import add_get, get
from studio.cli_grid import add_grid, grid
from studio.cli_library import add_library, library
from studio.cli_models import show_models
from studio.cli_recipe import add_recipe_flags
from studio.cli_start import add_start_flags
from studio.core.engine import Engine
from studio.core.errors import Cancelled, OptionError, StudioError
from studio.core.hub import Hub
from studio.core.metadata import read_recipe
from studio.core.places import Places, default_data_dir
from studio.core.project import SUFFIX
from studio.core.recipe_json import recipe_in_words, recipe_to_json
from studio.core.schedulers import SCHEDULERS
from studio.core.settings import load_settings, model_folders
from studio.core.weight_hash import WeightHasher

_COMMANDS = ("open", "generate", "grid", "blend", "walk", "info", "library", "schedulers", "models", "get", "doctor")
DONE, FAILED, WRONG_ARGUMENTS, STOPPED = 0, 1, 2, 130


def main(argv: list[str] | None = None, engines: EngineFactory | None = None) -> int:
    """Run the command that `argv` (else the process's arguments) names; returns the exit code.

    `engines` makes the engine from the folders that hold models; without it, the studio's own.
    """
    try:
        arguments = _parser().parse_args(_with_open(sys.argv[1:] if argv is None else argv))
        return _run(arguments, engines)
    except SystemExit as exit_:  # argparse: --help, --version and wrong arguments
        return exit_.code if isinstance(exit_.code, int) else WRONG_ARGUMENTS
    except (Cancelled, KeyboardInterrupt):
        return _say("stopped", STOPPED)
    except OptionError as error:
        return _say(str(error), WRONG_ARGUMENTS)
    except StudioError as error:
        return _say(str(error), FAILED)
    except BrokenPipeError:  # the reader of our output went away; Python must not flush into it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def window() -> int:
    """The entry of the desktop's menu: the same as the command line."""
    return main()


def _run(arguments: argparse.Namespace, given: EngineFactory | None) -> int:
    places = Places(Path(arguments.data_dir).expanduser().absolute())
    engines = given or partial(_local_engine, places)
    commands: dict[str | None, Callable[[], int | None]] = {
        None: lambda: _open_window(places, arguments.model),
        "open": lambda: _open_window(places, arguments.model, Path(arguments.project)),
        "generate": lambda: generate(arguments, places, _model_folders(places), engines),
        "grid": lambda: grid(arguments, places, _model_folders(places), engines),
        "blend": lambda: blend(arguments, places, _model_folders(places), engines),
        "walk": lambda: walk(arguments, places, _model_folders(places), engines),
        "info": lambda: _show_recipe(Path(arguments.picture)),
        "library": lambda: library(arguments, places),
        "schedulers": _show_schedulers,
        "models": lambda: show_models(_model_folders(places), WeightHasher(places.hashes) if arguments.hash else None),
        "get": lambda: get(arguments, places, _hub()),
        "doctor": lambda: _doctor(places),
    }
    return commands[arguments.command]() or DONE


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where to read more."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_ARGUMENTS, f"latent-studio: {message}. See {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="latent-studio", description="A studio in which latent space is the material.")
    parser.add_argument("--version", action="version", version=f"Latent Studio {studio.__version__}")
    parser.add_argument("--data-dir", metavar="FOLDER", default=str(default_data_dir()), help="pictures and settings")
    parser.add_argument("--model", metavar="NAME", help="the model to open with: a name or a folder")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _add_generate(_add(commands, "generate", "make pictures; prints one path a line"))
    add_grid(_add(commands, "grid", "make variations of a picture, and a contact sheet of them"))
    _add_blend(_add(commands, "blend", "make the picture at a point of a latent canvas"))
    _add_walk(_add(commands, "walk", "make numbered frames from keyframe to keyframe of a latent canvas"))
    _add(commands, "info", "print a picture's recipe as JSON, as `generate --recipe` takes it").add_argument(
        "picture", metavar="PICTURE", help="a PNG file made by Latent Studio"
    )
    _add(commands, "open", "open the window with a project in it").add_argument(
        "project", metavar="PROJECT", help="a .lstudio file"
    )
    add_library(_add(commands, "library", "make the index of the pictures again, or search in it"))
    _add(commands, "schedulers", "what each scheduler offers")
    models = _add(commands, "models", "the models on this machine")
    models.add_argument(
        "--hash", action="store_true", help="with the hash of the weights, which takes a while at first"
    )
    add_get(_add(commands, "get", "fetch a model from the hub, once you agree to what is shown"))
    _add(commands, "doctor", "check that everything works here")
    return parser


def _add(
    commands: "argparse._SubParsersAction[_Parser]",
    name: str,
    summary: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary.capitalize() + ".", allow_abbrev=False)
    # Given before the command or after it; unless given after it, what stands before it counts.
    parser.add_argument("--data-dir", metavar="FOLDER", default=argparse.SUPPRESS, help="pictures and settings")
    return parser


def _add_generate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe", metavar="FILE", help="start from this recipe: JSON, one of our PNGs, or - for stdin"
    )
    parser.add_argument("--model", metavar="NAME", default=argparse.SUPPRESS, help="a model's name or folder")
    parser.add_argument("--count", metavar="N", default="1", help="how many pictures, with seeds from the first on")
    parser.add_argument(
        "--together",
        action="store_true",
        help="several at once, as many as memory holds: faster; each may differ by rounding from what its recipe makes",
    )
    parser.add_argument("--out", metavar="PATH", help="a .png file, or a folder (default: the library)")
    add_start_flags(parser)
    add_recipe_flags(parser)


def _add_blend(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--at", metavar="X,Y", help="a point of the plane (default: where the canvas's puck lies)")
    where.add_argument("--weights", metavar="W0,W1,…", help="one weight a keyframe; they are scaled to sum to 1")
    parser.add_argument("--out", metavar="PATH", help="a .png file, or a folder (default: the library)")
    _add_canvas(parser)


def _add_walk(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--frames", metavar="N", default="24", help="how many frames (default: 24)")
    parser.add_argument("--even", action="store_true", help="equal change from frame to frame")
    parser.add_argument(
        "--exact",
        action="store_true",
        help="one frame at a time, in all of its steps: slower, and each is what its recipe makes again to the byte;"
        " else frames between frames that are much alike take their first steps from these",
    )
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where the frames go")
    _add_canvas(parser)


def _add_canvas(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("canvas", metavar="CANVAS", help="a canvas saved by the studio, JSON")
    parser.add_argument("--model", metavar="NAME", default=argparse.SUPPRESS, help="a model's name or folder")
    add_recipe_flags(parser)


def _with_open(argv: list[str]) -> list[str]:
    """`latent-studio SEA.lstudio`, as desktops call it, means `latent-studio open SEA.lstudio`."""
    if argv and argv[-1].casefold().endswith(SUFFIX) and not any(each in _COMMANDS for each in argv):
        return [*argv[:-1], "open", argv[-1]]
    return argv


def _open_window(places: Places, model: str | None, project: Path | None = None) -> int:
    from studio.display import check_display  # noqa: PLC0415 - only where there is to be a window

    check_display(os.environ, sys.platform)
    from studio.app import run  # noqa: PLC0415

    return run(places.data_dir, model=model, project=project)


def _model_folders(places: Places) -> tuple[Path, ...]:
    settings, error = load_settings(places.settings)
    if error is not None:
        print(error, file=sys.stderr)
    return model_folders(places, settings)


def _show_recipe(picture: Path) -> None:
    """On a screen pictures in the recipe are told in words; into a file or another program they go whole."""
    recipe = read_recipe(picture)
    print(recipe_in_words(recipe) if sys.stdout.isatty() else recipe_to_json(recipe, indent=2))


def _show_schedulers() -> None:
    for scheduler, info in SCHEDULERS.items():
        print(f"{scheduler}\n    {info.description}\n    schedules: {', '.join(info.schedules)}")
        if info.settings:
            print(f"    settings: {', '.join(f'{name} ({value})' for name, value in info.settings.items())}")


def _doctor(places: Places) -> int:
    from studio.doctor import examine  # noqa: PLC0415 - imports torch

    return examine(places, _model_folders(places))


def _local_engine(places: Places, folders: tuple[Path, ...]) -> Engine:
    from studio.engine.local import LocalEngine  # noqa: PLC0415 - imports torch

    engine = LocalEngine(folders, hashes=places.hashes, measured=places.measured)
    engine.set_precision(load_settings(places.settings)[0].precision)
    return engine


def _hub() -> Hub:
    from studio.engine.hub import HuggingFaceHub  # noqa: PLC0415 - only where something is to be fetched

    return HuggingFaceHub()


def _say(sentence: str, code: int) -> int:
    print(f"latent-studio: {sentence}", file=sys.stderr)
    return code
