"""Settings that someone copied as text: an infotext, or the JSON that a program keeps in its pictures."""

from typing import Any

from studio.core.errors import NoRecipeError, PictureError
from studio.core.foreign.carried import OUR_KEYWORD, TEXT_LIMIT
from studio.core.foreign.reader import understand
from studio.core.foreign.understanding import Ignored, Understanding
from studio.core.strict_json import load_object

CLIPBOARD = "The text"


def read_foreign_text(text: str, name: str = CLIPBOARD) -> Understanding:
    """What `text` says, whichever program wrote it. `name` stands in sentences about it.

    Takes bounded time and memory whatever the text holds.

    Raises:
        NoRecipeError: a text that says nothing about how a picture is made.
        PictureError: a text that seems to, and cannot be read.
    """
    if len(text) > TEXT_LIMIT:
        raise PictureError(name, f"it has {len(text):,} characters, and at most {TEXT_LIMIT:,} are read")
    skipped: list[Ignored] = []
    found = understand(_texts(text.strip()), skipped)
    if found is not None:
        return found
    if skipped:
        raise PictureError(name, f"{skipped[0].key}: {skipped[0].why}"[:300])
    raise NoRecipeError(name)


def _texts(text: str) -> dict[str, str]:
    """`text` under the keyword that its program would have given it in a picture."""
    if not text.startswith("{"):
        return {"parameters": text}
    try:
        found = load_object(text, TEXT_LIMIT, nan_is_none=True)
    except ValueError:
        return {"parameters": text}  # a prompt may begin with a brace
    return {_keyword(found): text, "fooocus_scheme": "fooocus"}


def _keyword(found: dict[str, Any]) -> str:
    """Told by the keys that only one program writes."""
    if "recipe" in found and "version" in found:
        return OUR_KEYWORD
    if "nodes" in found:
        return "workflow"
    if "positive_prompt" in found:
        return "invokeai_metadata"
    if "uc" in found:
        return "Comment"
    is_graph = any(isinstance(node, dict) and "class_type" in node for node in found.values())
    return "prompt" if is_graph else "parameters"
