"""A producer goes on with the new access key when its own has been deleted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

import producer
from producer import OutgoingRecord, Settings
from tests.http_server import Request
from tests.unit.producer.doubles import (
    KinesisServer,
    accept,
    answer_with,
    data_of,
    fail_with,
    kinesis_server,
    records,
)
from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.aws import producer_key
from tweetpipe.aws.place import Place, local_place
from tweetpipe.aws.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

COUNT = 300
SETTINGS = Settings(max_records=10, linger=0.0)


@dataclass
class Account:
    """What CloudFormation and Secrets Manager say, and the one key that Kinesis takes."""

    key: str = "AKIA1"
    taken: str = "AKIA1"
    reads: int = 0
    on_read: Callable[[Account], None] = lambda _: None

    def stack(self, *_: object) -> Stack:
        self.reads += 1
        self.on_read(self)
        return complete_stack(AccessKeyId=self.key, ClientSecretArn="arn", KinesisStream="s")

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        return {"SecretString": f"secret of {self.key}"}

    def judge(self, kinesis: KinesisServer, request: Request, data: list[bytes]) -> None:
        """Answers a call as Kinesis does, which knows a deleted key no more."""
        found = re.search(r"Credential=(\w+)/", request.headers["Authorization"])
        answer = answer_with(accept)
        if found is None or found[1] != self.taken:
            answer = fail_with(400, "UnrecognizedClientException")
        answer(kinesis, request, data)


@pytest.fixture
def undelivered(tmp_path: Path) -> Path:
    return tmp_path / "undelivered.ndjson"


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def server(account: Account) -> Iterator[KinesisServer]:
    with kinesis_server() as server:
        server.script = [account.judge] * 1000
        yield server


@pytest.fixture
def place(server: KinesisServer, account: Account, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(Place, "secretsmanager", lambda _: account)
    monkeypatch.setattr("tweetpipe.aws.stack.get", account.stack)
    return local_place(embedded_endpoint=server.url, environ={})


def client_of(
    place: Place, account: Account, said: list[str], clock: Callable[[], float] = lambda: 0.0
) -> KinesisClient:
    config = producer.kinesis_client_config(SETTINGS)
    return producer_key.kinesis(
        place, account.stack(), config, say=said.append, clock=clock, pause=0.001
    )


@pytest.mark.parametrize("looks", [1, 4], ids=["at once", "when the update gets there"])
def test_no_record_is_lost_when_the_key_is_replaced(
    place: Place, account: Account, server: KinesisServer, undelivered: Path, looks: int
) -> None:
    """The outputs may name the new key only a while after AWS knows the old one no more."""
    said: list[str] = []

    def read(at: Account) -> None:
        if at.taken == "AKIA2" and at.reads > looks:
            at.key = "AKIA2"

    def source() -> Iterator[OutgoingRecord]:
        for number, record in enumerate(records(COUNT)):
            if number == COUNT // 3:
                account.taken = "AKIA2"
            yield record

    client = client_of(place, account, said)
    account.on_read = read
    report = producer.produce(
        source(), client=client, stream="s", undelivered=undelivered, settings=SETTINGS
    )

    assert (report.read, report.sent, report.failed) == (COUNT, COUNT, 0)
    assert server.stored == Counter(data_of(records(COUNT)))
    # Each call that was under way may read it.
    assert account.reads <= looks + SETTINGS.calls_in_flight
    assert set(said) == {"AWS rejects the producer's access key. Loading it again"}
    assert not undelivered.exists()


def test_a_key_that_stays_unknown_is_told_after_a_minute(place: Place, account: Account) -> None:
    account.taken = "somebody else's"
    seconds = count(0.0, 10.0)
    client = client_of(place, account, [], lambda: next(seconds))

    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client.put_records(StreamName="s", Records=[{"Data": b"{}", "PartitionKey": "k"}])

    assert account.reads == 6


def test_another_refusal_does_not_ask_for_the_key(
    place: Place, account: Account, server: KinesisServer
) -> None:
    server.script = [fail_with(400, "AccessDeniedException")]
    client = client_of(place, account, [])

    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_records(StreamName="s", Records=[{"Data": b"{}", "PartitionKey": "k"}])

    assert account.reads == 1
