"""Wildcards: `{a|b|c}` in a prompt is one of them, chosen by the seed, so that a batch varies and can be repeated."""

import random

_CHOICES_MAX = 1000
_DEPTH_MAX = 20


def has_wildcards(prompt: str) -> bool:
    """Whether something in `prompt` is to be chosen."""
    return expand_wildcards(prompt, 0) != prompt


def expand_wildcards(prompt: str, seed: int) -> str:
    """`prompt` with every `{a|b|c}` replaced by one of its choices, the same for the same seed.

    Choices nest; a brace that is never closed, or holds no `|`, is text, and so is one after a backslash.
    """
    return _Expander(prompt, random.Random(f"wildcards:{seed}")).text(0, depth=0)[0]


class _Expander:
    """Reads one prompt from left to right."""

    def __init__(self, prompt: str, rng: random.Random) -> None:
        self._prompt, self._rng = prompt, rng

    def text(self, start: int, depth: int) -> tuple[str, int]:
        """What stands from `start` on up to a `|` or `}` of its own brace, expanded, and where that is."""
        parts: list[str] = []
        at = start
        while at < len(self._prompt):
            sign = self._prompt[at]
            if sign == "\\" and at + 1 < len(self._prompt):
                parts.append(self._prompt[at : at + 2])
                at += 2
            elif depth and sign in "|}":
                break
            elif sign == "{" and depth < _DEPTH_MAX:
                expanded, at = self._choice(at, depth)
                parts.append(expanded)
            else:
                parts.append(sign)
                at += 1
        return "".join(parts), at

    def _choice(self, start: int, depth: int) -> tuple[str, int]:
        """One of the choices of the brace at `start`, and where it ends; the brace itself where it is none."""
        choices: list[str] = []
        at = start
        while len(choices) < _CHOICES_MAX:
            choice, at = self.text(at + 1, depth + 1)
            choices.append(choice)
            if at >= len(self._prompt):
                return "{", start + 1
            if self._prompt[at] == "}":
                break
        if len(choices) == 1:
            return "{" + choices[0] + "}", at + 1
        return self._rng.choice(choices), at + 1
