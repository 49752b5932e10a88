from __future__ import annotations

from pathlib import Path

import pytest

from localstack_embedded import Instance
from localstack_embedded.environment import OnStep
from tweetpipe.commands import lifecycle

INSTANCE = Instance(port=4567, pid=1, version="4.9.2")


@pytest.mark.parametrize(
    ("named", "is_other"),
    [
        ("", False),
        ("http://127.0.0.1:4567", False),
        ("http://localhost:4567/", False),
        ("http://localhost:4566", True),
    ],
)
def test_up_says_when_commands_go_elsewhere(
    named: str,
    is_other: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", named)
    monkeypatch.setattr("localstack_embedded.start", lambda home, **_: INSTANCE)
    lifecycle.up()
    said = capfd.readouterr().err
    assert "LocalStack 4.9.2 is already running at http://127.0.0.1:4567" in said
    assert (f"Other commands still use {named}" in said) == is_other


def test_down_says_at_once_that_it_is_at_work(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    said_before_it_ended = []

    def stop(home: Path, *, on_step: OnStep) -> bool:
        on_step("Stopping LocalStack")
        said_before_it_ended.append(capfd.readouterr().err)
        return True

    monkeypatch.setattr("localstack_embedded.stop", stop)
    lifecycle.down()
    assert said_before_it_ended == ["Stopping LocalStack\n"]
    assert "has stopped" in capfd.readouterr().err
