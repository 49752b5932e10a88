"""Snapshots to show."""

from __future__ import annotations

from dataclasses import replace

from tweetpipe.live.snapshot import (
    DeadLettersState,
    FunctionState,
    Health,
    Landed,
    Point,
    Reads,
    Shard,
    Snapshot,
    StreamState,
    TableState,
)

AT = 1_800_000_000.0
OK = Health("ok")


def landed(message: str = "hello", username: str = "Ada") -> Landed:
    """A tweet that landed."""
    when = "2026-11-23 05:32:00Z"
    return Landed((username, "1"), username, when, message, "shard-0", "7", 0.25, AT)


def busy(*newest: Landed) -> Snapshot:
    """A stack at work, with two dead letters."""
    return Snapshot(
        at=AT,
        target="local",
        region="us-east-1",
        stack="tweets",
        reachable=OK,
        stream=StreamState("stream", OK, (Shard("shard-0", 50.0, 0.5),), 50.0),
        function=FunctionState("function", OK, 2.0, 0.0, 12.5, 0.5),
        table=TableState("tweets-EventData", OK, 49.5, 12345),
        dead_letters=DeadLettersState(Health("warning", "2 wait."), None, None, 2),
        newest=newest,
        latest=Point(AT, 50.0, 49.5, 0.5, 1.25, 0, 0),
        reads=Reads({"kinesis": 2.0}, {"kinesis": 20.0}),
        endpoint="http://127.0.0.1:4566",
    )


def unreachable() -> Snapshot:
    """A stack whose emulator is gone."""
    return replace(
        busy(), reachable=Health("error", "No emulator answers. Start it: tweetpipe up.")
    )
