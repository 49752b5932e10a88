"""How long a batch may have been handed over in vain, as far as one process can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.turns import Turns
from tests.unit.processor.events import kinesis_record

if TYPE_CHECKING:
    from processor.lambda_event import KinesisRecord

HOUR = 3600.0


def arrived(at: float, *, shard: str = "shardId-000000000000") -> KinesisRecord:
    record = kinesis_record(b"{}")
    record["eventID"] = f"{shard}:1"
    record["kinesis"]["approximateArrivalTimestamp"] = at
    return record


@pytest.fixture
def turns() -> Turns:
    """After a batch that came an hour ago and was done at once, in a backlog of hours."""
    turns = Turns()
    turns.finish(arrived(9 * HOUR), 10 * HOUR)
    return turns


def test_a_process_that_knows_nothing_counts_from_the_arrival() -> None:
    assert Turns().waiting(arrived(9 * HOUR), 10 * HOUR) == HOUR


def test_the_next_batch_of_a_backlog_has_waited_since_the_one_before_it(turns: Turns) -> None:
    assert turns.waiting(arrived(9 * HOUR), 10 * HOUR + 5) == 5


def test_a_batch_that_has_just_come_has_not_waited_before(turns: Turns) -> None:
    assert turns.waiting(arrived(11 * HOUR), 11 * HOUR + 5) == 5


@pytest.mark.parametrize(
    "first", [arrived(8 * HOUR), arrived(9 * HOUR, shard="shardId-000000000001")]
)
def test_what_others_have_overtaken_and_other_shards_count_from_the_arrival(
    turns: Turns, first: KinesisRecord
) -> None:
    came = first["kinesis"]["approximateArrivalTimestamp"]

    assert turns.waiting(first, 10 * HOUR + 5) == 10 * HOUR + 5 - came
