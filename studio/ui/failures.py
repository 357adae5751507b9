"""What the window is told of an error."""

import logging

from studio.core.errors import OptionError, SharedPartMissingError, StudioError
from studio.core.events import Failed

_log = logging.getLogger(__name__)


def failure(error: Exception) -> Failed:
    """The event for `error`: its own sentence, or for one that nobody foresaw, where its details are."""
    if isinstance(error, StudioError):
        option = error.name if isinstance(error, OptionError) else ""
        part = error.part if isinstance(error, SharedPartMissingError) else ""
        return Failed(sentence=str(error), option=option, kind=type(error).__name__, part=part)
    _log.error("unexpected failure", exc_info=error)
    return Failed(
        sentence=f"Something unforeseen went wrong ({type(error).__name__}). Try again; the details are in the log.",
        kind=type(error).__name__,
    )
