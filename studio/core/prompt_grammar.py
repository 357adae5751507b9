"""The prompt as AUTOMATIC1111 and its heirs read it: `(word:1.2)`, `[word]`, BREAK, `<lora:name:0.8>`.

Brackets say how much a passage counts; what is left is plain text. Nothing here can fail: brackets that are never
closed count to the end, and what is not understood is text.
"""

import math
import re
from collections.abc import Sequence

import msgspec

from studio.core.adapters import AdapterUse

STRONGER = 1.1
"""What one pair of round brackets multiplies by; square brackets divide by it."""
WEIGHT_MAX = 10.0
_PRODUCT_MAX = 1e6
"""Of nested brackets, so that thousands of them are still a number."""
ADAPTER_STRENGTH_MAX = 10.0
CHUNKS_MAX = 16
"""Chunks that a model with chunks is told: nobody writes more, and each costs as much again."""

_FACTORS = {"(": STRONGER, "[": 1.0 / STRONGER}
_OPENING = {")": "(", "]": "["}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_SIGN = re.compile(
    rf"""
    \\[\\()\[\]{{}}|] |            # an escaped bracket or backslash is text
    \( | \[ |                      # a passage begins
    :\s*(?P<weight>{_NUMBER})\s*\) |   # it ends, with a weight of its own
    \) | \] |                      # it ends
    (?<!\w)BREAK(?!\w) |           # a new chunk begins
    [^\\()\[\]:B]+ | .             # text
    """,
    re.VERBOSE | re.DOTALL,
)
_BREAK = re.compile(r"(?<!\w)BREAK(?!\w)")
_ADAPTER = re.compile(rf"<(?P<kind>lora|lyco):(?P<name>[^:<>]+)(?::(?P<strength>{_NUMBER}))?(?::[^<>]*)?>")


class Passage(msgspec.Struct, frozen=True):
    """A piece of text and how much it counts: 1 is as written."""

    text: str
    weight: float = 1.0


class ParsedPrompt(msgspec.Struct, frozen=True):
    """Chunks divided by BREAK, each of weighted passages, and the adapters that are asked for."""

    chunks: tuple[tuple[Passage, ...], ...]
    adapters: tuple[AdapterUse, ...] = ()

    @property
    def text(self) -> str:
        """What is left without brackets, adapters and chunks."""
        return " ".join("".join(passage.text for passage in chunk) for chunk in self.chunks)


def parse_prompt(text: str) -> ParsedPrompt:
    """Read a prompt. Never fails."""
    chunks: list[list[Passage]] = [[]]
    for piece in _weighted(_ADAPTER.sub("", text)):
        if piece is None:
            chunks.append([])
        else:
            chunks[-1].append(piece)
    return ParsedPrompt(tuple(_merged(chunk) for chunk in chunks), adapters_in(text))


def has_weights(text: str) -> bool:
    """Whether brackets say how much a passage counts, or BREAK where a chunk begins."""
    chunks = parse_prompt(text).chunks
    return len(chunks) > 1 or any(passage.weight != 1.0 for chunk in chunks for passage in chunk)


def adapters_in(text: str) -> tuple[AdapterUse, ...]:
    """The adapters that a prompt asks for, in their order."""
    return tuple(_adapter_use(found) for found in _ADAPTER.finditer(text))


def adapter_mark(use: AdapterUse) -> str:
    """`use` as a prompt says it; empty where the grammar cannot say its name."""
    mark = f"<lora:{use.name}:{use.strength:.4f}".rstrip("0").rstrip(".") + ">"
    return mark if _ADAPTER.fullmatch(mark) else ""


def plain_text(text: str) -> str:
    """The prompt without brackets, weights, chunks and adapters; one that has none of them, as it is."""
    return parse_prompt(text).text


def mark_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where in `text` something stands that is no word of the prompt, in characters: `<lora:…>` and BREAK."""
    found = [*_ADAPTER.finditer(text), *_BREAK.finditer(text)]
    return tuple(sorted(match.span() for match in found))


def escape(text: str) -> str:
    """Text that is read back as itself, brackets and all."""
    return re.sub(r"([\\()\[\]])", r"\\\1", text)


def _adapter_use(found: re.Match[str]) -> AdapterUse:
    strength = float(found["strength"]) if found["strength"] else 1.0
    strength = max(-ADAPTER_STRENGTH_MAX, min(ADAPTER_STRENGTH_MAX, strength))
    return AdapterUse(name=found["name"].strip(), strength=strength)


def _weighted(text: str) -> list[Passage | None]:
    """Passages with their weights; None where a new chunk begins."""
    signs = list(_SIGN.finditer(text))
    opened, closing = _paired(signs)
    products = {"(": [1.0], "[": [1.0]}  # of all that are open; the two kinds may overlap
    pieces: list[Passage | None] = []
    for number, found in enumerate(signs):
        sign = found[0]
        if number in opened:
            so_far = products[sign]
            so_far.append(_bounded(so_far[-1] * opened[number], _PRODUCT_MAX))
        elif number in closing:
            products[closing[number]].pop()
        elif sign == "BREAK":
            pieces.append(None)
        else:
            weight = _bounded(products["("][-1] * products["["][-1], WEIGHT_MAX)
            pieces.append(Passage(sign[1:] if len(sign) == 2 and sign[0] == "\\" else sign, weight))
    return pieces


def _paired(signs: Sequence[re.Match[str]]) -> tuple[dict[int, float], dict[int, str]]:
    """By their number: what each opening bracket multiplies by, and which kind each closing one closes.

    One that is never closed counts to the end; what closes nothing is text.
    """
    opened: dict[int, float] = {}
    closing: dict[int, str] = {}
    waiting: dict[str, list[int]] = {"(": [], "[": []}
    for number, found in enumerate(signs):
        sign = found[0]
        if sign in waiting:
            waiting[sign].append(number)
            opened[number] = _FACTORS[sign]
            continue
        kind = "(" if found["weight"] is not None else _OPENING.get(sign)
        if kind is not None and waiting[kind]:
            closing[number], opener = kind, waiting[kind].pop()
            opened[opener] = _FACTORS[kind] if found["weight"] is None else float(found["weight"])
    return opened, closing


def _bounded(value: float, most: float) -> float:
    return max(-most, min(most, value))


def _merged(chunk: list[Passage]) -> tuple[Passage, ...]:
    """Neighbours of one weight joined; an empty chunk is one empty passage."""
    merged: list[Passage] = []
    for piece in chunk:
        if merged and math.isclose(merged[-1].weight, piece.weight, abs_tol=1e-9):
            merged[-1] = Passage(merged[-1].text + piece.text, merged[-1].weight)
        else:
            merged.append(piece)
    return tuple(merged) or (Passage(""),)
