#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""The two commands of this checkout, for a fresh machine with Python 3.11 or newer and nothing else.

python3 packaging/dev.py run [ARGS…]    installs what is needed into .venv, then runs `latent-studio ARGS…`
python3 packaging/dev.py test [ARGS…]   the same with test tools, then lint, types, import rules and `pytest ARGS…`

This file is read by every Python there is, so that an old one can say what it needs: keep it free of new syntax.
The work is done by environment.py beside it.
"""

import sys

OLDEST = (3, 11)


def complaint(version):
    """What to say to a Python that is too old; an empty string to one that is not."""
    if tuple(version[:2]) >= OLDEST:
        return ""
    return (
        "Latent Studio needs Python %d.%d or newer, and this is Python %d.%d (%s). "
        "Run the same command with a newer one, for instance: python3.11 packaging/dev.py run\n"
        % (OLDEST + tuple(version[:2]) + (sys.executable,))
    )


def main():
    """Refuse an old Python in one sentence; else do the work."""
    refusal = complaint(sys.version_info)
    if refusal:
        sys.stderr.write(refusal)
        return 1
    import environment  # noqa: PLC0415 - not by an old Python

    return environment.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
