"""AUTOMATIC1111's infotext, read in one pass: time grows with the text, whatever it holds.

prompt
Negative prompt: what it avoids
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Lora hashes: "name: hash, other: hash"
"""

import json
import re
from typing import NamedTuple

_NEGATIVE = "Negative prompt:"
_KEY = re.compile(r"\s*(\w[\w \-/]{1,100}):\s*")
_PARAMETERS_MIN = 3
"""Fewer on the last line, and it belongs to the prompt."""
_PARAMETERS_MAX = 1000
_LINE_LIMIT = 256 << 10
"""Characters of the last line."""
_DECODER = json.JSONDecoder()


class Infotext(NamedTuple):
    """What an infotext says. `dropped` counts the parameters that were too many."""

    prompt: str
    negative_prompt: str
    parameters: dict[str, str]
    dropped: int = 0


def read_infotext(text: str) -> Infotext:
    """Split `text`. A key that appears twice has its last value, as in the program itself."""
    lines = text.strip().split("\n")
    parameters, dropped = read_parameters(lines[-1])
    if len(parameters) < _PARAMETERS_MIN:
        parameters, dropped = {}, 0
    else:
        lines.pop()
    prompt, negative = _prompts(lines)
    return Infotext(prompt, negative, parameters, dropped)


def read_parameters(line: str) -> tuple[dict[str, str], int]:
    """`key: value` pairs between commas, and how many were too many. Values may be JSON strings, lists or objects."""
    found: dict[str, str] = {}
    position = 0
    if len(line) > _LINE_LIMIT:
        return _head(line)
    while position < len(line):
        key = _KEY.match(line, position)
        if key is None:
            position = _after_comma(line, position)
            continue
        if len(found) >= _PARAMETERS_MAX:
            return found, line.count(",", key.end()) + 1
        found[key[1].strip()], position = _value(line, key.end())
    return found, 0


def _head(line: str) -> tuple[dict[str, str], int]:
    """Of a line that is far too long, what stands before the limit."""
    cut = line.rfind(",", 0, _LINE_LIMIT)
    if cut < 0:
        return {}, 0
    found, dropped = read_parameters(line[:cut])
    return found, dropped + line.count(",", cut)


def _prompts(lines: list[str]) -> tuple[str, str]:
    prompt: list[str] = []
    negative: list[str] = []
    current = prompt
    for line in (each.strip() for each in lines):
        rest = line
        if line.startswith(_NEGATIVE):
            current, rest = negative, line[len(_NEGATIVE) :].strip()
        current.append(rest)
    return "\n".join(prompt).strip(), "\n".join(negative).strip()


def _value(line: str, start: int) -> tuple[str, int]:
    """The value at `start`, and where the next pair may begin."""
    if line[start : start + 1] in ('"', "[", "{"):
        try:
            value, end = _DECODER.raw_decode(line, start)
        except (ValueError, RecursionError):
            pass
        else:
            if not line[end:].lstrip(" ")[:1].strip(","):
                return value if isinstance(value, str) else line[start:end], _after_comma(line, end)
    end = _after_comma(line, start)
    return line[start:end].removesuffix(",").strip(), end


def _after_comma(line: str, start: int) -> int:
    comma = line.find(",", start)
    return len(line) if comma < 0 else comma + 1
