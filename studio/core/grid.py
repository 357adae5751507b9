"""A grid of variations: one recipe, of which one, two or three things take several values.

Values are typed as in AUTOMATIC1111's X/Y/Z plot: `4, 8, 20`, ranges `5-20:5` (also `5-20 (+5)`, `1..6`, and `1-6 [3]`
for three values), names of schedulers, sizes `256x384`. For the prompt, the first text is looked for, and the others
stand in its place in turn; a text with a comma goes in quotation marks.
"""

import csv
import enum
import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from studio.core.errors import OptionError, UnknownChoiceError
from studio.core.model_checks import check_for_model
from studio.core.models import ModelInfo
from studio.core.recipe import Recipe, check_recipe
from studio.core.scheduler_choice import with_scheduler
from studio.core.schedulers import Schedule, Scheduler
from studio.core.wildcards import chosen

PICTURES_MAX = 400
_TEXT_MAX = 20_000
_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
_RANGE = re.compile(
    rf"(?P<start>{_NUMBER})\s*(?:-|\.\.)\s*(?P<end>{_NUMBER})"
    rf"(?:\s*(?::|\(\+?)\s*(?P<step>{_NUMBER})\s*\)?|\s*\[\s*(?P<count>\d{{1,3}})\s*\])?"
)
_SIZE = re.compile(r"(\d{1,5})\s*[x×]\s*(\d{1,5})", re.IGNORECASE)


class Field(enum.StrEnum):
    """What can vary, in the order in which it is put into a recipe."""

    PROMPT = "prompt"
    SIZE = "size"
    SEED = "seed"
    STEPS = "steps"
    GUIDANCE = "guidance"
    SCHEDULER = "scheduler"
    SCHEDULE = "schedule"
    STRENGTH = "strength"

    @property
    def heading(self) -> str:
        """What it is called on screen."""
        return self.value.capitalize()


class Axis(msgspec.Struct, frozen=True):
    """What varies, and its values: whole numbers, numbers, choices, (width, height) in px, or texts.

    The first text of the prompt is the one that the others replace.
    """

    field: Field
    values: tuple[Any, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Each value as it stands beside its pictures: a bare number says of what it is."""
        is_number = self.field in (Field.SEED, Field.STEPS, Field.GUIDANCE, Field.STRENGTH)
        return tuple(f"{self.field.heading} {name}" if is_number else name for name in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Each value in words."""
        if self.field is Field.SIZE:
            return tuple(f"{width} × {height}" for width, height in self.values)
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


def make_grid(recipe: Recipe, axes: Sequence[Axis], model: ModelInfo | None) -> tuple[Recipe, ...]:
    """The recipes of all pictures: the first axis varies fastest, the last slowest.

    Raises:
        OptionError: for none or too many pictures, one thing varied twice, or a value that does not go with the rest.
    """
    fields = [axis.field for axis in axes]
    if not axes:
        raise OptionError("grid", "Nothing varies yet. Choose what should, and type its values.")
    if len(set(fields)) < len(fields):
        raise OptionError("grid", "One thing varies on two axes. Choose another for one of them.")
    count = math.prod(len(axis.values) for axis in axes)
    if count > PICTURES_MAX:
        raise OptionError(
            "grid", f"The grid has {count:,} pictures, and at most {PICTURES_MAX} are made at once. Take values away."
        )
    ways = itertools.product(*([(axis, value) for value in axis.values] for axis in reversed(axes)))
    return tuple(_varied(recipe, way, model) for way in ways)


def describe(axes: Sequence[Axis]) -> str:
    """The axes in words, for a file's description."""
    named = zip(("across", "down", "block by block"), axes, strict=False)
    return "; ".join(f"{way}: {axis.field} {', '.join(axis.names)}" for way, axis in named)


def _varied(recipe: Recipe, way: Sequence[tuple[Axis, Any]], model: ModelInfo | None) -> Recipe:
    for axis, value in sorted(way, key=lambda each: tuple(Field).index(each[0].field)):
        recipe = _with_value(recipe, axis, value, model)
    check_recipe(recipe, size_multiple=model.size_multiple if model else 8)
    if model is not None:
        check_for_model(recipe, model)
    return chosen(recipe)


def _with_value(recipe: Recipe, axis: Axis, value: Any, model: ModelInfo | None) -> Recipe:
    match axis.field:
        case Field.PROMPT:
            return _with_text(recipe, axis.values[0], value)
        case Field.SIZE:
            return msgspec.structs.replace(recipe, width=value[0], height=value[1])
        case Field.SCHEDULER:
            return with_scheduler(recipe, value, model)
        case Field.STRENGTH:
            if recipe.start is None:
                raise OptionError(axis.field, "Strength: there is no picture to start from. Choose one first.")
            return msgspec.structs.replace(recipe, start=msgspec.structs.replace(recipe.start, strength=value))
        case _:
            return msgspec.structs.replace(recipe, **{axis.field.value: value})


def _with_text(recipe: Recipe, wanted: str, text: str) -> Recipe:
    if wanted not in recipe.prompt and wanted not in recipe.negative_prompt:
        raise OptionError("prompt", f"Prompt: “{wanted[:40]}” is in neither prompt. Begin with words that are.")
    prompt, negative = (each.replace(wanted, text) for each in (recipe.prompt, recipe.negative_prompt))
    return msgspec.structs.replace(recipe, prompt=prompt, negative_prompt=negative, learned_words=None)


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


def _choices(kind: type[Scheduler] | type[Schedule]) -> Callable[[Field, str], list[Any]]:
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
        raise OptionError(field, "Prompt: a quotation mark has no other. Close it, or take it away.") from error
    texts = [each.strip() for each in row]
    if texts and not texts[0]:
        raise OptionError(
            field, f"Prompt: there is nothing to look for. Begin with words of the prompt, as in {_examples(field)}."
        )
    return texts


_Reader: TypeAlias = Callable[[Field, str], Sequence[Any]]
_READERS: Mapping[Field, _Reader] = {
    Field.PROMPT: _texts,
    Field.SIZE: _sizes,
    Field.SEED: _whole_numbers,
    Field.STEPS: _whole_numbers,
    Field.GUIDANCE: _decimals,
    Field.SCHEDULER: _choices(Scheduler),
    Field.SCHEDULE: _choices(Schedule),
    Field.STRENGTH: _decimals,
}
EXAMPLES: Mapping[Field, tuple[str, ...]] = {
    Field.PROMPT: ("red, blue, green",),
    Field.SIZE: ("256x256, 256x384",),
    Field.SEED: ("1-4", "7, 8, 30"),
    Field.STEPS: ("4, 8, 20", "5-20:5"),
    Field.GUIDANCE: ("2, 4, 6.5", "1-6:0.5"),
    Field.SCHEDULER: ("Euler, Heun",),
    Field.SCHEDULE: ("Normal, Beta",),
    Field.STRENGTH: ("0.3, 0.6", "0.2-1:0.2"),
}
"""Values as they may be typed."""


def _examples(field: Field) -> str:
    return " or ".join(EXAMPLES[field])
