"""Kill the real studio again and again while it works, and count what is left.

python -m tests.kill [KILLS] [--seed N] [--horizon N]

Prints a table, on Ctrl+C of what was done until then. Ends at the first promise that is broken, with what was lost;
the data directory then stays.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.kill.checks import AUTOSAVE_SECONDS, KillTest
from tests.ui.conftest import write_fake_model

_LONGEST_SECONDS = (0.3, 1.0, 3.0, 8.0)
"""Kills fall evenly between the first window and these, in turn; every fifth while the studio still opens."""
_HORIZON_SECONDS = 5.0
"""Behind the first picture: the real engine takes a while to start."""


def main() -> int:
    """Run, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kills", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--horizon", type=int, default=0, metavar="N", help="that many kills with the real engine too")
    arguments = parser.parse_args()
    folder, began = Path(tempfile.mkdtemp(prefix="latent-studio-kill-")), time.monotonic()
    fake, real = (KillTest(folder / name, arguments.seed) for name in ("fake", "horizon"))
    write_fake_model(fake.places.models)
    try:
        for number in range(arguments.kills):
            after = "" if number % 5 == 4 else "ready"
            fake.round(number, _LONGEST_SECONDS[number % len(_LONGEST_SECONDS)], after=after)
            print(f"\r{number + 1}", end="", file=sys.stderr, flush=True)
        for number in range(arguments.horizon):
            real.round(number, _HORIZON_SECONDS, after="kept", engine="--horizon")
    except KeyboardInterrupt:
        print("\nended early; what was seen until then:", file=sys.stderr)
    for title, test in (("The scripted engine", fake), ("Horizon", real)):
        _show(title, test)
    print(f"{time.monotonic() - began:.0f} seconds in all")
    return 0 if max((*fake.autosave_ages, *real.autosave_ages), default=0.0) <= AUTOSAVE_SECONDS else 1


def _show(title: str, test: KillTest) -> None:
    print(f"\n{title}")
    for name, count in test.counts.items():
        print(f"  {name:<40}{count:>8}")
    ages = sorted(test.autosave_ages)
    if ages:
        print(f"  {'oldest edit lost, seconds: median':<40}{ages[len(ages) // 2]:>8.1f}")
        print(f"  {'oldest edit lost, seconds: largest':<40}{ages[-1]:>8.1f}")


if __name__ == "__main__":
    sys.exit(main())
