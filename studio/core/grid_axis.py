"""What varies in a grid, and its values as they are typed.

Values are typed as in AUTOMATIC1111's X/Y/Z plot: `4, 8, 20`, ranges `5-20:5` (also `5-20 (+5)`, `1..6`, and `1-6 [3]`
for three values), names of schedulers, sizes `256x384`, adapters with a strength `ink:0.8`. For the prompt, the first
text is looked for, and the others stand in its place in turn; a text with a comma goes in quotation marks.
"""

import csv
import enum
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from studio.core.adapters import AdapterUse
from studio.core.errors import OptionError, UnknownChoiceError
from studio.core.schedulers import Schedule, Scheduler, SolverType

PICTURES_MAX = 400
NONE = "none"
"""Typed for no adapter, and for the model's own VAE."""
_TEXT_MAX = 20_000
_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
_RANGE = re.compile(
    rf"(?P<start>{_NUMBER})\s*(?:-|\.\.)\s*(?P<end>{_NUMBER})"
    rf"(?:\s*(?::|\(\+?)\s*(?P<step>{_NUMBER})\s*\)?|\s*\[\s*(?P<count>\d{{1,3}})\s*\])?"
)
_SIZE = re.compile(r"(\d{1,5})\s*[x×]\s*(\d{1,5})", re.IGNORECASE)


class Field(enum.StrEnum):
    """What can vary, in the order in which it is put into a recipe."""

    MODEL = "model"
    VAE = "vae"
    LORA = "lora"
    PROMPT = "prompt"
    NEGATIVE_PROMPT = "negative prompt"
    SIZE = "size"
    SEED = "seed"
    STEPS = "steps"
    GUIDANCE = "guidance"
    SCHEDULER = "scheduler"
    SCHEDULE = "schedule"
    ETA = "eta"
    ORDER = "order"
    SOLVER = "solver"
    CHURN = "churn"
    CHURN_NOISE = "churn noise"
    STRENGTH = "strength"

    @property
    def heading(self) -> str:
        """What it is called on screen."""
        return {Field.VAE: "VAE", Field.LORA: "LoRA"}.get(self, self.value.capitalize())


class Axis(msgspec.Struct, frozen=True):
    """What varies, and its values: whole numbers, numbers, choices, (width, height) in px, adapters, or texts.

    The first text of the prompt is the one that the others replace. No adapter is None, the model's own VAE is `NONE`.
    """

    field: Field
    values: tuple[Any, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Each value as it stands beside its pictures: a bare number says of what it is."""
        is_number = _READERS[self.field] in (_whole_numbers, _decimals)
        return tuple(f"{self.field.heading} {name}" if is_number else name for name in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Each value in words."""
        if self.field is Field.SIZE:
            return tuple(f"{width} × {height}" for width, height in self.values)
        if self.field is Field.LORA:
            return tuple(NONE if each is None else f"{each.name} {each.strength:g}" for each in self.values)
        return tuple(f"{each:g}" if isinstance(each, float) else str(each) or "—" for each in self.values)


def read_axis(field: Field, text: str) -> Axis:
    """The axis that `text` says. Raises OptionError, which names the field."""
    if len(text) > _TEXT_MAX:
        raise OptionError(field, f"{field.heading}: the values are {len(text):,} characters. Type fewer.")
    values = tuple(dict.fromkeys(_READERS[field](field, text)))
    if not values:
        raise OptionError(field, f"{field.heading}: there are no values. Type some, as in {_examples(field)}.")
    if len(values) > PICTURES_MAX:
        raise OptionError(field, f"{field.heading}: {len(values):,} values are too many; at most {PICTURES_MAX}.")
    return Axis(field, values)


# Reading values.


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]


def _whole_numbers(field: Field, text: str) -> list[int]:
    return [_whole(field, number) for part in _parts(text) for number in _numbers(field, part)]


def _decimals(field: Field, text: str) -> list[float]:
    return [float(number) for part in _parts(text) for number in _numbers(field, part)]


def _whole(field: Field, number: Decimal) -> int:
    if number != number.to_integral_value():
        raise OptionError(field, f"{field.heading}: {number} is not a whole number.")
    return int(number)


def _numbers(field: Field, part: str) -> list[Decimal]:
    """The number, or the numbers of the range, that `part` says."""
    if re.fullmatch(_NUMBER, part):
        return [Decimal(part)]
    found = _RANGE.fullmatch(part)
    if found is None:
        raise OptionError(field, f"{field.heading}: “{part[:40]}” is not understood. Type {_examples(field)}.")
    start, end = Decimal(found["start"]), Decimal(found["end"])
    if found["count"]:
        return _spread(field, start, end, int(found["count"]))
    step = Decimal(found["step"] or 1)
    count = int(abs(end - start) / step) + 1 if step else PICTURES_MAX + 1
    if count > PICTURES_MAX:
        raise OptionError(field, f"{field.heading}: “{part[:40]}” is over {PICTURES_MAX} values. Take wider steps.")
    return [start + (step if end >= start else -step) * number for number in range(count)]


def _spread(field: Field, start: Decimal, end: Decimal, count: int) -> list[Decimal]:
    """So many numbers at equal distances, both ends among them; whole ones where the field's are."""
    if not 2 <= count <= PICTURES_MAX:
        raise OptionError(field, f"{field.heading}: a range of [{count}] values is none. Ask for 2 to {PICTURES_MAX}.")
    digits = Decimal(1) if _READERS[field] is _whole_numbers else Decimal("0.001")
    return [(start + (end - start) * number / (count - 1)).quantize(digits) for number in range(count)]


def _choices(kind: type[Scheduler] | type[Schedule] | type[SolverType]) -> Callable[[Field, str], list[Any]]:
    known: Mapping[str, Any] = {each.value.casefold(): each for each in kind}

    def read(field: Field, text: str) -> list[Any]:
        for part in _parts(text):
            if part.casefold() not in known:
                raise UnknownChoiceError(field, part, [each.value for each in kind])
        return [known[part.casefold()] for part in _parts(text)]

    return read


def _sizes(field: Field, text: str) -> list[tuple[int, int]]:
    found = [(part, _SIZE.fullmatch(part)) for part in _parts(text)]
    for part, match in found:
        if match is None:
            raise OptionError(field, f"Size: “{part[:40]}” is not understood. Type {_examples(field)}.")
    return [(int(match[1]), int(match[2])) for _, match in found if match is not None]


def _texts(field: Field, text: str) -> list[str]:
    try:
        row = next(csv.reader([text.replace("\n", " ")], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        sentence = f"{field.heading}: a quotation mark has no other. Close it, or take it away."
        raise OptionError(field, sentence) from error
    return [each.strip() for each in row]


def _names(field: Field, text: str) -> list[str]:
    return [each for each in _texts(field, text) if each]


def _adapters(field: Field, text: str) -> list[AdapterUse | None]:
    found: list[AdapterUse | None] = []
    for each in _names(field, text):
        name, _, strength = each.rpartition(":") if ":" in each else (each, "", "1")
        try:
            if not name:
                raise ValueError(each)
            found.append(None if each.casefold() == NONE else AdapterUse(name=name, strength=float(strength)))
        except ValueError as error:
            said = f"LoRA: “{each[:40]}” is not understood. Type {_examples(field)}."
            raise OptionError(field, said) from error
    return found


def _replacements(field: Field, text: str) -> list[str]:
    texts = _texts(field, text)
    if texts and not texts[0]:
        raise OptionError(
            field, f"Prompt: there is nothing to look for. Begin with words of the prompt, as in {_examples(field)}."
        )
    return texts


_Reader: TypeAlias = Callable[[Field, str], Sequence[Any]]
_READERS: Mapping[Field, _Reader] = {
    Field.MODEL: _names,
    Field.VAE: _names,
    Field.LORA: _adapters,
    Field.PROMPT: _replacements,
    Field.NEGATIVE_PROMPT: _texts,
    Field.SIZE: _sizes,
    Field.SEED: _whole_numbers,
    Field.STEPS: _whole_numbers,
    Field.GUIDANCE: _decimals,
    Field.SCHEDULER: _choices(Scheduler),
    Field.SCHEDULE: _choices(Schedule),
    Field.ETA: _decimals,
    Field.ORDER: _whole_numbers,
    Field.SOLVER: _choices(SolverType),
    Field.CHURN: _decimals,
    Field.CHURN_NOISE: _decimals,
    Field.STRENGTH: _decimals,
}
EXAMPLES: Mapping[Field, tuple[str, ...]] = {
    Field.MODEL: ("Horizon, another model",),
    Field.VAE: ("none, another VAE",),
    Field.LORA: ("none, ink:0.5, ink:1", "ink, paper:0.8"),
    Field.PROMPT: ("red, blue, green",),
    Field.NEGATIVE_PROMPT: ("fog, rain",),
    Field.SIZE: ("256x256, 256x384",),
    Field.SEED: ("1-4", "7, 8, 30"),
    Field.STEPS: ("4, 8, 20", "5-20:5"),
    Field.GUIDANCE: ("2, 4, 6.5", "1-6:0.5"),
    Field.SCHEDULER: ("Euler, Heun",),
    Field.SCHEDULE: ("Normal, Beta",),
    Field.ETA: ("0, 0.5, 1", "0-1:0.25"),
    Field.ORDER: ("1, 2, 3",),
    Field.SOLVER: ("Midpoint, Heun",),
    Field.CHURN: ("0, 10, 40",),
    Field.CHURN_NOISE: ("0.98, 1, 1.02",),
    Field.STRENGTH: ("0.3, 0.6", "0.2-1:0.2"),
}
"""Values as they may be typed."""


def _examples(field: Field) -> str:
    return " or ".join(EXAMPLES[field])
