"""DynamoDB in the embedded LocalStack: as strict as AWS's, and as exact."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

Item = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def dynamodb(endpoint: str) -> Any:
    """A client that sends what it is given, in an account that no other test has."""
    account = str(uuid.uuid4().int)[:12]
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def table(dynamodb: Any) -> str:
    """A table with a sort key that is a number, and an index."""
    return make_table(dynamodb)


def make_table(dynamodb: Any, **more: Any) -> str:
    name = f"notes-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "user", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "user", "AttributeType": "S"},
            {"AttributeName": "id", "AttributeType": "N"},
            {"AttributeName": "tag", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-tag",
                "KeySchema": [{"AttributeName": "tag", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        **more,
    )
    return name


def note(user: str, id_: int | str, **attributes: Any) -> Item:
    return {"user": {"S": user}, "id": {"N": str(id_)}, **attributes}


def refusal(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_a_batch_of_26_is_refused_and_nothing_of_it_stored(dynamodb: Any, table: str) -> None:
    batch = [{"PutRequest": {"Item": note("26", id_)}} for id_ in range(26)]
    said = refusal(dynamodb.batch_write_item, RequestItems={table: batch})
    assert said.startswith("ValidationException: 1 validation error detected: Value")
    assert "Member must have length less than or equal to 25" in said
    assert stored(dynamodb, table, "26") == []


def test_one_faulty_item_has_the_whole_batch_refused(dynamodb: Any, table: str) -> None:
    batch = [{"PutRequest": {"Item": note("bad", id_)}} for id_ in (1, 2, "abc")]
    assert refusal(dynamodb.batch_write_item, RequestItems={table: batch}) == (
        "ValidationException: The parameter cannot be converted to a numeric value: abc"
    )
    assert stored(dynamodb, table, "bad") == []


def test_a_request_of_more_than_16_mb_is_refused(dynamodb: Any, table: str) -> None:
    large = {"S": "x" * 700_000}
    batch = [{"PutRequest": {"Item": note("large", id_, v=large)}} for id_ in range(24)]
    with pytest.raises(ClientError) as refused:
        dynamodb.batch_write_item(RequestItems={table: batch})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_numbers_are_one_key_in_whatever_form(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=note("form", "1.0", n={"N": "1e2"}))
    found = dynamodb.get_item(TableName=table, Key=note("form", "01"))["Item"]
    assert found == note("form", 1, n={"N": "100"})


def test_sums_are_exact(dynamodb: Any, table: str) -> None:
    def add(update: str, number: str) -> str:
        answer = dynamodb.update_item(
            TableName=table,
            Key=note("sum", 1),
            UpdateExpression=update,
            ExpressionAttributeValues={":n": {"N": number}},
            ReturnValues="UPDATED_NEW",
        )
        return str(answer["Attributes"]["n"]["N"])

    assert add("ADD n :n", "0.10") == "0.1"
    assert add("ADD n :n", "0.2") == "0.3"
    assert add("SET n = n - :n", "0.1") == "0.2"
    assert add("SET n = n + :n", "12345678901234567890123456789.8") == (
        "12345678901234567890123456790"
    )


def test_an_update_that_fails_changes_nothing(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=note("fails", 1, a={"S": "before"}))
    for id_ in (1, 2):
        said = refusal(
            dynamodb.update_item,
            TableName=table,
            Key=note("fails", id_),
            UpdateExpression="SET a = :a, big = :b",
            ExpressionAttributeValues={":a": {"S": "after"}, ":b": {"S": "x" * 409_600}},
        )
        assert said == (
            "ValidationException: Item size to update has exceeded the maximum allowed size"
        )
    assert stored(dynamodb, table, "fails") == [note("fails", 1, a={"S": "before"})]


def test_an_update_returns_what_it_was_told_to_change(dynamodb: Any, table: str) -> None:
    before = {"same": {"S": "s"}, "m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}}
    dynamodb.put_item(TableName=table, Item=note("told", 1, **before))

    def update(wanted: str) -> Any:
        return dynamodb.update_item(
            TableName=table,
            Key=note("told", 1),
            UpdateExpression="SET same = :s, m.x = :x",
            ExpressionAttributeValues={":s": {"S": "s"}, ":x": {"N": "3"}},
            ReturnValues=wanted,
        ).get("Attributes")

    assert update("UPDATED_OLD") == {"same": {"S": "s"}, "m": {"M": {"x": {"N": "1"}}}}
    assert update("UPDATED_NEW") == {"same": {"S": "s"}, "m": {"M": {"x": {"N": "3"}}}}
    assert update("NONE") is None


def test_a_condition_that_is_none_is_refused(dynamodb: Any, table: str) -> None:
    for condition in ("nonsense", "a = ", "unknown(a)"):
        said = refusal(
            dynamodb.put_item,
            TableName=table,
            Item=note("condition", 1),
            ConditionExpression=condition,
        )
        assert said.startswith("ValidationException: Invalid ConditionExpression: "), said


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("size(absent) > :v", {"N": "0"}, False),
        ("not size(absent) > :v", {"N": "0"}, True),
        ("size(body) > :v", {"S": "0"}, False),
        ("size(bits) = :v", {"N": "3"}, True),
        ("size(nought) > :v", {"N": "0"}, False),
        ("size(body) = :v", {"N": "2"}, True),
        ("size(parts[9]) > :v", {"N": "0"}, False),
        ("body > :v", {"N": "1"}, False),
        ("nought between :v and :v", {"N": "0"}, True),
        ("nought between :v and :v", {"S": "0"}, False),
        ("flag = :v", {"N": "1"}, False),
        ("nought in (:v)", {"BOOL": False}, False),
        ("nought = :v", {"N": "0"}, True),
        ("body <> :v", {"B": b"xx"}, True),
        ("absent <> :v", {"N": "1"}, True),
        ("contains(parts, :v)", {"N": "1"}, False),
        ("contains(parts, :v)", {"S": "1"}, True),
        ("bits < :v", {"B": b"abd"}, True),
        ("begins_with(bits, :v)", {"B": b"ab"}, True),
    ],
)
def test_only_values_of_one_type_are_compared(
    dynamodb: Any, table: str, condition: str, value: dict[str, Any], holds: bool
) -> None:
    attributes = {
        "body": {"S": "\u00e9"},
        "bits": {"B": b"abc"},
        "nought": {"N": "0"},
        "flag": {"BOOL": True},
        "parts": {"L": [{"S": "1"}]},
    }
    dynamodb.put_item(TableName=table, Item=note("types", 1, **attributes))

    found = dynamodb.query(
        TableName=table,
        KeyConditionExpression="#user = :user",
        FilterExpression=condition,
        ExpressionAttributeNames={"#user": "user"},
        ExpressionAttributeValues={":user": {"S": "types"}, ":v": value},
    )

    assert found["Count"] == int(holds)


@pytest.mark.parametrize("operation", ["describe_table", "update_table", "update_time_to_live"])
def test_a_table_must_be_named(dynamodb: Any, operation: str) -> None:
    said = refusal(getattr(dynamodb, operation))
    assert said == (
        "ValidationException: The parameter 'TableName' is required but was not present in the"
        " request"
    )


def test_a_reserved_word_needs_another_name(dynamodb: Any, table: str) -> None:
    get = {"TableName": table, "Key": note("reserved", 1), "ProjectionExpression": "name"}
    assert refusal(dynamodb.get_item, **get) == (
        "ValidationException: Invalid ProjectionExpression: Attribute name is a reserved keyword;"
        " reserved keyword: name"
    )
    query = {"KeyConditionExpression": "user = :u", "ExpressionAttributeValues": {":u": {"S": ""}}}
    assert "reserved keyword: user" in refusal(dynamodb.query, TableName=table, **query)


def test_what_a_condition_finds_is_returned_on_request(dynamodb: Any, table: str) -> None:
    there = note("found", 1, a={"L": [{"B": b"\0"}]})
    dynamodb.put_item(TableName=table, Item=there)
    with pytest.raises(ClientError) as refused:
        dynamodb.delete_item(
            TableName=table,
            Key=note("found", 1),
            ConditionExpression="attribute_not_exists(a)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert dict(refused.value.response)["Item"] == there


def test_an_expected_value_also_keeps_from_deleting(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=note("expected", 1, a={"S": "other"}))
    said = refusal(
        dynamodb.delete_item,
        TableName=table,
        Key=note("expected", 1),
        Expected={"a": {"Value": {"S": "this"}}},
    )
    assert said.startswith("ConditionalCheckFailedException: ")


def increment(table: str, id_: int, **more: Any) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": table,
            "Key": note("transaction", id_),
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
            **more,
        }
    }


def test_a_transaction_with_a_token_is_done_once(dynamodb: Any, table: str) -> None:
    request = {
        "TransactItems": [increment(table, 1), increment(table, 2)],
        "ClientRequestToken": uuid.uuid4().hex,
        "ReturnConsumedCapacity": "TOTAL",
    }
    first, second = (dynamodb.transact_write_items(**request) for _ in range(2))
    assert [item["n"]["N"] for item in stored(dynamodb, table, "transaction")] == ["1", "1"]
    assert first["ConsumedCapacity"] == [
        {"TableName": table, "CapacityUnits": 4.0, "WriteCapacityUnits": 4.0}
    ]
    assert second["ConsumedCapacity"] == [
        {"TableName": table, "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}
    ]
    other = request | {"TransactItems": [increment(table, 3)]}
    assert refusal(dynamodb.transact_write_items, **other).startswith(
        "IdempotentParameterMismatchException: "
    )


def test_a_transaction_does_all_or_nothing_and_says_why(dynamodb: Any, table: str) -> None:
    with pytest.raises(ClientError) as refused:
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": note("nothing", 1)}},
                increment(table, 7, ConditionExpression="attribute_exists(n)"),
                increment(table, 8, ConditionExpression="attribute_not_exists(n)"),
            ]
        )
    assert refused.value.response["Error"]["Code"] == "TransactionCanceledException"
    codes = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed", "None"]
    assert stored(dynamodb, table, "nothing") == []


def test_capacity_is_that_of_the_items(dynamodb: Any, table: str) -> None:
    def units(answer: Any) -> Any:
        consumed = answer["ConsumedCapacity"]
        return (consumed[0] if isinstance(consumed, list) else consumed)["CapacityUnits"]

    total = {"ReturnConsumedCapacity": "TOTAL"}
    item = note("units", 1, v={"S": "x" * 9000})
    small = note("units", 2)
    batch = {table: [{"PutRequest": {"Item": it}} for it in (item, small)]}
    keys = {table: {"Keys": [note("units", 1), note("units", 9)]}}
    query = {
        "TableName": table,
        "KeyConditionExpression": "#u = :u",
        "FilterExpression": "attribute_exists(absent)",
        "ExpressionAttributeNames": {"#u": "user"},
        "ExpressionAttributeValues": {":u": {"S": "units"}},
    }
    get = {"TableName": table, "Key": note("units", 1)}
    assert units(dynamodb.batch_write_item(RequestItems=batch, **total)) == 10
    assert units(dynamodb.get_item(**get, **total)) == 1.5
    assert units(dynamodb.get_item(**get, ConsistentRead=True, **total)) == 3
    assert units(dynamodb.batch_get_item(RequestItems=keys, **total)) == 2
    assert units(dynamodb.query(**query, **total)) == 1.5
    assert units(dynamodb.put_item(TableName=table, Item=note("units", 1), **total)) == 9
    assert "ConsumedCapacity" not in dynamodb.batch_write_item(RequestItems=batch)
    assert dynamodb.put_item(
        TableName=table, Item=note("units", 3, tag={"S": "t"}), ReturnConsumedCapacity="INDEXES"
    )["ConsumedCapacity"] == {
        "TableName": table,
        "CapacityUnits": 2.0,
        "Table": {"CapacityUnits": 1.0},
        "GlobalSecondaryIndexes": {"by-tag": {"CapacityUnits": 1.0}},
    }


def pages(call: Callable[..., Any], **request: Any) -> list[list[Item]]:
    """The items of each page."""
    found = []
    while True:
        answer = call(**request)
        found.append(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def test_a_page_ends_at_its_limit_or_at_1_mb_before_any_filter(dynamodb: Any) -> None:
    table = make_table(dynamodb)
    large = {"S": "x" * 300_000}
    for id_ in range(8):
        item = note("pages", id_, v=large, even={"BOOL": id_ % 2 == 0}, tag={"S": "t"})
        dynamodb.put_item(TableName=table, Item=item)
    query = {
        "TableName": table,
        "KeyConditionExpression": "#u = :u and id < :most",
        "ExpressionAttributeNames": {"#u": "user"},
        "ExpressionAttributeValues": {":u": {"S": "pages"}, ":most": {"N": "7"}},
    }

    def ids(found: list[list[Item]]) -> list[list[int]]:
        return [[int(item["id"]["N"]) for item in page] for page in found]

    assert ids(pages(dynamodb.query, **query)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert ids(pages(dynamodb.query, **query, ScanIndexForward=False)) == [
        [6, 5, 4],
        [3, 2, 1],
        [0],
    ]
    # At its limit it doesn't look whether there is more.
    assert ids(pages(dynamodb.query, **query, Limit=7)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert ids(pages(dynamodb.query, **query | {"Limit": 1}))[-2:] == [[6], []]
    filtered = query | {
        "FilterExpression": "even = :e",
        "ExpressionAttributeValues": query["ExpressionAttributeValues"] | {":e": {"BOOL": True}},  # type: ignore[operator]
        "Limit": 2,
    }
    assert ids(pages(dynamodb.query, **filtered)) == [[0], [2], [4], [6]]
    scanned = ids(pages(dynamodb.scan, TableName=table, Limit=3))
    assert sorted(id_ for page in scanned for id_ in page) == list(range(8))
    # An index holds less, and has pages of its own.
    by_tag = {
        "TableName": table,
        "IndexName": "by-tag",
        "KeyConditionExpression": "tag = :t",
        "ExpressionAttributeValues": {":t": {"S": "t"}},
        "Limit": 5,
    }
    found = pages(dynamodb.query, **by_tag)
    assert ids(found) == [[0, 1, 2, 3, 4], [5, 6, 7]]
    assert found[0][0] == note("pages", 0, tag={"S": "t"})


def test_a_page_begins_within_what_is_asked_for(dynamodb: Any, table: str) -> None:
    query = {
        "TableName": table,
        "KeyConditionExpression": "#u = :u and id < :most",
        "ExpressionAttributeNames": {"#u": "user"},
        "ExpressionAttributeValues": {":u": {"S": "within"}, ":most": {"N": "7"}},
    }
    for start, why in (
        (note("other", 1), "outside query boundaries"),
        (note("within", 8), "does not match the range key predicate"),
    ):
        assert why in refusal(dynamodb.query, **query, ExclusiveStartKey=start)


def test_an_index_has_the_items_with_its_keys_and_what_it_projects(dynamodb: Any) -> None:
    name = f"indexed-{uuid.uuid4().hex[:8]}"
    by_number = [
        {"AttributeName": "p", "KeyType": "HASH"},
        {"AttributeName": "n", "KeyType": "RANGE"},
    ]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[by_number[0], {"AttributeName": "s", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": kind}
            for key, kind in (("p", "S"), ("s", "S"), ("n", "N"), ("g", "S"))
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "local",
                "KeySchema": by_number,
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "global",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
            }
        ],
    )
    keys = {"p": {"S": "1"}, "s": {"S": "a"}}
    whole = keys | {"n": {"N": "7"}, "g": {"S": "g"}, "x": {"S": "x"}, "y": {"S": "y"}}
    for item in (whole, keys | {"s": {"S": "b"}, "y": {"S": "y"}}):
        dynamodb.put_item(TableName=name, Item=item)
    by_g = {
        "TableName": name,
        "IndexName": "global",
        "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"S": "g"}},
    }
    by_n = by_g | {
        "IndexName": "local",
        "KeyConditionExpression": "p = :p",
        "ExpressionAttributeValues": {":p": {"S": "1"}},
    }

    held = {key: value for key, value in whole.items() if key not in ("n", "y")}
    assert dynamodb.query(**by_g)["Items"] == [held]
    assert "index global does not project [n, y]" in refusal(
        dynamodb.query, **by_g, ProjectionExpression="y, x, n.o"
    )
    assert dynamodb.query(**by_n)["Items"] == [keys | {"n": {"N": "7"}}]
    fetched = dynamodb.query(**by_n, ProjectionExpression="y", ReturnConsumedCapacity="INDEXES")
    assert fetched["Items"] == [{"y": {"S": "y"}}]
    assert fetched["ConsumedCapacity"]["Table"] == {"CapacityUnits": 0.5}
    assert dynamodb.query(**by_n, Select="ALL_ATTRIBUTES")["Items"] == [whole]
    assert "at 'segment'" in refusal(dynamodb.scan, TableName=name, Segment=-1, TotalSegments=2)


def test_binary_keys_are_in_the_order_of_their_bytes(dynamodb: Any) -> None:
    name = f"binary-{uuid.uuid4().hex[:8]}"
    keys = (("p", "HASH"), ("s", "RANGE"))
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "B"} for key, _ in keys],
    )
    for sort in (b"\xff", b"\x00", b"\x7f"):
        dynamodb.put_item(TableName=name, Item={"p": {"B": b"p"}, "s": {"B": sort}})
    found = dynamodb.query(
        TableName=name,
        KeyConditionExpression="p = :p and s < :s",
        ExpressionAttributeValues={":p": {"B": b"p"}, ":s": {"B": b"\xf0"}},
    )["Items"]
    assert [item["s"]["B"] for item in found] == [b"\x00", b"\x7f"]


def test_segments_of_a_scan_have_each_item_once(dynamodb: Any) -> None:
    table = make_table(dynamodb)
    batch = [{"PutRequest": {"Item": note(f"user {id_}", id_)}} for id_ in range(25)]
    dynamodb.batch_write_item(RequestItems={table: batch})
    found = [
        int(item["id"]["N"])
        for segment in range(4)
        for page in pages(dynamodb.scan, TableName=table, Segment=segment, TotalSegments=4, Limit=3)
        for item in page
    ]
    assert sorted(found) == list(range(25))


def stored(dynamodb: Any, table: str, user: str) -> list[Item]:
    """A user's items."""
    found: list[Item] = dynamodb.query(
        TableName=table,
        KeyConditionExpression="#u = :u",
        ExpressionAttributeNames={"#u": "user"},
        ExpressionAttributeValues={":u": {"S": user}},
    )["Items"]
    return found


def test_what_can_not_be_read_is_no_fault_of_the_service(dynamodb: Any, table: str) -> None:
    with pytest.raises(ClientError) as refused:
        dynamodb.scan(TableName=table, Limit=True)

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_what_partiql_changes_is_read_by_all_other_calls(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=note("partiql", 1, tag={"S": "old"}))
    dynamodb.execute_statement(Statement=f"UPDATE \"{table}\" SET tag='new' WHERE tag='old'")
    expected = note("partiql", 1, tag={"S": "new"})
    key = {"user": {"S": "partiql"}, "id": {"N": "1"}}
    assert dynamodb.get_item(TableName=table, Key=key)["Item"] == expected
    found = dynamodb.query(
        TableName=table,
        IndexName="by-tag",
        KeyConditionExpression="tag = :new",
        ExpressionAttributeValues={":new": {"S": "new"}},
    )
    assert found["Items"] == [expected]
    dynamodb.delete_item(
        TableName=table,
        Key=key,
        ConditionExpression="tag = :new",
        ExpressionAttributeValues={":new": {"S": "new"}},
    )
