"""Fixtures for the tests of the processor."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from processor.dead_letters import DeadLetterQueue
from processor.rounds import Rounds
from processor.table import Table
from tests.tweets import TWEETS
from tests.unit.processor.aws_server import AwsServer, serving
from tests.unit.processor.fakes import QUEUE_URL, Clock, FakeDynamoDB, FakeSQS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rounds(pool: ThreadPoolExecutor, clock: Clock) -> Rounds:
    """Rounds that always pause for as long as the backoff allows, on a fake clock."""
    return Rounds(pool, sleep=clock.sleep, uniform=lambda _low, high: high)


@pytest.fixture
def dynamodb() -> FakeDynamoDB:
    return FakeDynamoDB()


@pytest.fixture
def sqs() -> FakeSQS:
    return FakeSQS()


@pytest.fixture
def table(dynamodb: FakeDynamoDB, rounds: Rounds) -> Table:
    return Table(dynamodb, "tweets-EventData", rounds, TWEETS.key)


@pytest.fixture
def queue(sqs: FakeSQS, rounds: Rounds) -> DeadLetterQueue:
    return DeadLetterQueue(sqs, QUEUE_URL, rounds)


@pytest.fixture
def aws_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsServer]:
    """A server that every client made from the environment calls."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
        yield server
