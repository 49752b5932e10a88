"""What `make lint` has read for spelling and style, and that it finds what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented import PROJECT
from tests.prose.__main__ import said, texts, without_code

BIN = Path(sys.executable).parent


def test_what_is_said_stands_in_the_line_where_it_was() -> None:
    source = '"""Says."""\n\nx = "no prose"\n\n\ndef f():\n    """One.\n\n    Two.\n    """\n'

    lines = said(source).splitlines()

    assert [lines[number] for number in (0, 6, 8)] == ["Says.", "One.", "Two."]
    assert "no prose" not in said(source)


def test_help_is_said_and_the_names_in_it_are_not() -> None:
    assert "Show" in said('option(help="Show `deploy` and this.")')
    assert "deploy" not in said('option(help="Show `deploy` and this.")')


def test_blocks_and_addresses_of_a_document_are_left_out() -> None:
    prose = without_code("# Title\n\n```\nmend\n```\nSee [this](colour.md).\n")

    assert [number for number, line in enumerate(prose.splitlines()) if "See" in line] == [5]
    assert "mend" not in prose
    assert "colour" not in prose


@pytest.mark.heavy
def test_documents_docstrings_and_help_are_read() -> None:
    found = {path.as_posix(): text for path, text in texts()}

    assert "Spare shards beyond the peak" in found["tweetpipe/commands/plan.py"]
    assert {"README.md", "docs/aws.md", "processor/handler.py"} <= found.keys()
    assert "README.ko.md" not in found


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("The behaviour of a shard.", "behaviour ==> behavior"),
        ("Mend the cause.", "Mend ==> Fix"),
        ("It recieves a batch.", "recieves ==> receives"),
        ("It takes the the batch.", "a phrase is repeated"),
        ("At this point in time it waits.", "at this point in time"),
    ],
)
def test_what_is_wrong_is_found(wrong: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "README.md.txt").write_text(f"# Title\n\n{wrong}\n")
    said = [
        subprocess.run([BIN / words[0], *words[1:], tmp_path], cwd=PROJECT, capture_output=True)
        for words in (
            ["codespell", "--toml", "tests/prose/codespell.toml"],
            ["proselint", "check", "--config", "tests/prose/proselint.json"],
        )
    ]

    assert found.lower() in b"".join(each.stdout + each.stderr for each in said).decode().lower()
    assert any(each.returncode for each in said)
