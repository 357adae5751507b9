"""The number format a model works in: as the artist wishes, else as the machine was measured to be fast in."""

import enum
from pathlib import Path

import msgspec

from studio.core.errors import SaveError
from studio.core.files import make_folder, write_atomically

LARGE_BYTES = 1 << 30
"""Weights in float32, above which a model may be worth the loss of digits on a processor."""
SPEEDUP_MIN = 1.3
"""So many times as fast bfloat16 must be on a processor."""
_SIZE_LIMIT = 1 << 16


class Precision(enum.StrEnum):
    """What the artist wishes."""

    AUTOMATIC = "automatic"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


def on_processor(wished: Precision, weights: int, speedup: float | None) -> Precision:
    """The format of a model of so many weights on a processor, where bfloat16 is `speedup` times as fast as float32.

    None: that is not known, and stays float32, for the same recipe is to give the same bytes tomorrow.
    """
    if wished is not Precision.AUTOMATIC:
        return wished
    pays = speedup is not None and speedup >= SPEEDUP_MIN and 4 * weights > LARGE_BYTES
    return Precision.BFLOAT16 if pays else Precision.FLOAT32


def read_speedup(path: Path, processor: str) -> float | None:
    """How many times as fast bfloat16 was measured to be on `processor`; None where the file does not tell."""
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            return None
        return msgspec.json.decode(path.read_bytes(), type=dict[str, float]).get(processor)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):  # it can be measured again
        return None


def keep_speedup(path: Path, processor: str, speedup: float) -> bool:
    """Remember it, in the place of what was known; False where that cannot be written."""
    try:
        make_folder(path.parent)
        write_atomically(path, msgspec.json.encode({processor: speedup}))
    except SaveError:
        return False
    return True
