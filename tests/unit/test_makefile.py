"""The Makefile's own words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("program", "why"),
    [(None, "can't be run here"), ("exit 1", "can't be run"), ("exit 3", "is older")],
)
def test_a_python_that_will_not_do_is_named_with_the_reason(
    program: str | None, why: str, tmp_path: Path
) -> None:
    python = tmp_path / "anypython"
    if program:
        python.write_text(f"#!/bin/sh\n{program}\n")
        python.chmod(0o755)
    made = subprocess.run(
        ["make", "install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2
    assert f"Python 3.11 or newer is needed, and {python} {why}" in made.stderr
    assert "make install PYTHON=python3.13" in made.stderr
    assert not (tmp_path / "venv").exists()
