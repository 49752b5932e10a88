from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.tweetpipe.live.doubles import Clock
from tweetpipe.aws.place import local_place
from tweetpipe.live.reads import MeteredPlace, ReadMeter


def test_a_call_beyond_the_bound_is_not_allowed_until_time_has_passed() -> None:
    clock = Clock()
    meter = ReadMeter({"kinesis": 0.5}, clock=clock)
    for _ in range(5):
        assert meter.allows("kinesis")
        meter.count("kinesis")

    assert not meter.allows("kinesis")
    assert meter.reads().per_s == meter.reads().limit_per_s == {"kinesis": 0.5}
    clock.now += 10
    assert meter.allows("kinesis")
    assert meter.reads().per_s == {"kinesis": 0}


def test_requests_are_counted_where_they_leave_and_not_repeated(
    listening: str, silent: str
) -> None:
    meter = ReadMeter({"dynamodb": 1})
    there = local_place(embedded_endpoint=listening)
    place = MeteredPlace.of(replace(there, endpoint=silent), meter)

    for _ in range(2):
        with pytest.raises(EndpointConnectionError):
            place.dynamodb().list_tables()

    assert meter.reads().per_s == {"dynamodb": 0.2}
