"""What the artist types into the search field, as a query of SQLite's full-text index.

Any text is allowed and none is an error: every word is handed over in quotes, so that nothing in it is an operator.
"""

import re
import unicodedata

import msgspec

TEXT_MAX = 2_000
"""Characters that are read of a search; far more than anyone types."""
_TERMS_MAX = 64
_COLUMNS = {"prompt": "prompt", "negative": "negative_prompt", "model": "model", "notes": "notes", "tag": "tags"}
_TERM = re.compile(
    r'(?P<minus>-?)(?:(?P<key>prompt|negative|model|notes|tag|seed):(?:"(?P<quoted>[^"]*)"?|(?P<value>\S*))'
    r'|"(?P<phrase>[^"]*)"?|(?P<word>\S+))',
    re.IGNORECASE,
)
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Written without spaces: each is a word of its own, so that any part of a sentence is found."""


class SearchText(msgspec.Struct, frozen=True):
    """A search in parts. `match` and `without` are full-text queries, or empty; seeds are wanted and unwanted ones."""

    match: str = ""
    without: str = ""
    seeds: tuple[int, ...] = ()
    without_seeds: tuple[int, ...] = ()


def parse(text: str) -> SearchText:
    """The parts of what was typed; what is no word, nor a number after `seed:`, is passed over."""
    wanted: list[str] = []
    unwanted: list[str] = []
    seeds: list[int] = []
    unwanted_seeds: list[int] = []
    for number, term in enumerate(_TERM.finditer(clean(text[:TEXT_MAX]))):
        if number >= _TERMS_MAX:
            break
        key = (term["key"] or "").lower()
        value = next((part for part in (term["quoted"], term["value"], term["phrase"], term["word"]) if part), "")
        if key == "seed" and value.isdecimal():
            (unwanted_seeds if term["minus"] else seeds).append(int(value))
        elif any(character.isalnum() for character in value):
            is_whole = bool(term["quoted"] or term["phrase"] or term["minus"])
            (unwanted if term["minus"] else wanted).append(_phrase(value, _COLUMNS.get(key, ""), is_whole=is_whole))
    return SearchText(" AND ".join(wanted), " OR ".join(unwanted), tuple(seeds), tuple(unwanted_seeds))


def indexed(text: str) -> str:
    """`text` as it goes into the full-text index."""
    return _IDEOGRAPH.sub(r" \g<0> ", clean(text))


def clean(text: str) -> str:
    """`text` as SQLite takes it: valid Unicode, composed, without NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFKC", text).replace("\0", " ")


def _phrase(words: str, column: str, *, is_whole: bool) -> str:
    quoted = '"' + indexed(words).replace('"', '""') + '"'
    return f"{column + ' : ' if column else ''}{quoted}{'' if is_whole else ' *'}"
