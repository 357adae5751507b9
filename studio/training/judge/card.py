"""The judge's tables, in Markdown, inside the model's card."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from studio.core.files import write_atomically
from studio.training.judge.questions import ATTRIBUTES, Tally

BEGIN, END = "<!-- judge: begin -->", "<!-- judge: end -->"
_NAMES = {"sky_body": "sun or moon", "kind": "subject", "color": "subject's colour", "size": "subject's size",
          "place": "subject's place"}  # fmt: skip


def attribute_table(tallies: tuple[Tally, Tally], known: Mapping[str, float]) -> str:
    """Found by attribute, in seen and in held-out combinations, beside how often the judge itself is right."""
    seen, held_out = tallies
    lines = ["| asked for | found | asked | in new combinations | asked | judge right about drawings |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for name in ATTRIBUTES:
        figures = (_share(seen, name), _share(held_out, name), f"{known[name]:.0%}")
        counts = seen.asked[name], held_out.asked[name]
        lines.append(
            f"| {_NAMES.get(name, name)} | {figures[0]} | {counts[0]} | {figures[1]} | {counts[1]} | {figures[2]} |"
        )
    total = [f"{tally.share():.0%} | {sum(tally.asked.values())}" for tally in tallies]
    lines.append(f"| **all** | {total[0]} | {total[1]} | |")
    lines.append(f"\nSubjects that nobody drew, and the judge sees: {known['kind_imagined']:.1%} of the kinds.\n")
    return "\n".join(lines)


def _share(tally: Tally, name: str) -> str:
    share = tally.share([name])
    return "–" if math.isnan(share) else f"{share:.0%}"


def figure_table(rows: Iterable[tuple[str, str]]) -> str:
    """Name and value."""
    return "\n".join(["| figure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def write(path: Path, text: str) -> None:
    """Put `text` between the card's two marks. Raises `ValueError` where the card has none."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} has no place for the judge's tables: {BEGIN} … {END}")
    write_atomically(path, f"{before}{BEGIN}\n{text}\n{END}{after}".encode())
