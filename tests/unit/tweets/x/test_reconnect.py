from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweets.fakes.x_api import FakeX, Limits, serving
from tweets.fakes.x_api.limits import RateWindow
from tweets.x import Credentials, XApi, XSource
from tweets.x.errors import Dropped, NotX, XRefused, XUnreachable
from tweets.x.reconnect import Reconnect
from tweets.x.seen import XClock
from tweets.x.source import XStream

NOW = 1_000_000.0


def refused(status: int, *, reset: float | None = None) -> XRefused:
    return XRefused(status, {"title": "no"}, reset=reset)


def waits(reconnect: Reconnect, failure: XRefused | XUnreachable, attempts: int) -> list[float]:
    return [reconnect.after(failure, now=NOW) for _ in range(attempts)]


def test_network_errors_wait_linearly_up_to_16_seconds() -> None:
    found = waits(Reconnect(), XUnreachable("gone"), 70)

    assert found[:4] == [0.25, 0.5, 0.75, 1.0]
    assert found[63:] == [16.0] * 7


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_http_errors_wait_exponentially_up_to_320_seconds(status: int) -> None:
    assert waits(Reconnect(), refused(status), 9) == [5, 10, 20, 40, 80, 160, 320, 320, 320]


@pytest.mark.parametrize("status", [420, 429])
def test_rate_limits_wait_exponentially_from_a_minute(status: int) -> None:
    assert waits(Reconnect(), refused(status), 4) == [60, 120, 240, 480]


def test_a_rate_limit_is_never_waited_out_for_longer_than_xs_window() -> None:
    assert waits(Reconnect(), refused(429), 2000)[4:] == [900] * 1996
    assert waits(Reconnect(), refused(429, reset=NOW + 86_400), 1) == [900]
    assert waits(Reconnect(), refused(429, reset=NOW - 86_400), 1) == [60]


def test_a_rate_limit_is_waited_out_where_that_is_later() -> None:
    reconnect = Reconnect()

    assert reconnect.after(refused(429, reset=NOW + 700), now=NOW) == 700
    assert reconnect.after(refused(429, reset=NOW + 1), now=NOW) == 120


def test_after_a_connection_the_waits_start_anew() -> None:
    reconnect = Reconnect()
    before = waits(reconnect, refused(503), 3)

    assert reconnect.dropped(lived=1.0, lines=2) == 0
    assert waits(reconnect, refused(503), 3) == before


def test_each_kind_of_failure_has_its_own_count() -> None:
    reconnect = Reconnect()

    assert waits(reconnect, refused(503), 2) == [5, 10]
    assert waits(reconnect, XUnreachable("gone"), 2) == [0.25, 0.5]
    assert waits(reconnect, refused(503), 1) == [20]


class Clock:
    now = 1_700_000_000.5

    def __call__(self) -> float:
        return self.now


OUTCOMES = st.one_of(
    st.tuples(st.floats(0, 120), st.integers(0, 3)),
    st.sampled_from([XUnreachable("gone"), NotX("https://x", 200, "Sign in")]),
    st.builds(refused, st.sampled_from([401, 403, 404, 409, 500, 503])),
    st.builds(refused, st.just(429), reset=st.none() | st.floats(0, NOW * 2000)),
)


@given(st.lists(OUTCOMES, min_size=1, max_size=6))
def test_no_sequence_of_outcomes_connects_oftener_than_x_allows_or_waits_too_long(
    outcomes: list[tuple[float, int] | XRefused | XUnreachable | NotX],
) -> None:
    clock = Clock()
    reconnect, allowed = Reconnect(clock), RateWindow(Limits().stream, clock)

    for outcome in itertools.islice(itertools.cycle(outcomes), 300):
        reconnect.attempt()
        if not isinstance(outcome, XUnreachable):
            assert allowed.take()
        if isinstance(outcome, tuple):
            lived, lines = outcome
            clock.now += lived
            wait = reconnect.dropped(lived=lived, lines=lines)
        else:
            wait = reconnect.after(outcome, now=clock.now)
        assert 0 <= wait <= 900
        clock.now += wait


def test_drops_now_and_then_are_connected_again_at_once() -> None:
    clock = Clock()
    reconnect = Reconnect(clock)

    for _ in range(200):
        reconnect.attempt()
        clock.now += 60
        assert reconnect.dropped(lived=60, lines=3) == 0


def test_steady_connections_that_drop_too_often_are_spread_over_xs_window() -> None:
    clock = Clock()
    reconnect = Reconnect(clock)
    waits = []
    for _ in range(100):
        reconnect.attempt()
        clock.now += 2
        waits.append(reconnect.dropped(lived=2, lines=5))
        clock.now += waits[-1]

    assert waits[:24] == [0] * 24
    assert min(waits[24:]) > 0
    assert max(waits) < 60
    assert sum(waits[50:]) / 50 == pytest.approx(905 / 50 - 2, abs=2)


def test_the_fake_x_that_drops_each_connection_never_has_to_limit_the_rate() -> None:
    # Time passes by asking for it and by waiting, so that a busy machine changes nothing.
    clock = Clock()

    def ask() -> float:
        clock.now += 0.25
        return clock.now

    def wait(seconds: float) -> None:
        clock.now += seconds

    began = ask()
    fake = FakeX(rate=100_000.0, match_all=True, rules=["yolo"], clock=ask)
    fake.add_faults("drop@1x80", "usage-capped")
    with serving(fake) as x:
        api = XApi(Credentials(bearer_token=fake.credentials.bearer_token), url=x.url)
        events: list[str] = []
        source = XSource(
            api,
            api.rules(),
            on_event=events.append,
            wait=wait,
            now=ask,
            clock=ask,
        )
        with pytest.raises(XRefused, match="used up"):
            list(source)

    assert source.counts.connections == 80
    assert not [event for event in events if "429" in event]
    assert clock.now - began > 900


class _Brief:
    """A connection that brings some lines within two seconds, and is dropped."""

    date = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def chunks(self) -> Iterator[bytes]:
        yield b"\r\n\r\n\r\n"
        self._clock.now += 2
        raise Dropped("X ended the stream")

    def end(self) -> None: ...

    close = end


class _NoBackfill:
    """An X that some day refuses whoever asks for the last minutes again."""

    def __init__(self, clock: Clock) -> None:
        self.connects: list[float] = []
        self._clock = clock

    def connect(self, *, backfill_minutes: int) -> _Brief:
        self.connects.append(self._clock())
        assert len(self.connects) <= 50 or self.connects[-1] - self.connects[-51] >= 900
        if len(self.connects) > 200:
            raise XRefused(429, {"type": "usage-capped"}, reset=None)
        if backfill_minutes and len(self.connects) > 40:
            raise refused(403)
        return _Brief(self._clock)


def test_what_x_forbids_twice_is_asked_for_no_more() -> None:
    clock = Clock()
    x = _NoBackfill(clock)

    def wait(seconds: float) -> None:
        clock.now += seconds

    stream = XStream(
        cast(XApi, x),
        (),
        x_clock=XClock(clock, guess=clock),
        backfill=None,
        wait=wait,
        now=clock,
        clock=clock,
    )
    with pytest.raises(XRefused, match="used up"):
        list(stream)
    assert stream.backfill is False
    assert stream.counts.connections == 198, "all but the two that were refused"
