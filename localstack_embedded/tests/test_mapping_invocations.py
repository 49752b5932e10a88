"""How the logs of many invocations are combined into few calls."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from localstack_embedded.plugin.mapping import invocations
from localstack_embedded.plugin.mapping.invocations import LogQueue

END = object()


@dataclass(frozen=True)
class Logged:
    """Has the fields of LocalStack's LogItem."""

    log_group: str
    log_stream: str
    logs: str


def lines(item: Logged) -> list[str]:
    """A log's lines, split as LocalStack does it."""
    return [line for line in item.logs.split("\n") if line]


def test_what_comes_alone_comes_at_once() -> None:
    queue = LogQueue(pause=lambda _: pytest.fail("nothing was logged before"))
    queue.put(Logged("g", "s", "START\nEND\n"))

    assert lines(queue.get()) == ["START", "END"]


def test_what_waits_for_one_stream_comes_together() -> None:
    queue = LogQueue(pause=lambda _: None)
    for text in ("a\n", "b", "c\n\nd"):
        queue.put(Logged("g", "s", text))

    assert lines(queue.get()) == ["a", "b", "c", "d"]


def test_streams_stay_apart_and_the_end_comes_last() -> None:
    queue = LogQueue(pause=lambda _: None)
    for item in (Logged("g", "s", "a"), Logged("g", "t", "b"), Logged("h", "t", "c"), END):
        queue.put(item)

    got = [queue.get() for _ in range(4)]

    assert [item.logs for item in got[:3]] == ["a", "b", "c"]
    assert got[3] is END


def test_streams_that_take_turns_come_together_each() -> None:
    queue = LogQueue(pause=lambda _: None)
    for stream, text in (("s", "a"), ("t", "b"), ("s", "c"), ("t", "d")):
        queue.put(Logged("g", stream, text))

    got = [queue.get() for _ in range(2)]

    assert [(item.log_stream, lines(item)) for item in got] == [
        ("s", ["a", "c"]),
        ("t", ["b", "d"]),
    ]


def test_a_second_call_waits_for_more_to_log() -> None:
    queue = LogQueue(pause=lambda _: queue.put(Logged("g", "s", "c")))
    queue.put(Logged("g", "s", "a"))
    queue.get()
    queue.put(Logged("g", "s", "b"))

    assert lines(queue.get()) == ["b", "c"]


def test_a_call_takes_no_more_than_it_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocations, "_MOST_TEXT", 4)
    queue = LogQueue(pause=lambda _: None)
    for text in ("aaa", "bbb", "ccc"):
        queue.put(Logged("g", "s", text))

    assert [lines(queue.get()) for _ in range(2)] == [["aaa", "bbb"], ["ccc"]]
