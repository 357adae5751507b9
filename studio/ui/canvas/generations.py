"""Numbers for questions, so that an answer that comes late is known as such."""


class Generations:
    """Gives every question a number greater than all before."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """The next number."""
        self._last += 1
        return self._last
