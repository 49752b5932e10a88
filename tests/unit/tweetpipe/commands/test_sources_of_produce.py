"""`produce` is three commands, one for each source; `--source` is another way to name them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast
from unittest.mock import ANY, Mock

import pytest
import typer.main

from producer import OutgoingRecord, Report
from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.commands import produce, produce_twitter
from tweetpipe.commands.app import app
from tweetpipe.commands.main import main
from tweets.fakes.x_api import FakeX, serving

SOURCES = ("fake", "file", "twitter")
# In the form with --source.
NEEDED = {"fake": "", "file": "--file tweets.ndjson", "twitter": "--track yolo"}
VALUES = {"--shape": "v1", "--file": "x"}

Parse = Callable[[str], tuple[str, dict[str, Any]]]


@cache
def _group() -> Any:
    return typer.main.get_command(app).commands["produce"]  # type: ignore[attr-defined]


def _options() -> dict[str, dict[str, bool]]:
    """For each source the options in its help, and whether each is a flag."""
    return {
        name: {
            option.opts[0]: option.is_flag
            for option in command.params
            if option.opts[0].startswith("--") and not option.hidden
        }
        for name, command in _group().commands.items()
    }


def _foreign() -> list[tuple[str, str, str]]:
    """A source, an option that it lacks, and a source that has it."""
    options = _options()
    options["file"]["--file"] = False
    return [
        (chosen, option, other)
        for chosen in SOURCES
        for other in SOURCES
        for option in options[other].keys() - options[chosen].keys()
        if option != "--rate"  # which two sources have
    ]


def _ends(line: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(line))
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("chosen", "option", "other"), sorted(_foreign()))
def test_an_option_of_another_source_is_wrong_usage_that_names_the_command_with_it(
    chosen: str, option: str, other: str, capfd: pytest.CaptureFixture[str]
) -> None:
    given = option if _options()[other].get(option) else f"{option} {VALUES.get(option, '1')}"

    assert _ends(f"produce {chosen} {given}") == 2
    assert capfd.readouterr().err == f"Error: {option} works only with tweetpipe produce {other}.\n"

    if option == "--price-per-post":
        return  # which --source fake has always taken, since it does no harm
    assert _ends(f"produce --source {chosen} {given} {NEEDED[chosen]}") == 2
    assert capfd.readouterr().err == (
        f"Error: {option} works only with --source {other} (tweetpipe produce {other}).\n"
    )


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Parse:
    """Says which source a line leads to, and with which values."""
    called: list[tuple[str, dict[str, Any]]] = []
    group = _group()

    def note(name: str) -> Callable[..., None]:
        return lambda **values: called.append((name, values))

    for name, command in group.commands.items():
        monkeypatch.setattr(command, "callback", note(name))

    def parsed(line: str) -> tuple[str, dict[str, Any]]:
        group.main(shlex.split(line), standalone_mode=False)
        return called.pop()

    return parsed


@pytest.mark.parametrize(
    ("by_option", "by_command"),
    [
        ("", "fake"),
        ("--count 5 --stack mine", "fake --count 5 --stack mine"),
        ("--stack mine --source fake --forever", "fake --stack mine --forever"),
        ("--price-per-post 1 --count 5", "fake --count 5"),
        ("--source file --file x --resume", "file --file x --resume"),
        ("--rate 5 --file - --source=file", "file --rate 5 --file -"),
        ("--source fake --file x --source file", "file --file x"),
        ("--file --source --source file", "file --file --source"),
        ("--source twitter --track --source --track b", "twitter --track --source --track b"),
        ("--source twitter --aggregate", "twitter --aggregate"),
    ],
)
def test_a_source_by_option_is_the_same_as_its_command(
    by_option: str, by_command: str, parse: Parse
) -> None:
    assert parse(by_option) == parse(by_command)


@pytest.mark.parametrize(
    "line",
    [
        "file x y z",
        "file --file x --file y --file z",
        "--source file --file x --file y --file z",
        # What a shell makes of --file with a pattern.
        "--source file --file x y z",
    ],
)
def test_files_are_named_in_any_of_the_forms_and_each_is_sent_in_this_order(
    line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in "xyz":
        (tmp_path / name).touch()
    open_files = Mock()
    monkeypatch.setattr(produce, "open_files", open_files)
    monkeypatch.setattr(produce, "open_stack", lambda *_: (Mock(), complete_stack()))
    monkeypatch.setattr(produce, "deliver", lambda *_, **__: Mock(interrupted=False))

    assert _ends(f"produce {line}") == 0
    open_files.assert_called_once_with(["x", "y", "z"], author=None, again=ANY)


@pytest.mark.parametrize("source", SOURCES)
def test_a_help_page_has_the_options_of_its_source_alone_and_an_example_that_works(
    source: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    sent: list[OutgoingRecord] = []

    def deliver(_: Any, __: Any, records: Iterable[OutgoingRecord], **___: Any) -> Report:
        sent.append(next(iter(records)))
        return cast(Report, Mock(interrupted=False))

    assert _ends(f"produce {source} --help") == 0
    page = capfd.readouterr().out
    # --help is not among the command's own.
    assert set(re.findall(r"--[a-z][a-z-]+", page)) - {"--help"} >= _options()[source].keys()
    assert not [option for chosen, option, _ in _foreign() if chosen == source and option in page]
    assert page.count("\n") < 60

    (tmp_path / "events.ndjson").write_text('{"id_str": "1"}\n')
    for module in (produce, produce_twitter):
        monkeypatch.setattr(
            module, "open_stack", lambda *_: (Mock(), complete_stack(KinesisStream="s"))
        )
    monkeypatch.setattr(produce, "deliver", deliver)
    monkeypatch.setenv("bearer_token", FakeX().credentials.bearer_token)
    example = re.search(r"Examples:\s+tweetpipe (.*)", page)
    assert example
    with serving(FakeX(rate=10_000.0, heartbeat=0.2)) as x:
        monkeypatch.setenv("X_API_URL", x.url)

        assert _ends(example[1]) == 0

    assert sent


def test_the_help_of_produce_names_the_sources_and_what_each_reads(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert _ends("produce --help") == 0

    page = capfd.readouterr().out
    assert page.count("\n") < 30
    for source, reads in {"fake": "generated", "file": "standard input", "twitter": "X's"}.items():
        assert re.search(rf"│ {source} .*{reads}", page), page
    assert _ends("produce -h") == 0
    assert capfd.readouterr().out == page


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("produce ", SOURCES),
        ("produce f", ("fake", "file")),
        ("produce file --re", ("--resume",)),
        ("produce --source file --re", ("--resume",)),
        ("produce --count 5 --sh", ("--shape",)),
    ],
)
def test_a_shell_completes_sources_and_the_options_of_each(
    line: str,
    offered: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setenv("_TWEETPIPE_COMPLETE", "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"tweetpipe {line}")

    assert _ends("") == 0

    completed = dict(row.split("\t") for row in capfd.readouterr().out.splitlines())
    assert tuple(completed) == offered
    # In full: what a source reads is not cut off.
    assert all(help_.endswith(".") for name, help_ in completed.items() if name in SOURCES)
