from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweets.timestamps import to_utc

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)


def expected(moment: datetime) -> str:
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


@given(MOMENTS)
def test_a_v1_time_becomes_utc_with_milliseconds(moment: datetime) -> None:
    day, month = calendar.day_abbr[moment.weekday()], calendar.month_abbr[moment.month]
    created_at = f"{day} {month} {moment:%d %H:%M:%S %z %Y}"

    assert to_utc(created_at) == expected(moment.replace(microsecond=0))


@given(MOMENTS, st.sampled_from(["seconds", "milliseconds", "microseconds"]))
def test_an_iso_time_becomes_utc_with_milliseconds(moment: datetime, precision: str) -> None:
    created_at = moment.isoformat(timespec=precision)

    known = moment.replace(microsecond=0) if precision == "seconds" else moment
    assert to_utc(created_at) == expected(known)


@pytest.mark.parametrize(
    ("created_at", "utc"),
    [
        ("Wed Oct 10 20:19:24 +0000 2018", "2018-10-10T20:19:24.000Z"),
        ("Wed Oct 10 20:19:24 +0930 2018", "2018-10-10T10:49:24.000Z"),
        ("Sat Dec 31 23:30:00 -0100 2022", "2023-01-01T00:30:00.000Z"),
        ("2026-11-23T05:32:00Z", "2026-11-23T05:32:00.000Z"),
        ("2026-11-23T05:32:00.5Z", "2026-11-23T05:32:00.500Z"),
        ("2026-11-23T05:32:00.123999999Z", "2026-11-23T05:32:00.123Z"),
        ("2026-11-23T05:32:00.000+0530", "2026-11-23T00:02:00.000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
        ("0900-01-01T00:00:00Z", "0900-01-01T00:00:00.000Z"),
    ],
)
def test_known_times(created_at: str, utc: str) -> None:
    assert to_utc(created_at) == utc


@pytest.mark.parametrize(
    "created_at",
    [
        "",
        "yesterday",
        "1539202764",
        "Wed Okt 10 20:19:24 +0000 2018",
        "Mit Oct 10 20:19:24 +0000 2018",
        "Wed Oct 32 20:19:24 +0000 2018",
        "Wed Oct 10 24:00:00 +0000 2018",
        "Wed Oct 10 20:19:60 +0000 2018",
        "Wed Oct 10 20:19:24 +2400 2018",
        "Wed Oct 10 20:19:24 +0060 2018",
        "Wed Oct 10 20:19:24 2018",
        "Wed Oct 10 20:19:24 +0000 2018\n",
        "Wed Oct 1\N{ARABIC-INDIC DIGIT ZERO} 20:19:24 +0000 2018",
        "2023-02-29T00:00:00Z",
        "2023-13-01T00:00:00Z",
        "2023-01-01T00:00:00",
        "2023-01-01 00:00:00Z",
        "2023-01-01",
        "2023-W01-1T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_anything_else_is_refused(created_at: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_utc(created_at)
