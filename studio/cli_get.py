"""`latent-studio get`: fetch a model, or what single files lack, after showing what that would be."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from studio.core.errors import OptionError
from studio.core.hub import Fetched, Hub, Offer, free_disk_bytes, gigabytes
from studio.core.places import Places
from studio.core.shared_parts import SHARED


def add_get(parser: argparse.ArgumentParser) -> None:
    """The flags of `get`."""
    parts = ", ".join(SHARED)
    parser.add_argument("name", metavar="MAKER/NAME", help=f"a model's name on the hub, or one of: {parts}")
    parser.add_argument("--revision", default="", help="a branch, tag or commit (default: the newest)")
    parser.add_argument("--yes", action="store_true", help="agree to what is shown, without being asked")


def get(arguments: argparse.Namespace, places: Places, hub: Hub) -> None:
    """Show what would be fetched, ask, fetch, and print the finished folder's path. Raises StudioError, Cancelled."""
    offer = hub.look_up(arguments.name, arguments.revision)
    print("\n".join(offer_lines(offer, places.models)), file=sys.stderr)
    if not arguments.yes and not _agreed():
        print("Nothing was fetched.", file=sys.stderr)
        return
    with tqdm(total=offer.size_bytes, unit="B", unit_scale=True, file=sys.stderr, disable=None) as bar:

        def progress(fetched: Fetched) -> None:
            bar.set_postfix_str(fetched.name, refresh=False)
            bar.update(fetched.done_bytes - bar.n)

        print(hub.fetch(offer, places.models, progress))


def offer_lines(offer: Offer, models: Path) -> list[str]:
    """What would be fetched, for people."""
    free = free_disk_bytes(models)
    return [
        f"{offer.repository} at {offer.revision[:10]}",
        f"    licence: {offer.licence or 'not told'}",
        *(f"    {gigabytes(file.size_bytes):>9}  {file.name}" for file in offer.files),
        f"    {gigabytes(offer.size_bytes)} in all, {'unknown' if free is None else gigabytes(free)} free",
        f"    into {models / offer.target}",
    ]


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise OptionError("yes", "Nobody is here to agree to the download. Say --yes if you do.")
    print("Fetch it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")
