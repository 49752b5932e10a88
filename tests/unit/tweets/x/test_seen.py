"""Up to when the stream has given all, however late its lines are read."""

from __future__ import annotations

import pytest

from tweets.x.seen import RecentIds, Seen, XClock, time_of

NOW = 1_800_000_000.0
BEAT = 20.0


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def id_of(time: float) -> str:
    return str((round(time * 1000) - 1_288_834_974_657) << 22)


@pytest.fixture
def here() -> Time:
    return Time()


@pytest.fixture
def clock(here: Time) -> XClock:
    clock = XClock(here, guess=lambda: 0.0)
    clock.heard(NOW)
    return clock


def seen(clock: XClock, at: float | None = None) -> Seen:
    return Seen(clock, heartbeat=BEAT, at=at)


def test_the_time_is_x_s_whatever_this_machine_says(here: Time, clock: XClock) -> None:
    here.now += 5
    assert clock.now() == NOW + 5
    clock.heard(NOW + 3)  # an answer that was long on its way
    assert clock.now() == NOW + 5
    clock.heard(NOW + 3600)  # the machine has slept meanwhile
    assert clock.now() == NOW + 3600
    clock.heard(None)
    assert clock.now() == NOW + 3600


def test_the_clock_of_this_machine_counts_until_x_has_said_something() -> None:
    assert XClock(lambda: 5.0, guess=lambda: NOW).now() == NOW


def test_nothing_is_owed_from_before_the_first_connect(clock: XClock) -> None:
    stream = seen(clock)
    assert stream.at is None
    stream.connected(NOW, backfilling=True)
    assert stream.at == NOW


def test_a_post_tells_how_far_the_stream_is_however_late_it_is_read(
    here: Time, clock: XClock
) -> None:
    stream = seen(clock)
    stream.connected(NOW, backfilling=False)
    here.now += 500

    stream.heard_of(id_of(NOW + 100))

    assert stream.at == NOW + 100
    assert stream.last_id == id_of(NOW + 100)


def test_a_post_that_comes_late_takes_nothing_back(here: Time, clock: XClock) -> None:
    stream = seen(clock)
    stream.connected(NOW, backfilling=False)
    here.now += 500
    stream.heard_of(id_of(NOW + 100))
    stream.heard_of(id_of(NOW + 93))
    assert stream.at == NOW + 100


def test_a_post_is_never_newer_than_now(here: Time, clock: XClock) -> None:
    stream = seen(clock)
    stream.connected(NOW, backfilling=False)
    here.now += 5
    stream.heard_of(id_of(NOW + 3600))
    assert stream.at == NOW + 5


@pytest.mark.parametrize("id_", [None, "x", "12", "9" * 30, id_of(NOW - 86_400)])
def test_a_post_whose_id_tells_no_time_leads_no_further_than_an_empty_line(
    id_: str | None, here: Time, clock: XClock
) -> None:
    stream = seen(clock)
    stream.connected(NOW, backfilling=False)
    here.now += 50  # for which the posts of these seconds may have waited here to be read
    stream.heard_of(id_)
    assert stream.at == NOW + BEAT
    for _ in range(9):
        stream.heard_of(id_)
    assert stream.at == NOW + 50


def test_heartbeats_count_as_far_apart_as_x_sends_them(here: Time, clock: XClock) -> None:
    stream = seen(clock)
    stream.connected(NOW, backfilling=False)
    here.now += 5000  # they have all waited here to be read
    for _ in range(4):
        stream.heard_nothing()
    assert stream.at == NOW + 3 * BEAT


def test_heartbeats_that_come_faster_lead_to_no_time_to_come(here: Time, clock: XClock) -> None:
    stream = seen(clock)
    stream.connected(NOW, backfilling=False)
    here.now += 7
    for _ in range(10):
        stream.heard_nothing()
    assert stream.at == NOW + 7


def test_what_is_sent_again_moves_nothing_until_something_newer_comes(
    here: Time, clock: XClock
) -> None:
    stream = seen(clock, at=NOW - 100)
    stream.connected(NOW, backfilling=True)
    here.now += 10

    stream.heard_of(id_of(NOW - 90))
    assert stream.at == NOW - 100
    assert stream.backfills
    stream.heard_of(id_of(NOW + 1))
    assert stream.at == NOW + 1


def test_a_heartbeat_says_that_all_was_sent_again(clock: XClock) -> None:
    stream = seen(clock, at=NOW - 100)
    stream.connected(NOW, backfilling=True)
    stream.heard_nothing()
    assert stream.at == NOW
    assert not stream.backfills


def test_an_ordinary_post_that_comes_late_is_no_proof_that_x_sends_again(
    here: Time, clock: XClock
) -> None:
    stream = seen(clock, at=NOW - 100)
    stream.connected(NOW, backfilling=True)
    stream.heard_of(id_of(NOW - 7))
    assert not stream.backfills


def test_the_last_posts_are_remembered_and_older_ones_forgotten() -> None:
    ids = RecentIds()
    assert ids.is_new("first")
    assert not ids.is_new("first")
    assert all([ids.is_new(str(number)) for number in range(10_000)])
    assert ids.is_new("first")


def test_an_id_tells_when_it_was_made() -> None:
    # https://docs.x.com/resources/fundamentals/x-ids
    assert time_of("1050118621198921728") == pytest.approx(1_539_202_764, abs=1)
