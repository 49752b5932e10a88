"""What the README shows of `make demo`, recorded from a run of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import localstack_embedded
from tests.pseudo_terminal import PseudoTerminal
from tests.recording import picture, recorded
from tweetpipe.project import ROOT

COLUMNS, ROWS = 88, 26
# Its first five tweets are of letters that all fonts have.
SEED = "19"
# A home of its own, with the environments that are there already; called as make does.
PROGRAM = """
import sys
from tweetpipe import project
project.SHARES_ENVIRONMENT, project.BUILD = True, project.ROOT / "build"
sys.argv[0] = ".venv/bin/tweetpipe"
from tweetpipe.commands.main import main
main()
"""


@pytest.mark.slow
def test_a_moving_picture_of_the_demo(tmp_path: Path) -> None:
    """With SCREENSHOTS=1, it becomes the one of the README."""
    environ = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    environ |= {"TWEETPIPE_HOME": str(tmp_path), "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", PROGRAM, "demo", "--seed", SEED]
    try:
        with PseudoTerminal(
            command, columns=COLUMNS, rows=ROWS, environ=environ, folder=tmp_path
        ) as terminal:
            screens = recorded(terminal)
            assert terminal.ends() == 0, terminal.output
    finally:
        localstack_embedded.stop(tmp_path / "localstack")
    drawn = picture(screens, title="make demo", columns=COLUMNS, rows=ROWS)
    asked = os.environ.get("SCREENSHOTS") == "1"
    path = ROOT / "docs/images/demo.svg" if asked else tmp_path / "demo.svg"
    path.write_text(drawn, encoding="utf-8")

    assert any("1,000 of 1,000 verified" in line for line in screens[-1].lines)
    assert len(screens) > 5
    assert str(tmp_path) not in drawn
    assert str(ROOT) not in drawn
