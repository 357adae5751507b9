"""`latent-studio library`: the index of the pictures, from the command line."""

import argparse
import sys

from studio.core.places import Places
from studio.library.library import Library, Query
from studio.library.lock import DataLock

_PAGE = 500
_SHOWN_MAX = 200
"""Reasons shown: who has ten thousand broken files knows after two hundred what is wrong."""


def add_library(parser: argparse.ArgumentParser) -> None:
    """The commands under `library`."""
    commands = parser.add_subparsers(dest="library_command", metavar="COMMAND", required=True)
    rebuild_parser = commands.add_parser("rebuild", help="make the index again from the picture files")
    find_parser = commands.add_parser("find", help="print the pictures with these words, one path a line, newest first")
    find_parser.add_argument("text", metavar="TEXT", nargs="+", help='words, "phrases", -without, tag:x, seed:7')
    for each in (rebuild_parser, find_parser):
        each.add_argument("--data-dir", metavar="FOLDER", default=argparse.SUPPRESS, help="pictures and settings")


def library(arguments: argparse.Namespace, places: Places) -> None:
    """Run the command that `arguments` name. Raises StudioError."""
    if arguments.library_command == "rebuild":
        _rebuild(places)
    else:
        _find(places, " ".join(arguments.text))


def _rebuild(places: Places) -> None:
    """Say what is indexed, and on the error stream what is not."""
    lock = DataLock.take(places)
    try:
        opened = Library.open(places, lock=lock)
        try:
            if opened.notice:
                print(opened.notice, file=sys.stderr)
            report = opened.rebuild()
        finally:
            opened.close()
    finally:
        lock.release()
    for reason in report.skipped[:_SHOWN_MAX]:
        print(f"skipped: {reason}", file=sys.stderr)
    if len(report.skipped) > _SHOWN_MAX:
        print(f"skipped: {len(report.skipped) - _SHOWN_MAX:,} more", file=sys.stderr)
    print(f"{_pictures(report.pictures)} indexed, {_files(len(report.skipped))} skipped")


def _find(places: Places, text: str) -> None:
    opened = Library.open(places)
    try:
        query, offset = Query(text=text), 0
        while rows := opened.find(query, _PAGE, offset):
            for row in rows:
                print(row.path)
            offset += _PAGE
    finally:
        opened.close()


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
