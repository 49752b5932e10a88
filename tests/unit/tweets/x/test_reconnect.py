from __future__ import annotations

import pytest

from tweets.x.errors import XRefused, XUnreachable
from tweets.x.reconnect import Reconnect

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
