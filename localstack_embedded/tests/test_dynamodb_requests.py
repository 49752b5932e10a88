"""Whole requests that AWS refuses, with AWS's messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localstack_embedded.plugin.dynamodb import pages, requests
from localstack_embedded.plugin.dynamodb.errors import Refused, not_found
from localstack_embedded.plugin.dynamodb.keys import Schema

Value = dict[str, Any]

TWEETS = Schema(
    "tweets",
    (("user", "S"), ("id", "N")),
    {"by-date": (("user", "S"), ("date", "S"))},
    {"by-tag": (("tag", "S"),)},
)
PLAIN = Schema("plain", (("p", "S"),), {}, {})
MISMATCH = "The provided key element does not match the schema"
TWICE = "Provided list of item keys contains duplicates"


def schema_of(name: str) -> Schema:
    try:
        return {"tweets": TWEETS, "plain": PLAIN}[name]
    except KeyError:
        raise not_found() from None


def tweet(id_: str = "1", **attributes: Value) -> dict[str, Value]:
    return {"user": {"S": "u"}, "id": {"N": id_}, **attributes}


def put(id_: str = "1", **attributes: Value) -> dict[str, Any]:
    return {"PutRequest": {"Item": tweet(id_, **attributes)}}


def delete(id_: str = "1") -> dict[str, Any]:
    return {"DeleteRequest": {"Key": tweet(id_)}}


def refusal(check: Callable[..., object], request: dict[str, Any]) -> str:
    with pytest.raises(Refused) as refused:
        check(request, schema_of)
    assert refused.value.code == "ValidationException"
    return refused.value.message


def in_batch(*writes: dict[str, Any]) -> dict[str, Any]:
    return {"RequestItems": {"tweets": list(writes)}}


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"RequestItems": {}}, "at 'requestItems' failed to satisfy constraint: Member must have"),
        (in_batch(), "Member must have length greater than or equal to 1]"),
        (in_batch(*(put(str(n)) for n in range(26))), "Map value must satisfy constraint: [Member"),
        (
            {
                "RequestItems": {
                    "tweets": [put(str(n)) for n in range(25)],
                    "plain": [{"DeleteRequest": {"Key": {"p": {"S": "x"}}}}],
                }
            },
            "Too many items requested for the BatchWriteItem call",
        ),
        (in_batch(put(), put(text={"S": "other"})), TWICE),
        (in_batch(put(), delete()), TWICE),
        (in_batch(delete("1"), delete("1.0")), TWICE),
        (in_batch({}), "more than one datatypes set"),
        (in_batch({"OtherRequest": {}}), "more than one datatypes set"),
        (in_batch(put("1") | delete("2")), "more than one datatypes set"),
        (in_batch(put(n={"N": "abc"})), "cannot be converted to a numeric value: abc"),
        (in_batch(put(text={"S": "x" * 409600})), "Item size has exceeded the maximum allowed"),
        (in_batch({"PutRequest": {"Item": {"user": {"S": "u"}}}}), MISMATCH),
        (in_batch({"PutRequest": {"Item": tweet() | {"id": {"S": "1"}}}}), MISMATCH),
        (in_batch({"DeleteRequest": {"Key": tweet(more={"S": ""})}}), MISMATCH),
    ],
)
def test_a_batch_of_writes_that_aws_does_not_take_is_refused(
    request_: dict[str, Any], why: str
) -> None:
    assert why in refusal(requests.check_batch_write, request_)


def test_a_batch_of_25_is_taken_and_its_numbers_brought_into_their_form() -> None:
    batch = in_batch(*(put(f"{n}.0") for n in range(25)))
    requests.check_batch_write(batch, schema_of)
    assert batch["RequestItems"]["tweets"][7] == put("7")


def test_an_unknown_table_is_not_found() -> None:
    with pytest.raises(Refused) as refused:
        requests.check_batch_write({"RequestItems": {"other": [put()]}}, schema_of)
    assert refused.value.code == "ResourceNotFoundException"
    assert refused.value.message == "Requested resource not found"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"id": {"N": "1"}}, "Missing the key user in the item"),
        (tweet() | {"user": {"N": "1"}}, "Type mismatch for key user expected: S actual: N"),
        (tweet() | {"user": {"S": ""}}, "cannot contain an empty string value. Key: user"),
        (tweet() | {"user": {"S": "x" * 2049}}, "Size of hashkey has exceeded the maximum size"),
        (tweet(tag={"N": "1"}), "Index Key tag Expected: S Actual: N IndexName: by-tag"),
        (tweet(tag={"S": ""}), "empty string value. IndexName: by-tag, IndexKey: tag"),
        (tweet(tag={"S": "x" * 2049}), "Size of hashkey has exceeded the maximum size limit of20"),
        (tweet(date={"S": "x" * 1025}), "Aggregated size of all range keys has exceeded the size"),
    ],
)
def test_an_item_must_have_keys_that_fit(item: dict[str, Value], why: str) -> None:
    assert why in refusal(requests.check_put, {"TableName": "tweets", "Item": item})


def test_an_item_may_have_400_kb_and_no_more() -> None:
    room = 400 * 1024 - len("p1v")
    item = {"p": {"S": "1"}, "v": {"S": "x" * room}}
    requests.check_put({"TableName": "plain", "Item": item}, schema_of)
    item["v"]["S"] += "x"
    assert refusal(requests.check_put, {"TableName": "plain", "Item": item}) == (
        "Item size has exceeded the maximum allowed size"
    )


@pytest.mark.parametrize(
    "key",
    [
        {"user": {"S": "u"}},
        tweet() | {"id": {"S": "1"}},
        tweet(tag={"S": "t"}),
        {"user": {"S": "u"}, "tag": {"S": "t"}},
    ],
)
@pytest.mark.parametrize(
    "check", [requests.check_get, requests.check_delete, requests.check_update]
)
def test_a_key_must_be_the_tables_own(check: Callable[..., object], key: dict[str, Value]) -> None:
    assert refusal(check, {"TableName": "tweets", "Key": key}) == MISMATCH


@pytest.mark.parametrize(
    ("update", "why"),
    [
        ({"UpdateExpression": "SET id = :v"}, "Cannot update attribute id. This attribute is part"),
        ({"UpdateExpression": "SET #i[0] = :v"}, "Cannot update attribute id."),
        ({"AttributeUpdates": {"id": {"Value": {"N": "2"}}}}, "Cannot update attribute id."),
        ({"AttributeUpdates": {"n": {"Value": {"N": "x"}}}}, "cannot be converted"),
        ({"AttributeUpdates": {"n": {"Action": "PUT"}}}, "Only DELETE action is allowed"),
        ({"ConditionalOperator": "AND"}, "ConditionalOperator cannot be used without"),
    ],
)
def test_an_update_leaves_keys_alone(update: dict[str, Any], why: str) -> None:
    request = {"TableName": "tweets", "Key": tweet(), **update}
    if "UpdateExpression" in update:
        request["ExpressionAttributeValues"] = {":v": {"N": "2"}}
        if "#i" in update["UpdateExpression"]:
            request["ExpressionAttributeNames"] = {"#i": "id"}
    assert why in refusal(requests.check_update, request)


@pytest.mark.parametrize("values", ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_a_put_and_a_delete_return_old_values_only(values: str) -> None:
    request = {"TableName": "tweets", "Item": tweet(), "Key": tweet(), "ReturnValues": values}
    assert refusal(requests.check_put, request) == "Return values set to invalid value"
    assert refusal(requests.check_delete, request) == "Return values set to invalid value"


def test_options_that_aws_does_not_know_are_refused() -> None:
    for name in ("ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"):
        with pytest.raises(Refused, match="failed to satisfy constraint: Member must satisfy enum"):
            requests.check_options({name: "EVERYTHING"})


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([], "Member must have length greater than or equal to 1"),
        ([tweet(str(n)) for n in range(101)], "Member must have length less than or equal to 100"),
        ([tweet("1"), tweet("01")], TWICE),
        ([tweet() | {"id": {"S": "1"}}], MISMATCH),
    ],
)
def test_a_batch_of_reads_that_aws_does_not_take_is_refused(
    keys: list[dict[str, Value]], why: str
) -> None:
    request = {"RequestItems": {"tweets": {"Keys": keys}}}
    assert why in refusal(requests.check_batch_get, request)


def test_a_batch_of_reads_counts_all_tables_together() -> None:
    request = {
        "RequestItems": {
            "tweets": {"Keys": [tweet(str(n)) for n in range(60)]},
            "plain": {"Keys": [{"p": {"S": str(n)}} for n in range(41)]},
        }
    }
    assert refusal(requests.check_batch_get, request) == (
        "Too many items requested for the BatchGetItem call"
    )


def put_of(id_: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "tweets", "Item": tweet(id_), **more}}


def action(kind: str, id_: str = "1", **more: Any) -> dict[str, Any]:
    return {kind: {"TableName": "tweets", "Key": tweet(id_), **more}}


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([], "Member must have length greater than or equal to 1"),
        ([put_of(str(n)) for n in range(101)], "Member must have length less than or equal to 100"),
        ([{}], "can only contain one of Check, Put, Update or Delete"),
        ([put_of("1") | action("Delete", "2")], "can only contain one of Check, Put, Update or"),
        ([put_of("1"), action("Delete", "1.0")], "cannot include multiple operations on one item"),
        ([{"Get": {}}], "can only contain one of Check, Put, Update or Delete"),
        ([put_of("x")], "cannot be converted to a numeric value"),
        ([action("Update", UpdateExpression="SET a =")], 'Syntax error; token: "<EOF>"'),
        ([action("ConditionCheck", ConditionExpression="a = 1")], 'Syntax error; token: "1"'),
        (
            [
                put_of(
                    "1", ConditionExpression="a = :a", ExpressionAttributeValues={":b": {"S": ""}}
                )
            ],
            "attribute value: :a",
        ),
        (
            [
                {"Put": {"TableName": "tweets", "Item": tweet(str(n), v={"S": "x" * 400_000})}}
                for n in range(11)
            ],
            "exceeds maximum size: 4MB",
        ),
    ],
)
def test_a_transaction_that_aws_does_not_take_is_refused(
    items: list[dict[str, Any]], why: str
) -> None:
    assert why in refusal(requests.check_transact_write, {"TransactItems": items})


@pytest.mark.parametrize("token", ["", "x" * 37])
def test_a_token_has_1_to_36_characters(token: str) -> None:
    request = {"TransactItems": [put_of("1")], "ClientRequestToken": token}
    assert "at 'clientRequestToken'" in refusal(requests.check_transact_write, request)


def test_a_transaction_reads_each_item_once_and_100_at_most() -> None:
    gets = [action("Get", str(n)) for n in range(100)]
    requests.check_transact_get({"TransactItems": gets}, schema_of)
    for items in ([], [*gets, action("Get", "100")], [gets[0], gets[0]]):
        refusal(requests.check_transact_get, {"TransactItems": items})


QUERY = {
    "TableName": "tweets",
    "KeyConditionExpression": "#u = :u",
    "ExpressionAttributeNames": {"#u": "user"},
    "ExpressionAttributeValues": {":u": {"S": "u"}},
}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"Limit": 0}, "Value '0' at 'limit' failed to satisfy constraint: Member must have value"),
        ({"Select": "SOME"}, "at 'select' failed to satisfy constraint: Member must satisfy enum"),
        ({"Select": "SPECIFIC_ATTRIBUTES"}, "Must specify the AttributesToGet or Projection"),
        ({"Select": "COUNT", "ProjectionExpression": "a"}, "Cannot specify the ProjectionExpress"),
        ({"Select": "ALL_PROJECTED_ATTRIBUTES"}, "can be used only when Querying using an IndexN"),
        ({"IndexName": "none"}, "The table does not have the specified index: none"),
        ({"IndexName": "by-tag", "ConsistentRead": True}, "Consistent reads are not supported on"),
        ({"ExclusiveStartKey": {"user": {"S": "u"}}}, "The provided starting key is invalid"),
        (
            {"ExclusiveStartKey": tweet() | {"id": {"S": "1"}}},
            "starting key is invalid: The provid",
        ),
        ({"FilterExpression": "id > :u"}, "can only contain non-primary key attributes: Primary k"),
        ({"KeyConditionExpression": "#u = :u and #u = :u"}, "only contain one condition per key"),
        ({"QueryFilter": {}}, "Can not use both expression and non-expression parameters"),
    ],
)
def test_a_query_that_aws_does_not_take_is_refused(more: dict[str, Any], why: str) -> None:
    assert why in refusal(pages.check_query, QUERY | more)


def test_a_query_needs_a_key_condition() -> None:
    assert refusal(pages.check_query, {"TableName": "tweets"}) == (
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the"
        " request."
    )


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"Segment": 1}, "The TotalSegments parameter is required but was not present"),
        ({"TotalSegments": 2}, "The Segment parameter is required but was not present"),
        ({"Segment": 2, "TotalSegments": 2}, "Segment: 2 is not less than TotalSegments: 2"),
        ({"Segment": 0, "TotalSegments": 1_000_001}, "less than or equal to 1000000"),
        ({"FilterExpression": "a = :a"}, "attribute value: :a"),
    ],
)
def test_a_scan_that_aws_does_not_take_is_refused(more: dict[str, Any], why: str) -> None:
    assert why in refusal(pages.check_scan, {"TableName": "tweets", **more})
