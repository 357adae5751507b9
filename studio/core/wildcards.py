"""Wildcards: `{a|b|c}` in a prompt is one of them, chosen by the seed, so that a batch varies and can be repeated.

The artist's prompt keeps its braces; what is made, and written into the picture's file, is the prompt as it was chosen.
Choosing again changes nothing. Choices nest; a brace that holds no `|` or has no other end is text, and so is one after
a backslash.
"""

import random
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from studio.core.errors import OptionError
from studio.core.recipe import Recipe

_Pick: TypeAlias = Callable[[Sequence[str]], str]
_PIECE = re.compile(r"\\.|[{|}]|[^\\{|}]+|\\", re.DOTALL)
_SHOWN = 24
"""Characters of a broken brace in its sentence."""


def chosen(recipe: Recipe) -> Recipe:
    """`recipe` with every choice in its prompts made by its seed."""
    prompt, negative = (expand_wildcards(text, recipe.seed) for text in (recipe.prompt, recipe.negative_prompt))
    return msgspec.structs.replace(recipe, prompt=prompt, negative_prompt=negative)


def expand_wildcards(prompt: str, seed: int) -> str:
    """`prompt` with every `{a|b|c}` replaced by one of its choices, the same for the same seed. Never fails."""
    if "{" not in prompt:
        return prompt
    return _Reader(random.Random(f"wildcards:{seed}").choice).read(prompt)


def longest_choice(prompt: str) -> str:
    """`prompt` with the longest of each `{a|b|c}`: no choice says much more."""
    return _Reader(partial(max, key=len)).read(prompt)


def check_wildcards(prompt: str, name: str = "prompt") -> None:
    """Raise `OptionError`, which names the field `name`, where choices are begun and never end, or end unbegun."""
    reader = _Reader(lambda choices: choices[0])
    reader.read(prompt)
    if reader.problem:
        title = name.replace("_", " ").capitalize()
        raise OptionError(name, f"{title}: {reader.problem} For a brace that is text, type a backslash before it.")


class _Reader:
    """Reads one prompt from left to right, once, with a stack of the braces that are open."""

    def __init__(self, pick: _Pick) -> None:
        self._pick = pick
        self._open: list[list[list[str]]] = [[[]]]
        """For the text outside, and for each open brace: its choices so far, each a list of pieces."""
        self.problem = ""

    def read(self, prompt: str) -> str:
        """`prompt` with its choices made; `problem` is then what is wrong with its braces, or empty."""
        for piece in _PIECE.findall(prompt):
            self._take(piece)
        while len(self._open) > 1:
            choices = self._open.pop()
            text = "{" + "|".join(map("".join, choices))
            if len(choices) > 1:
                self.problem = f"“{_start(text)}” is never closed. End it with a }}."
            self._add(text)
        return "".join(self._open[0][0])

    def _take(self, piece: str) -> None:
        is_inside = len(self._open) > 1
        if piece == "{":
            self._open.append([[]])
        elif piece == "|" and is_inside:
            self._open[-1].append([])
        elif piece == "}" and is_inside:
            choices = ["".join(pieces) for pieces in self._open.pop()]
            self._add(self._pick(choices) if len(choices) > 1 else "{" + choices[0] + "}")
        else:
            if piece == "}" and "|" in self._open[0][0]:
                self.problem = "a } ends choices that no { began."
            self._add(piece)

    def _add(self, text: str) -> None:
        self._open[-1][-1].append(text)


def _start(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN].rstrip()}…"
