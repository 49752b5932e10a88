from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.tweetpipe.live.snapshots import busy
from tweetpipe.commands import watch
from tweetpipe.live.collector import Subscription
from tweetpipe.live.snapshot import Snapshot


class Clock:
    """Time that passes only while a snapshot is waited for."""

    now = 1_700_000_000.0

    def read(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=clock.read, time=clock.read))
    return clock


def subscription_of(*snapshots: Snapshot, clock: Clock) -> Subscription:
    """Gives these, then none any more."""
    left = list(snapshots)

    def wait(timeout: float) -> Snapshot | None:
        if left:
            return left.pop(0)
        clock.now += timeout
        return None

    return cast(Subscription, SimpleNamespace(interval=0.0, wait=wait))


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_picture_that_stands_still_is_not_shown_as_ok(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    watch.print_json_lines(subscription_of(busy(), clock=clock), clock.now + 20)

    first, second = [cast(dict[str, Any], json.loads(line)) for line in lines_of(capsys)]
    assert first["reachable"]["state"] == "ok"
    assert second["reachable"]["state"] == "unknown"
    assert "No new data about the stack" in second["reachable"]["why"]


def test_a_plain_line_says_so_too(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    watch.print_lines(subscription_of(busy(), clock=clock), clock.now + 20, every=3600)

    assert "unknown: No new data about the stack" in lines_of(capsys)[-1]
