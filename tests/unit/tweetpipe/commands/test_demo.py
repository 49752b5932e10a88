"""What the demo shows at its end."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest
from rich.console import Console

from tweetpipe.commands import terminal
from tweetpipe.commands.demo import next_steps
from tweetpipe.commands.look import items_table
from tweetpipe.looking import verify

AUTHORS = [
    "Ada",
    'O\'Brien "the" Great',
    "$(touch gone) `touch gone`",
    "--limit",
    "한글 \\",
    "a;b & c",
]


@pytest.mark.parametrize("author", AUTHORS)
def test_the_next_steps_can_be_copied_into_a_shell(author: str) -> None:
    steps = [
        line.strip() for text in next_steps(author, " --stack other") for line in text.splitlines()
    ]
    commands = [line for line in steps if line.startswith("tweetpipe ")]

    [query] = [command for command in commands if command.startswith("tweetpipe query")]
    shell = subprocess.run(
        ["sh", "-c", query.replace("tweetpipe", "printf '%s\\n'", 1)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout.splitlines()[-1] == author
    assert all("--stack other" in command for command in commands if "down" not in command)
    assert all(shlex.split(command) for command in commands)


@pytest.mark.parametrize(
    ("called", "told"),
    [
        (".venv/bin/tweetpipe", ".venv/bin/tweetpipe"),
        ("/folder/tweetpipe/__main__.py", f"{sys.executable} -m tweetpipe"),
    ],
)
def test_the_next_steps_name_the_command_as_it_was_called(
    called: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "demo"])
    assert next_steps("Ada", "")[0] == f"\nNext steps (tweetpipe is {told}):"


@pytest.mark.parametrize("width", [20, 48, 75, 76, 80, 120])
def test_the_messages_can_be_seen_in_a_terminal_of_any_width(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    console = Console(width=width)
    monkeypatch.setattr(terminal, "out", console)
    items = list(verify.expected_items(0, 5).values())

    with console.capture() as captured:
        console.print(items_table(items))

    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    for item in items:
        beginning = item["Message"].split("\n")[0][:4].strip()
        assert any(beginning in line for line in lines), item["Message"]


def test_all_fields_are_shown_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=80)
    monkeypatch.setattr(terminal, "out", console)
    item = {
        "Username": "Ada",
        "Timestamp": "2026-11-23T05:32:00.000Z",
        "Id": "2036281514542497792",
        "Message": "hello",
    }

    with console.capture() as captured:
        console.print(items_table([item]))

    shown = captured.get().splitlines()[-2].split()
    assert shown == ["Ada", "2026-11-23", "05:32:00Z", "2036281514542497792", "hello"]
