"""The stream as a source, on connections that a script describes."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from producer import OutgoingRecord
from tests.waiting import wait_for
from tweets.x import TAG, Allowance, Rule, XApi, XSource
from tweets.x.errors import Dropped, NotX, XError, XRefused, XUnreachable
from tweets.x.source import XStream

DISCONNECT = (
    b'{"errors":[{"title":"operational-disconnect","detail":"It is over.",'
    b'"type":"https://api.x.com/2/problems/operational-disconnect"}]}\r\n'
)


def post(id_: str, *, tag: str = TAG, rule: str = "1") -> bytes:
    content = {"data": {"id": id_, "text": "hi"}, "matching_rules": [{"id": rule, "tag": tag}]}
    return json.dumps(content).encode() + b"\r\n"


class Connection:
    """Chunks, then the end; or with `blocks`, silence until somebody ends it."""

    def __init__(self, *chunks: bytes, blocks: bool = False) -> None:
        self._chunks = chunks
        self._blocks = blocks
        self._ended = threading.Event()
        self.closed = False
        self.date = None

    def chunks(self) -> Iterator[bytes]:
        yield from self._chunks
        if self._blocks:
            assert self._ended.wait(60)
        raise Dropped("X ended the stream")

    def end(self) -> None:
        self._ended.set()

    def close(self) -> None:
        self.closed = True


class Script:
    """An X whose next connections are these; after the last, it refuses for good."""

    def __init__(self, *steps: Connection | XError) -> None:
        self._steps: Iterator[Connection | XError] = itertools.chain(
            steps, itertools.repeat(XRefused(429, {"type": "usage-capped"}, reset=None))
        )
        self.heartbeat = 20.0
        self.waits: list[float] = []
        self.events: list[str] = []

    def connect(self, *, backfill_minutes: int) -> Connection:
        assert not backfill_minutes
        step = next(self._steps)
        if isinstance(step, XError):
            raise step
        return step

    def source(
        self,
        *,
        rules: Sequence[Rule] = (),
        max_posts: int | None = None,
        max_seconds: float | None = None,
        wait: Callable[[float], object] | None = None,
        lived: float = 10.0,
        allowance: Allowance | None = None,
    ) -> XSource:
        """`lived` is how many seconds each connection takes; waits take theirs."""
        seconds = itertools.count(step=lived)
        return XSource(
            cast(XApi, self),
            rules,
            max_posts=max_posts,
            max_seconds=max_seconds,
            on_event=self.events.append,
            wait=wait or self.waits.append,
            now=lambda: 1000.0,
            clock=lambda: next(seconds) + sum(self.waits),
            allowance=allowance,
        )


def read(source: XSource) -> list[str]:
    """The ids of all posts until X refuses for good."""
    found: list[str] = []

    def read_on() -> None:
        for record in source:
            found.append(json.loads(record.data)["data"]["id"])

    with pytest.raises(XRefused, match="used up its posts"):
        read_on()
    return found


def test_posts_come_across_connections_and_after_a_drop_at_once() -> None:
    first, second = Connection(post("1"), post("2")), Connection(post("3"))
    script = Script(first, second)

    source = script.source()
    found = read(source)

    assert found == ["1", "2", "3"]
    assert script.waits == []
    assert source.counts.connections == 2
    assert first.closed
    assert second.closed
    assert "Reconnecting now" in script.events[0]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_lines_are_whole_however_they_are_cut(size: int) -> None:
    stream = b"\r\n" + post("1") + b"\r\n\r\n" + post("2") + post("3")
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]

    source = Script(Connection(*chunks)).source()
    found = read(source)

    assert found == ["1", "2", "3"]
    assert source.counts.rubbish == 0


def test_a_half_line_is_counted_and_a_whole_one_without_its_end_is_used() -> None:
    script = Script(Connection(post("1"), post("2")[:20]), Connection(post("3").rstrip()))

    source = script.source()
    found = read(source)

    assert found == ["1", "3"]
    assert source.counts.rubbish == 1


def test_failed_attempts_wait_by_the_rules_until_something_comes() -> None:
    busy = XRefused(503, {"title": "Service Unavailable"}, reset=None)
    limited = XRefused(429, {"title": "Too Many Requests"}, reset=1100.0)
    gone = XUnreachable("X can't be reached")
    script = Script(
        *(busy, busy, gone, gone, limited, limited),
        Connection(b"\r\n\r\n"),
        *(busy, gone, limited),
    )

    read(script.source())

    assert script.waits == [5, 10, 0.25, 0.5, 100, 120, 5, 0.25, 100]
    assert script.events[4] == "X refuses (429): Too Many Requests. Reconnecting in 100 s."


def test_connections_that_close_before_anything_came_wait_longer_and_longer() -> None:
    script = Script(Connection(), Connection(), Connection(), Connection(post("1"), b"\r\n"))

    found = read(script.source())

    assert found == ["1"]
    assert script.waits == [0.25, 0.5, 0.75]


def brief() -> Connection:
    return Connection(post("1"), post("1"), post("1"))


def test_streams_that_end_within_a_second_are_connected_again_later_and_later() -> None:
    script = Script(*(brief() for _ in range(70)))

    read(script.source(lived=0.9))

    assert script.waits[:4] == [0.25, 0.5, 0.75, 1.0]
    assert all(later >= 16.0 for later in script.waits[-5:])
    assert len(script.waits) == 69, "the first time, at once"


def test_streams_that_end_after_a_single_post_are_connected_again_later_and_later() -> None:
    script = Script(*(Connection(post(f"{n}")) for n in range(4)))

    assert read(script.source()) == ["0", "1", "2", "3"]
    assert script.waits == [0.25, 0.5, 0.75]


def test_a_brief_connection_leaves_the_wait_where_it_was_and_a_steady_one_does_not() -> None:
    busy = XRefused(503, {"title": "Service Unavailable"}, reset=None)
    steps: list[Connection | XError] = [busy, busy, brief(), busy, busy]
    hasty, patient = Script(*steps), Script(*steps)

    read(hasty.source(lived=0.5))
    read(patient.source(lived=5.0))

    assert hasty.waits == [5, 10, 20, 40]
    assert patient.waits == [5, 10, 5, 10]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410])
def test_a_refusal_in_the_middle_of_a_run_passes_and_only_repeated_ones_end_it(
    status: int,
) -> None:
    refused = XRefused(status, {"title": "No"}, reset=None)
    script = Script(
        Connection(post("1"), post("2")), *[refused] * 4, Connection(post("3"), b"\r\n"), refused
    )
    assert read(script.source()) == ["1", "2", "3"]
    assert script.waits == [5, 10, 20, 40, 5]

    lasting = Script(Connection(post("1")), *[refused] * 5, Connection(post("2")))
    with pytest.raises(XRefused, match=str(status)):
        list(lasting.source())
    assert lasting.waits == [5, 10, 20, 40]


def test_a_refusal_at_the_start_ends_the_run() -> None:
    script = Script(XRefused(401, {"title": "Unauthorized"}, reset=None), Connection(post("1")))

    with pytest.raises(XRefused, match="401"):
        list(script.source())
    assert script.waits == []


def test_a_login_page_in_the_middle_of_a_run_is_waited_out_however_long_it_stays() -> None:
    page = NotX("https://api.x.com", 200, '"Sign in"')
    script = Script(Connection(post("1")), *[page] * 20, Connection(post("2"), b"\r\n"))

    assert read(script.source()) == ["1", "2"]
    assert script.waits[:3] == [5, 10, 20]
    assert script.waits[-1] == 320


def test_lines_of_something_else_are_no_sign_of_life() -> None:
    page = b"<html>\n<body>Sign in\n</html>\n"
    script = Script(*(Connection(page) for _ in range(4)), Connection(post("1")))

    assert read(script.source()) == ["1"]
    assert script.waits == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_after_a_disconnect_message_nothing_more_is_waited_for() -> None:
    script = Script(Connection(post("1") + DISCONNECT + post("2"), blocks=True), Connection())

    source = script.source()
    found = read(source)

    assert found == ["1", "2"]
    assert source.counts.errors == 1
    assert script.events[0] == "Disconnected (It is over). Reconnecting now."


def test_what_is_no_post_is_counted_and_the_stream_goes_on() -> None:
    odd = b'{"errors":[{"detail":"Odd."}]}\r\n{"news":1}\r\nrubbish\r\n'
    script = Script(Connection(odd + post("1")))

    source = script.source()
    found = read(source)

    assert found == ["1"]
    assert (source.counts.errors, source.counts.unknown, source.counts.rubbish) == (1, 1, 1)
    assert source.counts.in_words() == "1 error message, 1 unknown message, 1 unreadable line"


def test_posts_that_come_again_and_those_of_other_rules_are_left_out_but_counted() -> None:
    script = Script(
        Connection(post("1"), post("2", tag="other", rule="9"), post("3", tag="", rule="7")),
        Connection(post("1"), post("4")),
    )
    source = script.source(rules=[Rule("7", "cats", "")])

    assert read(source) == ["1", "3", "4"]
    assert (source.counts.posts, source.counts.duplicates, source.counts.foreign) == (5, 1, 1)


def test_it_ends_after_the_posts_it_may_read() -> None:
    connection = Connection(post("1") + post("2") + post("3"), blocks=True)
    source = Script(connection).source(max_posts=2)

    assert len(list(source)) == 2
    assert connection.closed
    assert (source.counts.posts, source.counts.unread) == (2, 1)


def test_what_came_before_somebody_ended_it_is_counted_too(tmp_path: Path) -> None:
    allowance = Allowance(tmp_path / "spent.json", account="x", price=0.005, limit=0.01)
    script = Script(Connection(*map(post, "1234"), blocks=True))
    source = XStream(cast(XApi, script), (), allowance=allowance)

    for _ in source:
        source.finish()
    assert (source.counts.posts, allowance.spent.posts) == (4, 4)
    assert not source.counts.limit_reached


@pytest.mark.parametrize("max_posts", [None, 2])
def test_what_x_has_sent_when_it_ends_is_paid_for_and_counted(
    max_posts: int | None, tmp_path: Path
) -> None:
    allowance = Allowance(tmp_path / "spent.json", account="x", price=0.005, limit=0.01)
    connection = Connection(post("1") + post("2") + post("3"), blocks=True)
    source = Script(connection).source(max_posts=max_posts, allowance=allowance)

    assert len(list(source)) == (max_posts or 3), "what is paid for is used, unless it's too many"
    assert allowance.spent.posts == 3
    assert source.counts.limit_reached == (max_posts is None)


@pytest.mark.parametrize("limit", [0.0, 0.01, 1.0])
def test_it_ends_with_the_last_post_that_may_be_paid_for(limit: float, tmp_path: Path) -> None:
    most = round(limit / 0.005)
    script = Script(*(Connection(post(f"{n}"), post(f"{n}"), b"\r\n") for n in range(3)))
    allowance = Allowance(tmp_path / "spent.json", account="x", price=0.005, limit=limit)
    source = script.source(allowance=allowance)

    if most < 6:
        assert [json.loads(r.data)["data"]["id"] for r in source] == ["0"] * bool(most)
    else:
        read(source)
    assert source.counts.posts == min(most, 6) == allowance.spent.posts
    assert source.counts.limit_reached == (most < 6)
    assert source.counts.connections == (most > 0) + 2 * (most > 6)


def test_each_rule_has_its_count_and_a_post_may_be_of_several() -> None:
    def match(*rules: str) -> bytes:
        content = {
            "data": {"id": f"{rules}"},
            "matching_rules": [{"id": rule, "tag": f"{TAG}:t{rule}"} for rule in rules],
        }
        return json.dumps(content).encode() + b"\r\n"

    rules = [Rule("1", "a", f"{TAG}:t1"), Rule("2", "b", TAG), Rule("3", "c", f"{TAG}:t3")]
    both, again = match("1", "2"), match("1", "2")
    source = Script(Connection(both, again, match("1"), match("9"))).source(rules=rules)

    assert len(read(source)) == 3
    assert source.counts.by_rule == {"t1": 2, "b": 1, "t3": 0, f"{TAG}:t9": 1}


def test_it_ends_after_the_time_it_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    is_read = threading.Event()

    class TimerAfterThePost(threading.Timer):
        """A busy machine may read nothing in the time that is short enough for a test."""

        def run(self) -> None:
            assert is_read.wait(60)
            super().run()

    monkeypatch.setattr(threading, "Timer", TimerAfterThePost)
    found: list[OutgoingRecord] = []

    for record in Script(Connection(post("1"), blocks=True)).source(max_seconds=0.1):
        found.append(record)
        is_read.set()

    assert len(found) == 1


def test_a_blocked_read_ends_with_all_lines_that_came() -> None:
    source = Script(Connection(post("1") + post("2"), blocks=True)).source()
    found: list[OutgoingRecord] = []
    thread = threading.Thread(target=lambda: found.extend(source))
    thread.start()
    wait_for(lambda: len(found) == 2, "two posts")
    source.finish()
    thread.join(60)

    assert not thread.is_alive()
    assert len(found) == 2


def test_finish_ends_the_wait_for_the_next_attempt() -> None:
    limited = XRefused(429, {"title": "Too Many Requests"}, reset=None)
    said = threading.Event()
    source = XSource(cast(XApi, Script(limited)), (), on_event=lambda _: said.set())
    thread = threading.Thread(target=lambda: list(source))
    thread.start()
    assert said.wait(60)
    source.finish()
    thread.join(60)

    assert not thread.is_alive()
