from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from localstack_embedded import access, state, suggesting
from tests.unit.tweetpipe.recorder import Recorder
from tweetpipe.aws.errors import NothingThere
from tweetpipe.aws.place import Target
from tweetpipe.commands import lifecycle, options
from tweetpipe.commands.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of a checkout in which nothing runs; nothing answers elsewhere either."""
    monkeypatch.setattr(options, "LOCALSTACK_HOME", tmp_path)
    monkeypatch.setattr(options, "neighbor_at_default_port", lambda: None)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with suggesting(lifecycle.PROGRAM):
        yield tmp_path


@pytest.fixture
def died(home: Path) -> None:
    """The embedded LocalStack has ended unexpectedly."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        record = state.InstanceRecord.of(process.pid, 4566)
        process.kill()
    access.grant(home, open_to_this_machine=False)
    state.write(home, replace(record, started="before"))


def runs_at(recorder: Recorder, home: Path) -> None:
    """Have the checkout's LocalStack run there; its process is this one."""
    state.write(home, state.InstanceRecord.of(os.getpid(), urlsplit(recorder.url).port or 0))


def test_a_local_command_works_on_the_checkouts_own(recorder: Recorder, home: Path) -> None:
    runs_at(recorder, home)
    assert options.open_place(Target.LOCAL).endpoint == recorder.url


def test_what_is_named_comes_before_the_checkouts_own(
    recorder: Recorder, listening: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs_at(recorder, home)
    monkeypatch.setenv("AWS_ENDPOINT_URL", listening)
    assert options.open_place(Target.LOCAL).endpoint == listening


def test_where_none_runs_the_error_says_how_to_start_it() -> None:
    with pytest.raises(NothingThere, match=r"^tweetpipe's own LocalStack .*\n  tweetpipe up$"):
        options.open_place(Target.LOCAL)


def test_where_it_died_the_error_says_so(died: None) -> None:
    with pytest.raises(NothingThere, match=r"stopped unexpectedly.*\n  tweetpipe up\n"):
        options.open_place(Target.LOCAL)


def test_where_a_state_is_saved_the_error_says_how_to_load_it(home: Path) -> None:
    (home / "kept").mkdir()
    (home / "kept" / "manifest.json").touch()
    with pytest.raises(
        NothingThere, match=r"saved in .*\n  tweetpipe up --keep\n.*\n  tweetpipe up$"
    ):
        options.open_place(Target.LOCAL)


@pytest.mark.parametrize("before", ["stopped", "died"])
def test_anothers_localstack_is_offered_and_not_used(
    before: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if before == "died":
        request.getfixturevalue("died")
    monkeypatch.setattr(options, "neighbor_at_default_port", lambda: "LocalStack 4.9.2 of /theirs")
    with pytest.raises(NothingThere) as caught:
        options.open_place(Target.LOCAL)
    assert str(caught.value).endswith(
        "\nLocalStack 4.9.2 of /theirs answers at http://localhost:4566. "
        "To use that instead, run:\n"
        "  export AWS_ENDPOINT_URL=http://localhost:4566"
    )


def test_one_that_ends_while_a_command_runs_leaves_it_nothing_to_talk_to(
    recorder: Recorder, home: Path
) -> None:
    runs_at(recorder, home)
    place = options.open_place(Target.LOCAL)
    assert place.is_there is not None
    assert place.is_there()
    state.remove(home)
    assert not place.is_there()


def test_a_missing_folder_of_events_is_told_before_a_stack_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(["--events", "no-events", "status"])

    assert ended.value.code == 2
    said = capfd.readouterr().err
    assert said.startswith("Error: no-events can't be used as events: there is no folder")
    assert said.endswith("run:\n  tweetpipe new my-events\n")
