"""What a picture file carries besides its pixels, gathered with limits: a text that breaks them is skipped and told."""

from studio.core.foreign.draft import shown
from studio.core.foreign.understanding import Ignored
from studio.core.recipe_json import SIZE_LIMIT

OUR_KEYWORD = "latent_studio"
TEXT_LIMIT = 2 << 20
"""Bytes of one text, unpacked: the largest graphs that programs embed are below one mebibyte."""
_TOTAL_LIMIT = 8 << 20
_COUNT_LIMIT = 64
"""Texts that are looked at: programs write fewer than ten."""
_TOO_MUCH = "there is too much text in this picture"


class Carried:
    """Size in pixels, texts by keyword, and what was skipped. The first text under a keyword counts."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.width = 0
        self.height = 0
        self.texts: dict[str, str] = {}
        self.skipped: list[Ignored] = []
        self._room = _TOTAL_LIMIT
        self._tried = 0

    def wants(self, keyword: str) -> bool:
        """Whether a text under `keyword` should be read at all; where not, it is skipped without a look."""
        self._tried += 1
        if keyword in self.texts:
            self.skip(keyword, "the keyword appears twice; the first counts")
        elif self._tried > _COUNT_LIMIT or self._room <= 0:
            self.skip(keyword, _TOO_MUCH)
        else:
            return True
        return False

    def add(self, keyword: str, text: str) -> None:
        """Keep `text`, within what all texts together may take."""
        if keyword in self.texts:
            self.skip(keyword, "the keyword appears twice; the first counts")
        elif len(text) > limit_of(keyword) or (keyword != OUR_KEYWORD and len(text) > self._room):
            self.skip(keyword, _TOO_MUCH)
        else:
            self._room -= len(text)
            self.texts[keyword] = text

    def fail(self, keyword: str, why: str) -> None:
        """A text could not be read; unpacking it may have been work, which counts as if it had been kept."""
        self._room -= TEXT_LIMIT
        self.skip(keyword, why)

    def skip(self, keyword: str, why: str) -> None:
        """Something under `keyword` was not read."""
        if len(self.skipped) < _COUNT_LIMIT:
            self.skipped.append(Ignored(shown(keyword), "", why))


def limit_of(keyword: str) -> int:
    """Bytes that the text under `keyword` may have. Our own recipe is as long as our own recipes may be."""
    return max(TEXT_LIMIT, SIZE_LIMIT) if keyword == OUR_KEYWORD else TEXT_LIMIT
