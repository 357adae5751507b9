"""What the artist prefers: one TOML file, replaced whole. A broken file is put aside and told, never fatal."""

import enum
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from studio.core.errors import OptionError, SettingsError
from studio.core.events import PreviewTier
from studio.core.export_names import PICTURE_FIELDS, PICTURE_PATTERN, check_picture_pattern
from studio.core.export_options import ExportOptions
from studio.core.files import make_folder, write_atomically
from studio.core.model_places import hub_cache
from studio.core.options import check
from studio.core.places import Places, resources_dir
from studio.core.precision import Precision

Document: TypeAlias = dict[str, Any]
Migrations: TypeAlias = Mapping[int, Callable[[Document], Document]]

VERSION = 1
"""A file without a version is of the first; the second will write its own."""
MIGRATIONS: Migrations = {}
"""From each older version to the next."""
_SIZE_LIMIT = 1 << 20
"""Bytes: preferences are a few hundred."""


class Appearance(enum.StrEnum):
    """The window's colours."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The artist's preferences. Only what differs from the defaults is written."""

    appearance: Annotated[
        Appearance,
        Meta(title="Appearance", description="Light, dark, or as the system is.", extra={"section": "Window"}),
    ] = Appearance.SYSTEM
    preview: Annotated[
        PreviewTier,
        Meta(
            title="Preview",
            description="How the picture is shown while it is made: rough is fastest.",
            extra={"section": "Window"},
        ),
    ] = PreviewTier.LINEAR
    autosave_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=5,
            title="Keep changes after",
            description="How long a change may wait until it is on the disk, should the power fail.",
            extra={"section": "Projects", "unit": "s"},
        ),
    ] = 3
    picture_names: Annotated[
        str,
        Meta(
            max_length=200,
            title="Picture names",
            description=f"What new files are called. Fields: {', '.join(f'{{{field}}}' for field in PICTURE_FIELDS)}.",
            extra={"section": "Pictures", "check": check_picture_pattern},
        ),
    ] = PICTURE_PATTERN
    together: Annotated[
        bool,
        Meta(
            title="Several at once",
            description="Make the pictures that wait together, as many as memory holds: faster. A pixel may differ by a"
            " shade from the picture made alone.",
            extra={"section": "Pictures"},
        ),
    ] = False
    draft_budget_ms: Annotated[
        int,
        Meta(
            ge=30,
            le=600,
            title="Draft time",
            description="Time a draft may take while you drag on the latent canvas: less is livelier, more is finer.",
            extra={"section": "Latent canvas", "unit": "ms", "step": 10},
        ),
    ] = 100
    atlas: Annotated[
        bool,
        Meta(
            title="Atlas",
            description="Fill the plane with small pictures while the studio has nothing else to do.",
            extra={"section": "Latent canvas"},
        ),
    ] = True
    model_folders: Annotated[
        tuple[str, ...],
        Meta(
            title="Model folders",
            description="Folders that hold your models, one folder each. They are looked through at once.",
            extra={"section": "Models"},
        ),
    ] = ()
    model_memory_gb: Annotated[
        int,
        Meta(
            ge=0,
            le=1024,
            title="Memory for models",
            description="Models stay ready in so much memory, those used last; 0 is half of what the device has.",
            extra={"section": "Models", "unit": "GB"},
        ),
    ] = 0
    precision: Annotated[
        Precision,
        Meta(
            title="Precision",
            description="How numbers are held. Automatic takes what is fast and safe here; pictures differ a little.",
            extra={"section": "Models"},
        ),
    ] = Precision.AUTOMATIC
    export: ExportOptions = ExportOptions(pattern="")
    """As pictures were exported last, which its own panel shows. Without a pattern: called as new pictures are."""


def load_settings(path: Path) -> tuple[Settings, SettingsError | None]:
    """The settings in `path`, and what was wrong with the file, if anything was.

    No file gives the defaults. Keys nobody knows are left alone. A broken file is renamed aside, so that the next save
    does not overwrite what the artist wrote by hand.
    """
    try:
        found = {key: value for key, value in migrated(_read(path)).items() if key in _known()}
        settings = msgspec.convert(found, Settings)
        check(settings)
        return settings, None
    except FileNotFoundError:
        return Settings(), None
    except OSError as error:
        return Settings(), SettingsError(path, error.strerror or str(error))
    except (ValueError, RecursionError, OptionError) as error:  # not TOML, not UTF-8, or a value that is not allowed
        return Settings(), SettingsError(_put_aside(path), str(error).rstrip("."))


def save_settings(path: Path, settings: Settings) -> None:
    """Write `settings` to `path`, whole or not at all. Keys nobody knows, a newer studio's, stay in the file.

    Raises:
        SaveError: with the system's reason.
    """
    try:
        there = {key: value for key, value in _read(path).items() if key not in _known()}
    except (OSError, ValueError, RecursionError):  # none, or one that a person is writing: it was told when it was read
        there = {}
    make_folder(path.parent)
    write_atomically(path, msgspec.toml.encode({**there, **msgspec.to_builtins(settings)}))


def migrated(found: Document, migrations: Migrations = MIGRATIONS, current: int = VERSION) -> Document:
    """What a settings file holds, brought to the version `current`. A newer one is read as far as it is known.

    Raises:
        ValueError: for a version that is no number, or that never was.
    """
    version = found.get("version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"its version is {version!r:.40}")
    for step in range(version, current):
        found = migrations[step](found)
    return found


def model_folders(places: Places, settings: Settings) -> tuple[Path, ...]:
    """Where models lie, most trusted first: shipped with the studio, the artist's own, those named in the settings.

    Last comes Hugging Face's cache, where there is one: what was downloaded for another program is there already.
    """
    named = (Path(folder).expanduser() for folder in settings.model_folders)
    cache = hub_cache()
    return (resources_dir() / "models", places.models, *named, *(() if cache is None else (cache,)))


def _known() -> set[str]:
    return {field.name for field in msgspec.structs.fields(Settings)}


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _SIZE_LIMIT:
        raise ValueError("the file is too large")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _put_aside(path: Path) -> Path:
    """Rename `path` to the first free `settings.broken-N.toml`; its own name where that fails."""
    numbered = (path.with_name(f"{path.stem}.broken-{number}{path.suffix}") for number in range(1, 1000))
    aside = next((each for each in numbered if not each.exists()), path)
    try:
        return path.rename(aside)
    except OSError:
        return path
