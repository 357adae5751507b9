"""`latent-studio doctor`: does everything work here? Each line is a fact, with what to do where it is a bad one."""

import enum
import functools
import importlib
import itertools
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias

import studio
from studio.core.errors import StudioError
from studio.core.files import make_folder, write_atomically
from studio.core.hub import PARTIAL, gigabytes
from studio.core.model_facts import read_facts
from studio.core.model_places import model_paths
from studio.core.models import read_model
from studio.core.places import Places
from studio.core.precision import LARGE_BYTES, Precision, on_processor
from studio.display import NoDisplayError, check_display
from studio.system_libraries import apt_command, missing_packages

_PACKAGES = (
    "torch",
    "diffusers",
    "transformers",
    "huggingface_hub",
    "safetensors",
    "numpy",
    "Pillow",
    "PySide6-Essentials",
    "msgspec",
)


class Mark(enum.StrEnum):
    """How well a finding is."""

    OK = "ok  "
    NOTE = "note"
    BAD = "BAD "


Finding: TypeAlias = tuple[Mark, str]


def examine(places: Places, folders: tuple[Path, ...]) -> int:
    """Print the findings on the standard output; returns 0 where all is well, else 1."""
    parts = (_program(), _packages(), _devices(), _screen(), _files(places), _speed(places), _models(folders))
    well = True
    for mark, line in itertools.chain(*parts):
        print(f"{mark} {line}", flush=True)
        well = well and mark is not Mark.BAD
    print("All is well." if well else "Something is not well: see the lines that begin with BAD.")
    return 0 if well else 1


def _program() -> Iterator[Finding]:
    yield Mark.OK, f"Latent Studio {studio.__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield Mark.OK, f"{os.cpu_count()} processor cores, {_memory()}"


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return "memory unknown"
    return f"{total / 2**30:.1f} GB of memory"


def _packages() -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Mark.OK, f"{name} {version(name)}"
        except PackageNotFoundError:
            yield Mark.BAD, f"{name} is not installed. Install Latent Studio again."


def _devices() -> Iterator[Finding]:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:
        yield Mark.BAD, f"torch cannot be imported: {error}. Install Latent Studio again."
        return
    yield Mark.OK, f"torch runs on the processor with {torch.get_num_threads()} threads"
    for number in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(number)
        yield Mark.OK, f"torch runs on {facts.name}, {facts.total_memory / 2**30:.1f} GB"
    for number in range(torch.xpu.device_count()):
        yield Mark.OK, f"torch runs on {torch.xpu.get_device_name(number)}"
    if torch.backends.mps.is_available():
        yield Mark.OK, "torch runs on Apple's graphics processor"


def _speed(places: Places) -> Iterator[Finding]:
    """How fast the processor is in fewer digits, which decides about large models; measured where it never was."""
    try:
        engine = importlib.import_module("studio.engine.precision")
        device = importlib.import_module("studio.engine.device").choose_device("cpu")
    except (ImportError, OSError):  # told with the devices
        return
    speedup = engine.bfloat16_speedup(places.measured, device)
    if speedup is None:
        yield Mark.NOTE, "the processor's speed cannot be remembered: large models work in float32"
        return
    chosen = on_processor(Precision.AUTOMATIC, LARGE_BYTES, speedup)
    yield Mark.OK, f"on the processor bfloat16 is {speedup:.2f} times as fast as float32: large models work in {chosen}"


def _screen() -> Iterator[Finding]:
    missing = missing_packages()
    if missing:
        yield Mark.BAD, f"Qt misses system packages: {apt_command(missing)}"
    try:
        check_display(os.environ, sys.platform)
        yield Mark.OK, "a window can be shown"
    except NoDisplayError as error:  # the command line works all the same
        yield Mark.NOTE, str(error)


def _files(places: Places) -> Iterator[Finding]:
    yield _outcome(lambda: _try_writing(places), f"the data directory {places.data_dir} can be written")
    free_gb = shutil.disk_usage(_existing(places.data_dir)).free / 2**30
    yield Mark.OK if free_gb > 0.1 else Mark.BAD, f"{free_gb:.1f} GB free there"
    unfinished = places.models / PARTIAL
    size = sum(path.stat().st_size for path in unfinished.rglob("*") if path.is_file())
    if size:
        yield Mark.NOTE, f"{gigabytes(size)} of unfinished downloads in {unfinished}: fetch them again to go on"


def _try_writing(places: Places) -> None:
    probe = places.data_dir / ".probe.tmp"
    make_folder(places.data_dir)
    write_atomically(probe, b"")
    probe.unlink()


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def _models(folders: tuple[Path, ...]) -> Iterator[Finding]:
    found = sorted(model_paths(folders))
    for path in found:
        yield _outcome(functools.partial(_read_headers, path), f"the model in {path} is complete")
    if not found:
        yield Mark.BAD, f"There is no model. Put a model's folder into {folders[1]}."


def _read_headers(path: Path) -> None:
    """Read the header of every weight file of a model, which checks its length too. Raises StudioError."""
    read_facts(read_model(path))


def _outcome(work: Callable[[], object], line: str) -> Finding:
    try:
        work()
    except StudioError as error:
        return Mark.BAD, str(error)
    return Mark.OK, line
