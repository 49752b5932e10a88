"""Legacy updates, what requests must have, and how tables are described."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from localstack_embedded.plugin.dynamodb.descriptions import check_tables, complete
from localstack_embedded.plugin.dynamodb.errors import Refused
from localstack_embedded.plugin.dynamodb.members import check_members
from localstack_embedded.plugin.dynamodb.old_updates import check_action, updated
from localstack_embedded.plugin.dynamodb.specification import ON_ITEMS, patches


@pytest.mark.parametrize(
    ("there", "update", "left"),
    [
        ({"S": "a"}, {"Value": {"BOOL": True}}, {"BOOL": True}),
        (None, {"Action": "PUT", "Value": {"BS": ["Yg=="]}}, {"BS": ["Yg=="]}),
        ({"S": "a"}, {"Action": "DELETE"}, None),
        (None, {"Action": "DELETE"}, None),
        ({"SS": ["a", "b"]}, {"Action": "DELETE", "Value": {"SS": ["b", "c"]}}, {"SS": ["a"]}),
        ({"SS": ["a"]}, {"Action": "DELETE", "Value": {"SS": ["a"]}}, None),
        (None, {"Action": "DELETE", "Value": {"SS": ["a"]}}, None),
        ({"N": "0.1"}, {"Action": "ADD", "Value": {"N": "0.2"}}, {"N": "0.3"}),
        (None, {"Action": "ADD", "Value": {"N": "5"}}, {"N": "5"}),
        ({"NS": ["1"]}, {"Action": "ADD", "Value": {"NS": ["1", "2"]}}, {"NS": ["1", "2"]}),
        ({"L": [{"N": "1"}]}, {"Action": "ADD", "Value": {"L": []}}, {"L": [{"N": "1"}]}),
    ],
)
def test_an_attribute_is_updated_the_old_way(
    there: dict[str, Any] | None, update: dict[str, Any], left: dict[str, Any] | None
) -> None:
    before = {"id": {"S": "1"}} | ({"a": there} if there else {})
    after = updated(before, {"a": update})
    assert after == {"id": {"S": "1"}} | ({"a": left} if left else {})
    assert before.get("a") == there


@pytest.mark.parametrize(
    ("update", "why"),
    [
        ({"Action": "PUT"}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "OTHER", "Value": {"S": ""}}, "Unknown action OTHER"),
        ({"Action": "DELETE", "Value": {"S": ""}}, "not supported for the type S"),
        (
            {"Action": "ADD", "Value": {"BOOL": True}},
            "ADD action is not supported for the type BOO",
        ),
    ],
)
def test_an_update_that_no_type_has_is_refused(update: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_action("a", update)


def test_values_of_two_types_are_not_added() -> None:
    with pytest.raises(Refused, match="Type mismatch for attribute to update"):
        updated({"a": {"S": "1"}}, {"a": {"Action": "ADD", "Value": {"N": "1"}}})


@pytest.mark.parametrize(
    ("operation", "request_", "why"),
    [
        ("PutItem", {"TableName": "t"}, "The parameter 'Item' is required but was not present"),
        ("GetItem", {"Key": {}}, "The parameter 'TableName' is required but was not present"),
        (
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {}}]}},
            "Value null at 'requestItems.t.member.1.member.putRequest.item' failed to satisfy",
        ),
        (
            "TransactWriteItems",
            {"TransactItems": [{"ConditionCheck": {"TableName": "t", "Key": {}}}]},
            "at 'transactItems.1.member.conditionCheck.conditionExpression' failed to satisfy",
        ),
        ("BatchGetItem", {"RequestItems": {"t": {}}}, "requestItems.t.member.keys' failed to sati"),
        (
            "BatchGetItem",
            {"RequestItems": {"t": {"Keys": [None]}}},
            "Value null at 'requestItems.t.member.keys.1.member' failed to satisfy",
        ),
        (
            "GetItem",
            {"TableName": "t", "Key": {}, "ExpressionAttributeNames": {"#a": None}},
            "Value null at 'expressionAttributeNames.#a.member' failed to satisfy",
        ),
    ],
)
def test_what_a_request_must_have_it_has(
    operation: str, request_: dict[str, Any], why: str
) -> None:
    model = botocore.session.get_session().get_service_model("dynamodb")
    with pytest.raises(Refused, match=why):
        check_members(model.operation_model(operation).input_shape, request_)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"TableName": "ab"}, "TableName must be at least 3 characters long"),
        ({"TableName": "a#b"}, "must satisfy regular expression pattern"),
        ({"AttributeDefinitions": [{"AttributeType": "M"}]}, "enum value set: .B, N, S."),
        (
            {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": {"ReadCapacityUnits": 1}},
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified",
        ),
    ],
)
def test_a_table_that_aws_does_not_make_is_refused(more: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        check_tables("CreateTable", {"TableName": "abc"} | more)


def test_at_most_100_tables_are_listed_at_once() -> None:
    check_tables("ListTables", {"Limit": 100})
    with pytest.raises(Refused, match="less than or equal to 100"):
        check_tables("ListTables", {"Limit": 101})


def test_a_table_is_described_with_what_moto_leaves_out() -> None:
    kept = {"TableId": "id"}
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/t"

    def described(operation: str, mode: str, **request: Any) -> dict[str, Any]:
        description = {
            "TableArn": arn,
            "CreationDateTime": 7.0,
            "BillingModeSummary": {"BillingMode": mode},
            "GlobalSecondaryIndexes": [{"IndexName": "i"}],
            "LocalSecondaryIndexes": [],
            "SSEDescription": {"KMSMasterKeyArn": "k"},
        }
        complete(description, kept, operation, request)
        return description

    made = described("CreateTable", "PROVISIONED", TableClass="STANDARD")
    assert made == {
        "TableArn": arn,
        "TableId": "id",
        "TableClassSummary": {"TableClass": "STANDARD"},
        "CreationDateTime": 7.0,
        "GlobalSecondaryIndexes": [
            {"IndexName": "i", "IndexArn": f"{arn}/index/i", "IndexSizeBytes": 0, "ItemCount": 0}
        ],
        "SSEDescription": {"KMSMasterKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"},
    }
    later = described("DescribeTable", "PAY_PER_REQUEST")
    assert later["TableClassSummary"] == {"TableClass": "STANDARD"}
    assert later["BillingModeSummary"] == {
        "BillingMode": "PAY_PER_REQUEST",
        "LastUpdateToPayPerRequestDateTime": 7.0,
    }


@pytest.mark.parametrize(
    ("operation", "request_", "why"),
    [
        ("BatchWriteItem", {"RequestItems": []}, "Unexpected field type"),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": {}}}}, "Unexpected field type"),
        ("GetItem", {"TableName": 5, "Key": {}}, "NUMBER_VALUE cannot be converted to String"),
        (
            "GetItem",
            {"TableName": "t", "Key": {}, "AttributesToGet": [[]]},
            "Unexpected field type",
        ),
        (
            "Query",
            {"TableName": "t", "ExpressionAttributeNames": {"#a": ["b"]}},
            "Unexpected field type",
        ),
        ("Scan", {"TableName": "t", "Limit": "abc"}, "Unexpected field type"),
        ("Scan", {"TableName": "t", "Limit": True}, "Unexpected field type"),
    ],
)
def test_a_request_that_can_not_be_read_is_refused(
    operation: str, request_: dict[str, Any], why: str
) -> None:
    model = botocore.session.get_session().get_service_model("dynamodb")
    with pytest.raises(Refused, match=why) as refused:
        check_members(model.operation_model(operation).input_shape, request_)

    assert refused.value.code == "SerializationException"


def test_what_is_null_is_as_good_as_missing() -> None:
    model = botocore.session.get_session().get_service_model("dynamodb")
    write: dict[str, Any] = {"PutRequest": {"Item": {}}, "DeleteRequest": None}
    request_ = {"RequestItems": {"t": [write]}}

    check_members(model.operation_model("BatchWriteItem").input_shape, request_)

    assert write == {"PutRequest": {"Item": {}}}


def test_calls_on_items_are_read_once_only() -> None:
    model: Any = botocore.session.get_session().get_service_model("dynamodb")

    assert {patch["path"] for patch in patches()} == {
        f"/shapes/{model.operation_model(operation).input_shape.name}" for operation in ON_ITEMS
    }
