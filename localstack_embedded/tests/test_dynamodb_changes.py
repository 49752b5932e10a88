"""What a write consumes, what a stream reports about it, and what expires."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from localstack_embedded import ensure_environment, shared_home
from localstack_embedded.plugin.dynamodb.capacity import Consumed, read_units, write_units
from localstack_embedded.plugin.dynamodb.changes import change_record
from localstack_embedded.plugin.dynamodb.expiry import has_expired
from localstack_embedded.plugin.dynamodb.keys import Schema
from localstack_embedded.plugin.dynamodb.values import Item

SCHEMA = Schema("t", (("p", "S"),), {}, {"by-tag": (("tag", "S"),)})
NOW = datetime(2026, 11, 27, 1, 2, 3, 456789, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "read", "write"),
    [(0, 1, 1), (1024, 1, 1), (1025, 1, 2), (4096, 1, 4), (4097, 2, 5), (409600, 100, 400)],
)
def test_a_unit_reads_4_kb_and_writes_1(size: int, read: int, write: int) -> None:
    assert read_units(size, consistent=True) == read
    assert read_units(size, consistent=False) == read / 2
    assert write_units(size) == write


def item(size: int, **more: Any) -> Item:
    return {"p": {"S": "1"}, "v": {"S": "x" * (size - 3)}, **more}


def test_a_write_takes_the_larger_of_before_and_after() -> None:
    consumed = Consumed(SCHEMA)
    consumed.wrote(item(3000), item(10))
    consumed.wrote(None, item(1025))
    consumed.wrote(item(10), None)
    consumed.wrote(None, None)
    assert consumed.shown("TOTAL") == {"TableName": "t", "CapacityUnits": 7.0}


def test_an_index_takes_its_own() -> None:
    consumed = Consumed(SCHEMA)
    one, two = item(10, tag={"S": "one"}), item(10, tag={"S": "two"})
    consumed.wrote(None, one)
    consumed.wrote(one, one)
    consumed.wrote(one, two)
    assert consumed.shown("INDEXES") == {
        "TableName": "t",
        "CapacityUnits": 6.0,
        "Table": {"CapacityUnits": 3.0},
        "GlobalSecondaryIndexes": {"by-tag": {"CapacityUnits": 3.0}},
    }


def test_an_index_takes_only_what_it_holds_and_nothing_for_the_rest() -> None:
    schema = Schema("t", (("p", "S"),), {}, SCHEMA.global_, {"by-tag": frozenset(["p", "tag"])})
    consumed = Consumed(schema)
    one, two = item(3000, tag={"S": "one"}), item(3001, tag={"S": "one"})
    consumed.wrote(None, one)
    consumed.wrote(one, two)
    consumed.wrote(two, None)
    assert consumed.shown("INDEXES") == {
        "TableName": "t",
        "CapacityUnits": 11.0,
        "Table": {"CapacityUnits": 9.0},
        "GlobalSecondaryIndexes": {"by-tag": {"CapacityUnits": 2.0}},
    }


def test_a_transaction_takes_twice_as_much_and_says_what_for() -> None:
    written, read = Consumed(SCHEMA, "Write"), Consumed(SCHEMA, "Read")
    written.wrote(None, item(2000))
    read.read(5000, consistent=True)
    assert written.shown("TOTAL") == {
        "TableName": "t",
        "CapacityUnits": 4.0,
        "WriteCapacityUnits": 4.0,
    }
    assert read.shown("INDEXES")["Table"] == {"CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}


def told(
    before: Item | None, after: Item | None, view: str = "NEW_AND_OLD_IMAGES", **more: Any
) -> dict[str, Any] | None:
    return change_record(
        before,
        after,
        keys={"Id": None},
        view=view,
        sequence_number=111,
        region="eu-west-1",
        now=NOW,
        **more,
    )


# The sizes are those in the sample events of "Using Lambda with DynamoDB".
FIRST: Item = {"Id": {"N": "101"}, "Message": {"S": "New item!"}}
SECOND: Item = {"Id": {"N": "101"}, "Message": {"S": "This item has changed"}}


@pytest.mark.parametrize(
    ("before", "after", "name", "size", "images"),
    [
        (None, FIRST, "INSERT", 26, {"NewImage": FIRST}),
        (FIRST, SECOND, "MODIFY", 59, {"OldImage": FIRST, "NewImage": SECOND}),
        (SECOND, None, "REMOVE", 38, {"OldImage": SECOND}),
    ],
)
def test_a_record_has_the_images_that_there_are(
    before: Item | None, after: Item | None, name: str, size: int, images: dict[str, Item]
) -> None:
    record = told(before, after)
    assert record
    assert record["eventName"] == name
    assert record["awsRegion"] == "eu-west-1"
    assert "userIdentity" not in record
    assert record["dynamodb"] == {
        "ApproximateCreationDateTime": NOW.replace(microsecond=0),
        "Keys": {"Id": {"N": "101"}},
        "SequenceNumber": "111",
        "SizeBytes": size,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        **images,
    }


def test_nothing_is_told_of_what_did_not_change() -> None:
    assert told(FIRST, dict(FIRST)) is None
    assert told(None, None) is None


@pytest.mark.parametrize(
    ("view", "images"),
    [("KEYS_ONLY", set()), ("NEW_IMAGE", {"NewImage"}), ("OLD_IMAGE", {"OldImage"})],
)
def test_a_record_has_no_image_that_was_not_asked_for(view: str, images: set[str]) -> None:
    record = told(FIRST, SECOND, view)
    assert record
    assert record["dynamodb"].keys() & {"NewImage", "OldImage"} == images


def test_binary_values_are_told_as_bytes_at_any_depth() -> None:
    encoded = b64encode(b"\0\xff").decode()
    record = told(
        None,
        {
            "Id": {"B": encoded},
            "set": {"BS": [encoded]},
            "deep": {"L": [{"M": {"in": {"B": encoded}}}]},
        },
    )
    assert record
    assert record["dynamodb"]["Keys"] == {"Id": {"B": b"\0\xff"}}
    assert record["dynamodb"]["NewImage"] == {
        "Id": {"B": b"\0\xff"},
        "set": {"BS": [b"\0\xff"]},
        "deep": {"L": [{"M": {"in": {"B": b"\0\xff"}}}]},
    }


def test_what_has_expired_is_told_to_be_the_services_work() -> None:
    record = told(FIRST, None, by_expiry=True)
    assert record
    assert record["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}


@pytest.mark.parametrize(
    ("value", "expired"),
    [
        ({"N": "1000"}, False),
        ({"N": "999.5"}, True),
        ({"N": "999"}, True),
        ({"N": "1001"}, False),
        ({"N": str(1000 - 5 * 366 * 86400)}, False),  # More than five years ago.
        ({"S": "999"}, False),
        ({"NULL": True}, False),
    ],
)
def test_an_item_expires_after_its_time(value: dict[str, Any], expired: bool) -> None:
    assert has_expired({"ttl": value}, "ttl", now=1000.0) is expired
    assert not has_expired({"other": value}, "ttl", now=1000.0)


# Run in LocalStack's environment, which has moto.
A_DAY_LATER = """
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from localstack_embedded_plugin.dynamodb import stream_api, tables
from localstack_embedded_plugin.dynamodb.errors import Refused
from moto.dynamodb.models import dynamodb_backends

moments = []
for module in tables, stream_api:
    module.datetime = SimpleNamespace(now=lambda zone: datetime.now(zone) + sum(moments, NOTHING))
NOTHING = timedelta()
tables.mend()
table = dynamodb_backends["1"]["eu-west-1"].create_table(
    "t", schema=[{"AttributeName": "id", "KeyType": "HASH"}],
    attr=[{"AttributeName": "id", "AttributeType": "S"}], throughput=None, global_indexes=[],
    indexes=[], streams={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    billing_mode="PAY_PER_REQUEST", sse_specification=None, tags=[],
    deletion_protection_enabled=False)
arn = f"{table.table_arn}/stream/{table.latest_stream_label}"
api, context = stream_api.TableStreams(), SimpleNamespace(account_id="1", region="eu-west-1")

def put(id_):
    tables.Place(table, {"id": {"S": id_}}).set({"id": {"S": id_}})

def read(kind="TRIM_HORIZON", **more):
    shard = {"StreamArn": arn, "ShardId": table.stream_shard.id, "ShardIteratorType": kind}
    iterator = api.get_shard_iterator(context, {**shard, **more})["ShardIterator"]
    records = api.get_records(context, {"ShardIterator": iterator})["Records"]
    return [(each["dynamodb"]["Keys"]["id"]["S"], each["dynamodb"]["SequenceNumber"])
            for each in records]

put("a")
moments.append(timedelta(hours=23))
put("b")
(a, first), (b, second) = read()
moments.append(timedelta(hours=1, seconds=1))
assert read() == [("b", second)]
put("c")
(_, _), (c, third) = read()
assert int(third) == int(second) + 1 == int(first) + 2
assert read("AFTER_SEQUENCE_NUMBER", SequenceNumber=second) == [("c", third)]
described = api.describe_stream(context, {"StreamArn": arn})["StreamDescription"]["Shards"][0]
assert described["SequenceNumberRange"]["StartingSequenceNumber"] == second
assert len(table.stream_shard.items) == 2
try:
    read("AT_SEQUENCE_NUMBER", SequenceNumber=first)
except Exception as error:
    print(getattr(error, "code", error))
"""


@pytest.mark.heavy
def test_a_streams_records_are_gone_after_a_day() -> None:
    python = ensure_environment(shared_home()).python
    # LocalStack's imports may warn about missing packages.
    command = [str(python), "-W", "ignore", "-c", A_DAY_LATER]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (check.stdout.strip(), check.stderr) == ("TrimmedDataAccessException", "")
