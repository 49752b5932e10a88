"""What a table's stream in the embedded LocalStack tells, of expired items as well."""

from __future__ import annotations

import io
import json
import time
import urllib.request
import uuid
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.waiting import wait_for

BINARY = b"\0\xff binary"
ENCODED = "AP8gYmluYXJ5"

REMEMBERING = """
import json, os

def handler(event, context):
    with open(os.environ["SEEN"], "a") as seen:
        for record in event["Records"]:
            seen.write(json.dumps(record) + "\\n")
"""


class Account:
    """Clients of an account that no other test has."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._id = str(uuid.uuid4().int)[:12]
        self.dynamodb = self.client("dynamodb")
        self.streams = self.client("dynamodbstreams")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self._endpoint,
            region_name="eu-west-1",
            aws_access_key_id=self._id,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def table(self, view: str = "NEW_AND_OLD_IMAGES") -> str:
        name = f"notes-{uuid.uuid4().hex[:8]}"
        self.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
        return name

    def stream(self, table: str) -> str:
        return str(self.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"])

    def shard(self, stream: str) -> Any:
        (shard,) = self.streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        return shard

    def records(self, table: str, kind: str = "TRIM_HORIZON", **position: str) -> list[Any]:
        stream = self.stream(table)
        iterator = self.streams.get_shard_iterator(
            StreamArn=stream,
            ShardId=self.shard(stream)["ShardId"],
            ShardIteratorType=kind,
            **position,
        )["ShardIterator"]
        return list(self.streams.get_records(ShardIterator=iterator)["Records"])

    def put(self, table: str, id_: str, **attributes: Any) -> None:
        self.dynamodb.put_item(TableName=table, Item={"id": {"S": id_}, **attributes})


@pytest.fixture(scope="module")
def account(endpoint: str) -> Account:
    return Account(endpoint)


def test_a_stream_tells_each_change_once_and_no_more(account: Account) -> None:
    table = account.table()
    one, two = {"b": {"B": BINARY}}, {"b": {"B": BINARY}, "l": {"L": [{"B": BINARY}]}}
    account.put(table, "1", **one)
    account.put(table, "1", **one)
    account.put(table, "1", **two)
    account.dynamodb.delete_item(TableName=table, Key={"id": {"S": "1"}})
    account.dynamodb.delete_item(TableName=table, Key={"id": {"S": "1"}})
    records = account.records(table)
    key = {"id": {"S": "1"}}
    told = [
        (
            record["eventName"],
            record["dynamodb"]["Keys"],
            record["dynamodb"].get("OldImage"),
            record["dynamodb"].get("NewImage"),
            record["dynamodb"]["SizeBytes"],
        )
        for record in records
    ]
    assert told == [
        ("INSERT", key, None, key | one, 16),
        ("MODIFY", key, key | one, key | two, 43),
        ("REMOVE", key, key | two, None, 30),
    ]
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))
    assert {record["awsRegion"] for record in records} == {"eu-west-1"}
    assert account.records(table, "LATEST") == []
    second = {"SequenceNumber": records[1]["dynamodb"]["SequenceNumber"]}
    assert account.records(table, "AT_SEQUENCE_NUMBER", **second) == records[1:]
    assert account.records(table, "AFTER_SEQUENCE_NUMBER", **second) == records[2:]


def test_an_update_that_makes_an_item_is_one_change(account: Account) -> None:
    table = account.table("KEYS_ONLY")

    def update(name: str) -> None:
        account.dynamodb.update_item(
            TableName=table,
            Key={"id": {"S": "1"}},
            UpdateExpression="SET #n = :n",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":n": {"S": ""}},
        )

    update("a")
    update("a")
    update("b")
    records = account.records(table)
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY"]
    for record in records:
        assert not record["dynamodb"].keys() & {"OldImage", "NewImage"}


def test_a_transaction_that_is_refused_is_not_told(account: Account) -> None:
    table = account.table()
    never = {"ConditionExpression": "attribute_exists(id)", "Key": {"id": {"S": "2"}}}
    with pytest.raises(ClientError):
        account.dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": {"id": {"S": "1"}}}},
                {"ConditionCheck": {"TableName": table, **never}},
            ]
        )
    assert account.records(table) == []


def test_a_stream_ends_and_another_begins(account: Account) -> None:
    table = account.table("NEW_IMAGE")
    first = account.stream(table)
    account.put(table, "1")
    on = {"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"}
    with pytest.raises(ClientError, match="already has an enabled stream"):
        account.dynamodb.update_table(TableName=table, StreamSpecification=on)
    account.dynamodb.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    account.put(table, "2")
    assert len(account.records(table)) == 1
    described = account.streams.describe_stream(StreamArn=first)["StreamDescription"]
    assert described["StreamStatus"] == "DISABLED"
    assert described["StreamViewType"] == "NEW_IMAGE"
    assert "EndingSequenceNumber" in described["Shards"][0]["SequenceNumberRange"]
    account.dynamodb.update_table(TableName=table, StreamSpecification=on)
    assert account.stream(table) != first
    assert account.records(table) == []


def test_what_no_stream_has_is_refused(account: Account) -> None:
    stream = account.stream(account.table())
    elsewhere = stream.replace(":eu-west-1:", ":nowhere:")
    shard = account.shard(stream)["ShardId"]
    where = {"StreamArn": stream, "ShardId": shard}
    get_iterator, get_records = account.streams.get_shard_iterator, account.streams.get_records
    iterator = get_iterator(**where, ShardIteratorType="LATEST")["ShardIterator"]
    for call, request, why in (
        (account.streams.describe_stream, {"StreamArn": f"{stream}9"}, "9 not found"),
        (account.streams.describe_stream, {"StreamArn": elsewhere}, "not found"),
        (get_iterator, where | {"ShardId": f"{shard}9", "ShardIteratorType": "LATEST"}, "Shard"),
        (get_iterator, where | {"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, "SequenceNumber"),
        (get_records, {"ShardIterator": f"{stream}|1|nonsense"}, "Invalid ShardIterator"),
        (get_records, {"ShardIterator": f"{stream}|1|NQ=="}, "Invalid ShardIterator"),
        (get_records, {"ShardIterator": iterator, "Limit": 1001}, "less than or equal to 1000"),
    ):
        with pytest.raises(ClientError, match=why):
            call(**request)


def expire(account: Account, table: str) -> None:
    account.dynamodb.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )


def test_expired_items_are_deleted_by_and_by(account: Account) -> None:
    table = account.table()
    now = int(time.time())
    for id_, until in (("past", now - 60), ("future", now + 600), ("ancient", 1)):
        account.put(table, id_, until={"N": str(until)})
    account.put(table, "text", until={"S": str(now - 60)})
    expire(account, table)

    def left() -> list[str]:
        items = account.dynamodb.scan(TableName=table)["Items"]
        return sorted(item["id"]["S"] for item in items)

    wait_for(lambda: "past" not in left(), "the expired item's end")
    assert left() == ["ancient", "future", "text"]
    (removed,) = account.records(table)[4:]
    assert removed["eventName"] == "REMOVE"
    assert removed["userIdentity"] == {
        "PrincipalId": "dynamodb.amazonaws.com",
        "Type": "Service",
    }


def test_a_time_to_live_is_turned_on_once(account: Account) -> None:
    table = account.table()
    expire(account, table)
    with pytest.raises(ClientError, match="TimeToLive is already enabled"):
        expire(account, table)
    with pytest.raises(ClientError, match="current AttributeName is until"):
        account.dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "other"}
        )
    with pytest.raises(ClientError) as refused:
        expire(account, "absent")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_function_is_told_of_changes_as_on_aws(
    account: Account, endpoint: str, tmp_path: Path
) -> None:
    table, seen = account.table(), tmp_path / "seen"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", REMEMBERING)
    lambda_ = account.client("lambda")
    name = f"remembering-{uuid.uuid4().hex[:8]}"
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handler",
        Timeout=60,
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"SEEN": str(seen)}},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    mapping = lambda_.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=account.stream(table),
        StartingPosition="TRIM_HORIZON",
    )["UUID"]
    try:
        account.put(table, "1", b={"B": BINARY}, s={"BS": [BINARY]}, until={"N": "2"})
        account.put(table, "1", b={"B": BINARY}, s={"BS": [BINARY]}, until={"N": "2"})
        account.put(table, "1", until={"N": str(int(time.time()) - 60)})
        expire(account, table)
        request = urllib.request.Request(f"{endpoint}/_aws/dynamodb/expired", method="DELETE")
        with urllib.request.urlopen(request):
            pass
        wait_for(lambda: seen.exists() and seen.read_text().count("\n") >= 3, "three events")
    finally:
        lambda_.delete_event_source_mapping(UUID=mapping)
        lambda_.delete_function(FunctionName=name)
    events = [json.loads(line) for line in seen.read_text().splitlines()]
    assert [event["eventName"] for event in events] == ["INSERT", "MODIFY", "REMOVE"]
    first, _second, third = (event["dynamodb"] for event in events)
    assert first["NewImage"] == {
        "id": {"S": "1"},
        "b": {"B": ENCODED},
        "s": {"BS": [ENCODED]},
        "until": {"N": "2"},
    }
    assert "OldImage" not in first
    assert "NewImage" not in third
    assert [event.get("userIdentity") for event in events] == [
        None,
        None,
        {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    ]
