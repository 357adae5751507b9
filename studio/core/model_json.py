"""Reading the JSON files of models: small, plain objects, or a sentence that says why not."""

import json
from pathlib import Path
from typing import Any

from studio.core.config_checks import check_config
from studio.core.errors import ModelBrokenError
from studio.core.reading import stat_regular

JSON_LIMIT_BYTES = 1 << 20
"""A component's configuration is a few kilobytes; more is not one."""


def read_json(folder: Path, name: str, what: str = "model") -> dict[str, Any]:
    """The JSON object in the file `name` of `folder`, which holds what artists call `what`.

    Raises ModelBrokenError, where a number in a configuration is out of all bounds too.
    """
    path = folder / name
    try:
        if stat_regular(path).st_size > JSON_LIMIT_BYTES:
            raise ModelBrokenError(folder, f"{name} is too large for a configuration", what)
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelBrokenError(folder, f"{name} cannot be read ({error.strerror})", what) from error
    except (ValueError, RecursionError) as error:
        raise ModelBrokenError(folder, f"{name} is not JSON", what) from error
    if not isinstance(value, dict):
        raise ModelBrokenError(folder, f"{name} is not a JSON object", what)
    try:
        check_config(name, value)
    except ValueError as error:
        raise ModelBrokenError(folder, str(error), what) from error
    return value
