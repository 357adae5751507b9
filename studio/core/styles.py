"""Styles: named templates for prompts. `{prompt}` in a template is where the artist's own words go.

Some come with the studio; the artist's own are one TOML file, replaced whole. As in AUTOMATIC1111's styles, a template
without `{prompt}` is put behind the prompt with a comma.
"""

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from studio.core.errors import StylesError
from studio.core.files import make_folder, write_atomically
from studio.core.places import resources_dir
from studio.core.recipe import PROMPT_MAX, Recipe

PLACEHOLDER = "{prompt}"
STYLES_MAX = 200
_FILE_LIMIT = 1 << 20
"""Bytes: a style is a line or two."""


class Style(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A name, and what it makes of both prompts. An empty template leaves its prompt as it is."""

    name: Annotated[str, Meta(max_length=80, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")]
    prompt: Annotated[str, Meta(max_length=PROMPT_MAX)] = ""
    negative_prompt: Annotated[str, Meta(max_length=PROMPT_MAX)] = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    style: Annotated[tuple[Style, ...], Meta(max_length=STYLES_MAX)] = ()


def shipped_styles() -> tuple[Style, ...]:
    """The styles that come with the studio. Raises StylesError."""
    return load_styles(resources_dir() / "styles" / "prompts.toml")


def load_styles(path: Path) -> tuple[Style, ...]:
    """The styles in `path`, in their order; none where there is no such file. Raises StylesError."""
    try:
        if path.stat().st_size > _FILE_LIMIT:
            raise StylesError(path, "it is too large")
        styles = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).style
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StylesError(path, (error.strerror or str(error)).lower()) from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, or a value that is not allowed
        raise StylesError(path, str(error).rstrip(".")) from error
    _check_names(path, styles)
    return styles


def save_styles(path: Path, styles: tuple[Style, ...]) -> None:
    """Write `styles` to `path`, whole or not at all. Raises StylesError for too many or two of one name, SaveError."""
    if len(styles) > STYLES_MAX:
        raise StylesError(path, f"it would hold more than {STYLES_MAX} styles")
    _check_names(path, styles)
    make_folder(path.parent)
    write_atomically(path, msgspec.toml.encode(_File(styles)))


def with_style(recipe: Recipe, style: Style) -> Recipe:
    """`recipe` with its prompts put into the templates of `style`."""
    return msgspec.structs.replace(
        recipe,
        prompt=_filled(style.prompt, recipe.prompt),
        negative_prompt=_filled(style.negative_prompt, recipe.negative_prompt),
    )


def _filled(template: str, text: str) -> str:
    if not template:
        return text
    if not text.strip():
        return template.replace(PLACEHOLDER, "").strip(" ,")
    return template.replace(PLACEHOLDER, text) if PLACEHOLDER in template else f"{text}, {template}"


def _check_names(path: Path, styles: tuple[Style, ...]) -> None:
    names = [style.name.casefold() for style in styles]
    twice = next((style.name for style in styles if names.count(style.name.casefold()) > 1), None)
    if twice is not None:
        raise StylesError(path, f"two styles are called “{twice}”")
