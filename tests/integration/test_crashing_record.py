"""A record that ends the function each time, in the real mapping and the real function."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

from tests.stack_fixtures import PARAMETERS, deployed_stack
from tests.unit.processor.events import encode, v1_tweet
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.dead_letters import DeadLetter, Kind
from tweetpipe.looking import table

FATAL = b'"end it"'
# As a fault of a library would: the function itself is as it was.
HANDLER = """
import json, os

decode = json.JSONDecoder.decode

def decode_or_die(self, text, *rest):
    if text == '"end it"':
        os.abort()
    return decode(self, text, *rest)

json.JSONDecoder.decode = decode_or_die

import processor.batch

processor.batch.PATIENCE = 5.0
from processor.handler import handler
"""


@contextmanager
def with_that_handler(place: Place, function: str) -> Iterator[None]:
    lambda_ = place.lambda_()
    with urlopen(lambda_.get_function(FunctionName=function)["Code"]["Location"]) as answer:
        content = io.BytesIO(answer.read())
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("crashing.py", HANDLER)
    lambda_.update_function_code(FunctionName=function, ZipFile=content.getvalue())
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)
    lambda_.update_function_configuration(FunctionName=function, Handler="crashing.handler")
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)
    yield


@pytest.mark.slow
def test_a_record_that_ends_the_function_becomes_a_dead_letter_and_holds_nothing_up(
    place: Place,
) -> None:
    with (
        deployed_stack(place, PARAMETERS | {"ShardCount": "1"}) as stack,
        with_that_handler(place, stack.outputs["DDBEventProcessor"]),
    ):
        tweets = [encode(v1_tweet(number)) for number in range(20)]
        put(place, stack, [*tweets[:10], FATAL, *tweets[10:], FATAL])

        letters = wait_for(lambda: two_letters(place, stack), "two dead letters", seconds=120)
        wait_for(lambda: len(stored(place, stack)) == 20, "all tweets")

    assert {letter.payload for letter in letters} == {FATAL}
    assert {letter.reason for letter in letters} == {"crash"}
    assert {letter.kind for letter in letters} == {Kind.REJECTED}


def put(place: Place, stack: Stack, payloads: list[bytes]) -> None:
    place.kinesis().put_records(
        StreamName=stack.outputs["KinesisStream"],
        Records=[{"Data": data, "PartitionKey": "one"} for data in payloads],
    )


def stored(place: Place, stack: Stack) -> set[str]:
    return {item["Id"] for item in table.scan(place, stack.outputs["EventDataTable"])}


def two_letters(place: Place, stack: Stack) -> list[DeadLetter]:
    """All letters, once they tell of two records."""
    found, _ = dead_letters.peek(place, stack.outputs["DeadLetterQueueUrl"], 100)
    return found if len({letter.sequence_number for letter in found}) == 2 else []
