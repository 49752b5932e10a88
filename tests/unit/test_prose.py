"""What `make lint` reads for spelling and style, and whether it finds what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented import PROJECT
from tests.prose.__main__ import main, said, strings, texts, without_code
from tests.prose.phrases import PHRASES, find

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


@pytest.mark.parametrize(
    ("file", "content", "found"),
    [
        ("README.md", "# Title\n\nThe table is made\nanew.\n", "README.md:4: anew ==> again"),
        ("docs/x.md", "It lies\nin a folder.\n", "docs/x.md:1: lies in ==> is in"),
        ("tweetpipe/a.py", '"""Waits.\n\nIn vain.\n"""\n', "tweetpipe/a.py:3: In vain ==> without"),
        ("producer/b.py", 'x = 1\ny = f"{x} lies in {x}"\n', "producer/b.py:2: lies in ==> is in"),
        ("producer/c.py", 'x = (\n    "Made "\n    "anew"\n)\n', "producer/c.py:2: anew ==> again"),
        ("tweets/d.py", 'raise E("Mend it")\n', "tweets/d.py:1: Mend ==> fix"),
        ("localstack_embedded/e.py", 'E("It is no key.")\n', "e.py:1: is no ==> is not a"),
        ("infra/template.yaml", "a: 1\nb: for want of it\n", "template.yaml:2: for want of ==>"),
    ],
)
def test_a_phrase_to_avoid_is_named_with_its_file_and_line(
    file: str, content: str, found: str, tmp_path: Path
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(content)

    [line] = main(tmp_path / "prose", tmp_path).splitlines()

    assert found in line


def test_the_command_fails_where_a_phrase_is_found(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("It is made anew.\n")

    command = [sys.executable, "-m", "tests.prose", str(tmp_path / "prose"), str(tmp_path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)

    assert (ended.returncode, ended.stderr) == (1, "README.md:1: anew ==> again\n")


@pytest.mark.parametrize(
    "fine",
    [
        "There is no shard. It is no longer there. Is there\nno stack?",
        "It reads `anew` and runs `make anew`.",
        "The rules say which folder may import which.",
        "No updates are to be performed",
        "It let the record pass; being late, it begins again.",
        "It stops by its own rule, one after another.",
    ],
)
def test_what_only_resembles_a_phrase_is_left_alone(fine: str) -> None:
    assert list(find(without_code(fine))) == []


def test_code_and_comments_are_no_prose() -> None:
    assert list(find(strings("anew = 1  # in vain\nb'lies in'\n"))) == []


def test_what_to_write_instead_is_itself_no_phrase_to_avoid() -> None:
    assert [list(find(instead)) for instead in PHRASES.values()] == [[]] * len(PHRASES)
