"""A batch of tweets goes all the way while every call is checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.iam import identities, stacks, template
from tests.iam.identities import Identity
from tests.iam.stacks import Names
from tests.waiting import wait_for
from tweets.fakes import FakeTweets, expected_item, render

COUNT = 200
NO_TWEET = b"no tweet at all"


@pytest.fixture(scope="module")
def names(admin: Identity) -> Names:
    """A stack whose function reads, with tweets and one other record put by its own user."""
    deployed = stacks.deploy(admin, template.load(), BatchWindowSeconds="0")
    producer = identities.user(admin, deployed.user)
    tweets = FakeTweets(seed=6)
    records = [
        {"Data": render(tweets.tweet(index), "v2"), "PartitionKey": str(index)}
        for index in range(COUNT)
    ]
    answer = producer.client("kinesis").put_records(
        StreamName=deployed.stream, Records=[*records, {"Data": NO_TWEET, "PartitionKey": "k"}]
    )
    assert answer["FailedRecordCount"] == 0
    return deployed


def test_the_function_stores_every_tweet_with_its_roles_rights(
    admin: Identity, names: Names
) -> None:
    tweets = FakeTweets(seed=6)
    expected = [expected_item(tweets.tweet(index)) for index in range(COUNT)]

    def stored() -> list[dict[str, str]]:
        pages = admin.client("dynamodb").get_paginator("scan").paginate(TableName=names.table)
        items = [_plain(item) for page in pages for item in page["Items"]]
        return items if len(items) >= COUNT else []

    found = wait_for(stored, f"{COUNT} items")

    assert sorted(found, key=_key) == sorted(expected, key=_key)


def test_it_sends_what_is_no_tweet_to_the_queue_with_its_roles_rights(
    admin: Identity, names: Names
) -> None:
    def received() -> list[dict[str, Any]]:
        answer = admin.client("sqs").receive_message(QueueUrl=names.queue_url)
        return list(answer.get("Messages", []))

    (message,) = wait_for(received, "the dead letter")

    assert json.loads(message["Body"])["reason"]


def test_without_the_right_to_write_nothing_is_stored(admin: Identity) -> None:
    """The function's calls are made as its role, then, and not as an administrator."""
    loaded = template.load()
    allowed = template.statement(loaded, "AWS::IAM::Role", "dynamodb:BatchWriteItem")
    allowed["Action"] = "dynamodb:DescribeTable"
    names = stacks.deploy(admin, loaded, BatchWindowSeconds="0", MaximumRetryAttempts="0")
    tweet = render(FakeTweets(seed=6).tweet(0), "v2")

    admin.client("kinesis").put_record(StreamName=names.stream, Data=tweet, PartitionKey="k")

    log = wait_for(lambda: _lines_about(admin, names, "AccessDenied"), "the denial in the log")
    assert "dynamodb:BatchWriteItem" in log[0]
    assert admin.client("dynamodb").scan(TableName=names.table)["Count"] == 0


def _lines_about(admin: Identity, names: Names, word: str) -> list[str]:
    events = admin.client("logs").filter_log_events(logGroupName=names.log_group)["events"]
    return [event["message"] for event in events if word in event["message"]]


def _plain(item: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: value["S"] for name, value in item.items()}


def _key(item: dict[str, str]) -> tuple[str, str]:
    return item["Username"], item["Id"]
