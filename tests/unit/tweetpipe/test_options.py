from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from localstack_embedded import state
from tweetpipe import place
from tweetpipe.commands import options
from tweetpipe.errors import NothingThere
from tweetpipe.place import Target


@pytest.fixture(autouse=True)
def died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded LocalStack has ended by itself."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        record = state.Record.of(process.pid, 4566)
        process.kill()
    state.write(tmp_path, replace(record, started="before"))
    monkeypatch.setattr(options, "LOCALSTACK_HOME", tmp_path)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def test_an_emulator_that_died_is_told_where_no_other_answers(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "LOCAL_ENDPOINT", silent)

    with pytest.raises(NothingThere, match="has ended by itself"):
        options.open_place(Target.LOCAL)


def test_an_emulator_that_died_is_no_matter_where_another_answers(
    listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "LOCAL_ENDPOINT", listening)

    assert options.open_place(Target.LOCAL).endpoint == listening
