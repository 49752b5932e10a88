from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.tweetpipe.live.snapshots import busy
from tweetpipe.commands import watch
from tweetpipe.live.collector import Subscription
from tweetpipe.live.snapshot import Snapshot


def subscription_of(*snapshots: Snapshot) -> Subscription:
    """Gives these, then none any more."""
    left = list(snapshots)

    def wait(timeout: float) -> Snapshot | None:
        if left:
            return left.pop(0)
        time.sleep(0.01)
        return None

    return cast(Subscription, SimpleNamespace(interval=0.0, wait=wait))


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_LATE", 0.05)


def test_a_picture_that_stands_still_is_not_shown_as_ok(capsys: pytest.CaptureFixture[str]) -> None:
    watch.print_json_lines(subscription_of(busy()), time.monotonic() + 0.3)

    first, second, *_ = [cast(dict[str, Any], json.loads(line)) for line in lines_of(capsys)]
    assert first["reachable"]["state"] == "ok"
    assert second["reachable"]["state"] == "unknown"
    assert "No new data about the stack" in second["reachable"]["why"]


def test_a_plain_line_says_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    watch.print_lines(subscription_of(busy()), time.monotonic() + 0.3, every=3600)

    assert "unknown: No new data about the stack" in lines_of(capsys)[-1]
