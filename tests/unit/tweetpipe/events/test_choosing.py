from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.sensors import written
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import NothingThere, WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.commands.main import main


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own, with nothing chosen in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TWEETPIPE_EVENTS", raising=False)
    monkeypatch.delenv("TWEETPIPE_STACK", raising=False)
    events.choose(None)
    yield tmp_path
    events.choose(None)


def test_tweets_are_meant_where_nothing_is_said(here: Path) -> None:
    assert events.chosen().name == "tweets"


def test_the_option_comes_before_the_setting_and_that_before_the_project(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("of-project", "of-setting", "of-option"):
        written(here / name)

    (here / "pyproject.toml").write_text('[tool.tweetpipe]\nevents = "of-project"\n')
    assert events.chosen().name == "of_project"
    monkeypatch.setenv("TWEETPIPE_EVENTS", "of-setting")
    assert events.chosen().name == "of_setting"
    events.choose("of-option")
    assert events.chosen().name == "of_option"


def test_the_project_is_read_once_for_however_many_items(here: Path) -> None:
    (here / "pyproject.toml").write_text("")

    with patch("tomllib.loads", wraps=tomllib.loads) as read:
        chosen = [events.chosen() for _ in range(100)]

    assert len({id(each) for each in chosen}) == 1
    assert read.call_count == 1


@pytest.mark.parametrize(
    "text", ["[tool", "[tool.tweetpipe]\nevents = 3\n", "[tool]\ntweetpipe = 3\n"]
)
def test_a_project_that_cannot_be_read_is_told(here: Path, text: str) -> None:
    (here / "pyproject.toml").write_text(text)

    with pytest.raises(WrongUsage, match=r"pyproject\.toml"):
        events.chosen()


@pytest.mark.parametrize(
    "line",
    [
        "--events nowhere query a1",
        "query --events nowhere a1",
        "query a1 --events=nowhere",
    ],
)
def test_the_option_may_stand_anywhere_in_the_line(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2
    assert "nowhere can't be used as events" in capsys.readouterr().err
    assert events.chosen().name == "tweets", "what one command is given is gone with it"


def test_commands_to_type_have_the_option_that_this_one_had(here: Path) -> None:
    events.choose("my events/sensors")
    assert (
        stacks.options(Target.LOCAL, "sensors") == " --events 'my events/sensors' --stack sensors"
    )
    assert stacks.options(Target.LOCAL, "tweets").endswith(" --stack tweets")
    events.choose(None)
    assert stacks.options(Target.LOCAL, "tweets") == ""


@pytest.mark.parametrize(
    ("setting", "value", "suggested"),
    [
        ("TWEETPIPE_EVENTS", "", ""),
        ("TWEETPIPE_EVENTS", "my_events", " --stack tweets"),
        ("TWEETPIPE_STACK", "other", " --stack tweets"),
    ],
)
def test_a_suggested_command_leads_to_no_other_stack_that_a_setting_names(
    setting: str, value: str, suggested: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(here / "my_events")
    monkeypatch.setenv(setting, value)
    found: list[str] = []

    def check_name(name: str) -> None:
        found.append(stacks.options(Target.LOCAL, name))
        raise NothingThere(name)

    monkeypatch.setattr(stacks, "check_name", check_name)
    with pytest.raises(SystemExit):
        main(["status", "--stack", "tweets"])

    assert found == [suggested]
    assert stacks.options(Target.LOCAL, "tweets") == "", (
        "it is forgotten when the command has ended"
    )


def test_an_empty_option_is_as_none_and_takes_nothing_else_of_the_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--events=", "plan", "--rate", "1"])

    assert not ended.value.code
    assert "1 tweets/s" in capsys.readouterr().out


def test_a_stack_is_called_like_its_folder_however_that_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(written(here / "my_sensors" / "units").parent)
    for named in (".", "units/..", str(here / "my_sensors") + "/"):
        events.choose(named)
        assert events.stack_name() == "my-sensors"


def test_a_stack_that_was_deployed_for_others_is_told_apart(here: Path) -> None:
    events.choose(str(written(here / "sensors")))
    own = events.chosen().parameters

    assert events.require_those_of("mine", own).name == "sensors"
    with pytest.raises(WrongUsage, match="deployed for the events tweets"):
        events.require_those_of("tweets", {})
    with pytest.raises(WrongUsage, match="deployed for the events sensors"):
        events.require_those_of("mine", own | {"SortKeyName": "time"})


@pytest.mark.parametrize(
    ("line", "stack"),
    [
        ("status", "tweets"),
        ("--events my_events status", "my-events"),
        ("--events my_events dead-letters list", "my-events"),
        ("--events my_events produce fake", "my-events"),
        ("--events my_events produce", "my-events"),
        ("--events my_events verify --count 1", "my-events"),
        ("--events my_events deploy --yes", "my-events"),
        ("--events my_events destroy --yes", "my-events"),
        ("--events my_events demo", "my-events"),
        ("--events my_events status --stack other", "other"),
    ],
)
def test_a_stack_is_called_like_the_events(
    line: str, stack: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(here / "my_events")
    asked: list[str] = []

    def check_name(name: str) -> None:
        asked.append(name)
        raise NothingThere(name)

    monkeypatch.setattr(stacks, "check_name", check_name)
    with pytest.raises(SystemExit):
        main(line.split())

    assert asked == [stack]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--events", "--events needs a value, such as my-events."),
        ("status --events", "--events needs a value, such as my-events."),
        ("dead-letters list --events", "--events needs a value, such as my-events."),
        ("query --events first a1 --events last", "last can't be used as events"),
    ],
)
def test_an_option_without_a_folder_is_told_and_the_last_of_several_counts(
    line: str, says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())

    assert ended.value.code == 2
    assert says in " ".join(capsys.readouterr().err.split())
