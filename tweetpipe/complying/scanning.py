"""Reads what is stored: scans the table at a bounded rate, and reads the dead letters at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tweetpipe import events
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.complying.judge import Judge
from tweetpipe.dead_letters import Hold, Kind, bucket_of
from tweetpipe.dead_letters.bucket import Objects
from tweetpipe.dead_letters.letter import contained
from tweetpipe.looking.table import plain

Wire = dict[str, Any]

# Items of 400 bytes or so; a page that takes more units is followed by a longer pause.
_ITEMS_A_UNIT = 10
_PAGE = 1000  # items
_THROTTLED = ("ProvisionedThroughputExceededException", "ThrottlingException")
_WAITS = (5.0, 15.0, 30.0, 60.0, 60.0)  # seconds, beside the few that boto3 waits itself


@dataclass(frozen=True, kw_only=True)
class Pace:
    """At most this many read units a second, on average; one reads 4 KB consistently, else 8."""

    units: float
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = time.sleep


def pages(
    place: Place, table: str, *, also: str = "", consistently: bool, pace: Pace
) -> Iterator[list[Wire]]:
    """The keys of all items, with the attribute `also`, in DynamoDB's format."""
    partition, sort = events.chosen().key
    names = {"#partition": partition.name, "#sort": sort.name}
    if also:
        names["#also"] = also
    dynamodb = place.dynamodb()
    start: dict[str, Any] = {}
    while True:
        began = pace.clock()
        answer = _unthrottled(
            dynamodb.scan,
            pace,
            TableName=table,
            ConsistentRead=consistently,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
            ReturnConsumedCapacity="TOTAL",
            Limit=max(1, min(_PAGE, int(pace.units * _ITEMS_A_UNIT))),
            **start,
        )
        yield answer["Items"]
        if not (last := answer.get("LastEvaluatedKey")):
            return
        start = {"ExclusiveStartKey": last}
        used = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
        if (pause := used / pace.units - (pace.clock() - began)) > 0:
            pace.wait(pause)


def _unthrottled(scan: Callable[..., Any], pace: Pace, **asked: Any) -> Any:
    """The answer, after waiting as long as others use up what the table may be read."""
    for seconds in _WAITS:
        try:
            return scan(**asked)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _THROTTLED:
                raise
        pace.wait(seconds)
    return scan(**asked)


def found_in_table(place: Place, stack: Stack, judge: Judge, *, pace: Pace) -> Iterator[str]:
    """The ids of all stored events."""
    name = stack.outputs["EventDataTable"]
    for page in pages(place, name, consistently=False, pace=pace):
        for item in page:
            yield judge.id_of(plain(item))


def found_in_letters(place: Place, stack: Stack, judge: Judge) -> Iterator[str]:
    """The ids of all events in dead letters, in the queue and in the bucket."""
    bucket = bucket_of(stack)
    objects = Objects(place, bucket) if bucket else None
    with Hold(place, stack.outputs["DeadLetterQueueUrl"], bucket=bucket) as hold:
        for letter in hold.letters():
            records = [letter.payload] if letter.payload is not None else []
            if letter.kind is Kind.EXHAUSTED and letter.key and objects:
                records = [record.data for record in objects.records(letter) or []]
            for data in records:
                for content in contained(data):
                    yield from judge.ids_in(content)
