"""Reading the JSON files of models: small, plain objects, or a sentence that says why not."""

import json
from pathlib import Path
from typing import Any

from studio.core.errors import ModelBrokenError

JSON_LIMIT_BYTES = 1 << 20
"""A component's configuration is a few kilobytes; more is not one."""


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object in the file `name` of `folder`. Raises ModelBrokenError."""
    path = folder / name
    try:
        if path.stat().st_size > JSON_LIMIT_BYTES:
            raise ModelBrokenError(folder, f"{name} is too large for a configuration")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelBrokenError(folder, f"{name} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelBrokenError(folder, f"{name} is not JSON") from error
    if not isinstance(value, dict):
        raise ModelBrokenError(folder, f"{name} is not a JSON object")
    return value
