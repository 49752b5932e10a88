from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.lambda_event import Origin
from processor.rounds import Rounds
from processor.table import Put, Table
from tests.tweets import TWEETS, to_item
from tests.unit.processor.events import encode, v1_tweet
from tests.unit.processor.fakes import Clock, FakeDynamoDB, client_error

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def puts(count: int) -> list[Put]:
    return [Put(to_item(encode(v1_tweet(number))), ()) for number in range(count)]


def ids(undone: list[Put]) -> list[str]:
    return [put.item["Id"]["S"] for put in undone]


@given(count=st.integers(0, 120))
def test_calls_hold_at_most_25_puts_and_all_of_them(pool: ThreadPoolExecutor, count: int) -> None:
    dynamodb = FakeDynamoDB()
    Table(dynamodb, "table", Rounds(pool), TWEETS.key).write(puts(count), time_left=Clock().left)

    assert len(dynamodb.calls) == -(-count // 25)
    assert all(len(call) <= 25 for call in dynamodb.calls)
    assert len(dynamodb.items) == count


def test_items_go_to_the_named_table_as_they_are(table: Table, dynamodb: FakeDynamoDB) -> None:
    given_puts = puts(3)

    table.write(given_puts, time_left=Clock().left)

    assert dynamodb.tables == {"tweets-EventData"}
    assert list(dynamodb.items.values()) == [put.item for put in given_puts]


@pytest.mark.parametrize("arrival", [1_700_000_000.123, 1_700_000_000_123])
def test_an_item_expires_so_many_days_after_its_record_came(
    pool: ThreadPoolExecutor, dynamodb: FakeDynamoDB, arrival: float
) -> None:
    """As often as it is written, it says the same."""
    earlier: Any = {}
    record: Any = {"kinesis": {"approximateArrivalTimestamp": arrival}}
    item = to_item(encode(v1_tweet(1)))
    lasting = Table(dynamodb, "table", Rounds(pool), TWEETS.key, expire_after_days=3)

    for _ in range(2):
        lasting.write([Put(item, (Origin(earlier), Origin(record)))], time_left=Clock().left)

        [stored] = dynamodb.items.values()
        assert stored == {**item, "ExpiresAt": {"N": str(1_700_000_000 + 3 * 24 * 3600)}}


def test_an_item_of_a_record_that_does_not_say_when_it_came_expires_too(
    pool: ThreadPoolExecutor, dynamodb: FakeDynamoDB
) -> None:
    lasting = Table(dynamodb, "table", Rounds(pool), TWEETS.key, expire_after_days=1)
    nothing: Any = {}
    before = time.time()

    lasting.write([Put(to_item(encode(v1_tweet(1))), (Origin(nothing),))], time_left=Clock().left)

    [stored] = dynamodb.items.values()
    end: Any = stored["ExpiresAt"]
    assert int(before) <= int(end["N"]) - 24 * 3600 <= time.time()


def test_unprocessed_items_alone_are_sent_again(
    table: Table, dynamodb: FakeDynamoDB, clock: Clock
) -> None:
    answers = iter([["2", "5"], ["5"]])
    dynamodb.fault = lambda _ids: next(answers, [])

    outcome = table.write(puts(8), time_left=clock.left)

    assert [[key[1] for key in call] for call in dynamodb.calls[1:]] == [["2", "5"], ["5"]]
    assert outcome.undone == []
    assert outcome.repeats == 3


@pytest.mark.parametrize(
    "error",
    [
        client_error("ProvisionedThroughputExceededException"),
        client_error("ThrottlingException"),
        client_error("RequestLimitExceeded"),
        client_error("InternalServerError", 500),
        client_error("ServiceUnavailable", 503),
    ],
    ids=lambda error: error.response["Error"]["Code"],
)
def test_a_failure_that_may_pass_is_retried(
    table: Table, dynamodb: FakeDynamoDB, clock: Clock, error: Exception
) -> None:
    errors = iter([error, error])

    def fault(_ids: list[str]) -> list[str]:
        if (failure := next(errors, None)) is not None:
            raise failure
        return []

    dynamodb.fault = fault
    outcome = table.write(puts(5), time_left=clock.left)

    assert outcome.undone == []
    assert len(dynamodb.items) == 5
    assert clock.pauses == [0.05, 0.1]


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "ExpiredTokenException"]
)
def test_a_refused_call_is_not_repeated(
    table: Table, dynamodb: FakeDynamoDB, clock: Clock, code: str
) -> None:
    def fault(_ids: list[str]) -> list[str]:
        raise client_error(code)

    dynamodb.fault = fault
    outcome = table.write(puts(20), time_left=clock.left)

    assert len(dynamodb.calls) == 1
    assert len(outcome.undone) == 20
    assert outcome.failure is not None
    assert outcome.failure.code == code


def test_one_item_dynamodb_refuses_does_not_spoil_the_rest(
    table: Table, dynamodb: FakeDynamoDB, clock: Clock
) -> None:
    def fault(ids: list[str]) -> list[str]:
        if "13" in ids:
            raise client_error("ValidationException", message="One or more parameters")
        return []

    dynamodb.fault = fault
    outcome = table.write(puts(60), time_left=clock.left)

    assert ids([put for put, _ in outcome.invalid]) == ["13"]
    assert outcome.undone == []
    assert len(dynamodb.items) == 59
