from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from processor.clients import connect
from processor.dead_letters import DeadLetterQueue, dead_letter
from processor.errors import Reason, Rejected
from processor.lambda_event import Origin
from processor.rounds import Rounds
from processor.table import Put, Table
from tests.tweets import TWEETS, to_item
from tests.unit.processor.events import encode, kinesis_records, v1_tweet
from tests.unit.processor.fakes import QUEUE_URL, Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

    from tests.unit.processor.aws_server import AwsServer

PUTS = [Put(to_item(encode(v1_tweet(number))), ()) for number in range(60)]


@pytest.fixture
def clients(aws_server: AwsServer) -> Iterator[tuple[Any, Any]]:
    """Clients as the function makes them, and real connections."""
    clients = connect()
    yield clients
    aws_server.released.set()
    for client in clients:
        cast("Any", client).close()


@pytest.fixture
def real_table(clients: tuple[Any, Any], pool: ThreadPoolExecutor) -> Table:
    return Table(clients[0], "table", Rounds(pool), TWEETS.key)


@pytest.fixture
def real_queue(clients: tuple[Any, Any], pool: ThreadPoolExecutor) -> DeadLetterQueue:
    return DeadLetterQueue(clients[1], QUEUE_URL, Rounds(pool))


def test_items_arrive_unchanged(real_table: Table, aws_server: AwsServer) -> None:
    outcome = real_table.write(PUTS, time_left=Clock().left)

    assert outcome.undone == []
    assert sorted(map(str, aws_server.dynamodb.items.values())) == sorted(
        str(put.item) for put in PUTS
    )


@pytest.mark.parametrize("fault", [500, 502, 503, 504, 429, "close", "garbage"])
def test_a_fault_on_the_way_is_mended_by_a_retry(
    real_table: Table, aws_server: AwsServer, fault: int | str
) -> None:
    aws_server.faults.extend([fault] * 2)

    outcome = real_table.write(PUTS, time_left=Clock().left)

    assert outcome.undone == []
    assert len(aws_server.dynamodb.items) == len(PUTS)
    assert outcome.repeats >= 10


@pytest.mark.parametrize("fault", [500, "close", "garbage"])
def test_a_dead_letter_is_sent_until_sqs_says_it_arrived(
    real_queue: DeadLetterQueue, aws_server: AwsServer, fault: int | str
) -> None:
    aws_server.faults.append(fault)
    why = Rejected(Reason.NOT_JSON, "nonsense")
    letters = [dead_letter(Origin(record), why) for record in kinesis_records([b"{"] * 10)]

    outcome = real_queue.send(letters, time_left=Clock().left)

    assert outcome.undone == []
    assert len(aws_server.sqs.messages) == 10


def test_the_client_itself_retries_nothing(real_table: Table, aws_server: AwsServer) -> None:
    aws_server.faults.extend([500, 500])
    times = iter([60.0, 60.0])

    outcome = real_table.write(PUTS[:25], time_left=lambda: next(times, 0.0))

    assert len(outcome.undone) == 25
    assert list(aws_server.faults) == [500]


def test_a_server_that_never_answers_costs_no_more_than_the_time_left(
    real_table: Table, aws_server: AwsServer
) -> None:
    aws_server.faults.append("hang")
    times = iter([60.0])

    outcome = real_table.write(PUTS, time_left=lambda: next(times, 0.1))

    assert outcome.failure is not None
    assert outcome.failure.code == "NoAnswer"
    # On a busy machine, no call may have been answered by then.
    assert len(outcome.undone) >= 10
    undone = {put.item["Id"]["S"] for put in outcome.undone}
    stored = {id_ for _, id_ in aws_server.dynamodb.items}
    assert undone | stored == {put.item["Id"]["S"] for put in PUTS}
