"""The rule of the house, and the proof that breaking it is noticed: one planted violation for each contract."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

PLANTED = [
    ("core/settings.py", "from studio.library.library import Library", "core imports nothing of ours"),
    ("core/recipe.py", "import torch", "core imports nothing of ours"),
    ("core/errors.py", "def _late():\n    import PySide6.QtCore", "core imports nothing of ours"),
    ("engine/__init__.py", "from studio.library import library", "engine imports core only"),
    ("engine/__init__.py", "import PySide6", "engine imports core only"),
    ("library/names.py", "import studio.engine", "library imports core only"),
    ("library/queue.py", "from PySide6.QtCore import QObject", "library imports core only"),
    ("ui/__init__.py", "def _late():\n    import torch", "ui never meets torch or the engine"),
    (
        "ui/__init__.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from studio import engine",
        "ui never meets torch or the engine",
    ),
    ("ui/__init__.py", "def _late():\n    import huggingface_hub", "ui never meets torch or the engine"),
    ("ui/__init__.py", "import studio.cli", "ui never meets torch or the engine"),
    ("training/__init__.py", "from PySide6 import QtGui", "training never meets Qt"),
]


def lint(folder):
    """The import linter's verdict on the tree in `folder`: exit code and report."""
    program = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"}
    done = subprocess.run(
        [program, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the studio to plant violations in."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "studio", folder / "studio", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_studio_keeps_every_rule(tree):
    code, report = lint(tree)
    assert code == 0, report
    assert f"{len(CONTRACTS)} kept, 0 broken" in report


@pytest.mark.parametrize(("path", "line", "contract"), PLANTED, ids=lambda value: str(value)[:40])
def test_a_planted_violation_is_caught(tree, path, line, contract):
    file = tree / "studio" / path
    clean = file.read_text()
    try:
        file.write_text(f"{clean}\n{line}\n")
        code, report = lint(tree)
    finally:
        file.write_text(clean)
    assert code == 1, report
    broken = [each for each in report.splitlines() if each.endswith("BROKEN")]
    assert any(each.startswith(contract) for each in broken), report


def test_every_rule_has_a_planted_violation():
    assert all(any(rule["name"].startswith(contract) for _, _, contract in PLANTED) for rule in CONTRACTS)
