"""Names, values, and paths in the expressions of a request."""

from __future__ import annotations

from typing import Any

import pytest

from localstack_embedded.plugin.dynamodb import expressions
from localstack_embedded.plugin.dynamodb.errors import Refused
from localstack_embedded.plugin.dynamodb.expressions import check_expressions, project
from localstack_embedded.plugin.dynamodb.operands import Path
from localstack_embedded.plugin.dynamodb.values import Item

UPDATE = ["UpdateExpression", "ConditionExpression"]
ONE = {":a": {"S": "1"}}


def refusal(request: dict[str, Any], old: tuple[str, ...] = ()) -> str:
    kinds = ["ProjectionExpression"] if "ProjectionExpression" in request else UPDATE
    with pytest.raises(Refused) as refused:
        check_expressions(request, kinds, old)
    assert refused.value.code == "ValidationException"
    return refused.value.message


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("SET a = :a SET b = :a", 'The "SET" section can only be used once in an update'),
        ("REMOVE a set b = :a remove c", 'The "REMOVE" section can only be used once'),
        ("SET a = :a, a = :a", "overlap with each other;"),
        ("SET a.b = :a, a = :a", "path one: [a, b], path two: [a]"),
        ("SET l[0] = :a REMOVE l", "path one: [l, [0]], path two: [l]"),
        ("SET a.b = :a, a[0] = :a", "Two document paths conflict with each other;"),
        ("SET a = if_not_exists(b, :a), b = :a, b.c = :a", "path one: [b], path two: [b, c]"),
        ("SET a = :b", "not defined; attribute value: :b"),
        ("SET #a = :a", "not defined; attribute name: #a"),
        ("", "The expression can not be empty;"),
        ("SET a = :a ?", 'Syntax error; token: "?"'),
        ("SET a = :a" + " " * 4096 + "REMOVE b", "Expression size has exceeded the maximum"),
    ],
)
def test_an_update_that_aws_does_not_take_is_refused(expression: str, why: str) -> None:
    request = {"UpdateExpression": expression, "ExpressionAttributeValues": ONE}
    message = refusal(request)
    assert message.startswith("Invalid UpdateExpression: ")
    assert why in message


@pytest.mark.parametrize("kind", ["ConditionExpression", "UpdateExpression"])
def test_names_and_values_of_no_use_are_refused(kind: str) -> None:
    expression = "SET a = :a" if kind == "UpdateExpression" else "a = :a"
    assert (
        refusal({kind: expression, "ExpressionAttributeValues": ONE | {":b": {"S": "2"}}})
        == "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"
    )
    assert (
        refusal(
            {
                kind: expression,
                "ExpressionAttributeValues": ONE,
                "ExpressionAttributeNames": {"#n": "n"},
            }
        )
        == "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}"
    )


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"ExpressionAttributeNames": {"#n": "n"}}, "can only be specified when using expressions"),
        (
            {"ExpressionAttributeValues": ONE},
            "ExpressionAttributeValues can only be specified when using expressions:"
            " UpdateExpression and ConditionExpression are null",
        ),
        ({"UpdateExpression": "REMOVE b", "ExpressionAttributeValues": {}}, "must not be empty"),
        ({"UpdateExpression": "REMOVE b", "ExpressionAttributeNames": {}}, "must not be empty"),
        (
            {"UpdateExpression": "REMOVE b", "ExpressionAttributeValues": {"b": {"S": ""}}},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "b"',
        ),
        (
            {"UpdateExpression": "SET b = :n", "ExpressionAttributeValues": {":n": {"N": "x"}}},
            "ExpressionAttributeValues contains invalid value: The parameter cannot be converted"
            " to a numeric value: x for key :n",
        ),
    ],
)
def test_placeholders_are_checked(request_: dict[str, Any], why: str) -> None:
    assert why in refusal(request_)


def test_old_parameters_go_with_no_expression() -> None:
    request = {"ConditionExpression": "attribute_exists(a)", "Expected": {}, "AttributeUpdates": {}}
    assert refusal(request, ("AttributeUpdates", "Expected")) == (
        "Can not use both expression and non-expression parameters in the same request:"
        " Non-expression parameters: {AttributeUpdates, Expected}"
        " Expression parameters: {ConditionExpression}"
    )


@pytest.mark.parametrize("expression", ["a, a", "a, a.b", "a[1].c, #a", "#a.b, a.b"])
def test_projected_paths_lie_apart(expression: str) -> None:
    names = {"#a": "a"} if "#" in expression else None
    request = {"ProjectionExpression": expression, "ExpressionAttributeNames": names}
    assert "overlap with each other" in refusal(request)


@pytest.mark.parametrize("expression", ["1a", "a b", "a,", "a = b", "a..b", "a[x]", ":a"])
def test_a_projection_that_is_none_is_refused(expression: str) -> None:
    assert refusal({"ProjectionExpression": expression}).startswith("Invalid ProjectionExpress")


@pytest.mark.parametrize("expression", ["name", "a, b.Name", "name[0]"])
def test_a_reserved_word_is_no_name(monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    monkeypatch.setattr(expressions, "RESERVED", {"NAME", "SIZE", "AND"})
    assert "reserved keyword; reserved keyword: " in refusal({"ProjectionExpression": expression})
    condition = {"ConditionExpression": "size(a) = size(#n) and attribute_exists(a)"}
    check_expressions(condition | {"ExpressionAttributeNames": {"#n": "name"}}, UPDATE)


def test_the_paths_that_an_update_changes_are_found() -> None:
    request = {
        "UpdateExpression": (
            "SET a.#b[2] = list_append(c, :l), d=e+:n  remove f[0], g ADD h :n DELETE i.j :s"
        ),
        "ConditionExpression": "size(k) > :n and not attribute_exists(#b.b)",
        "ExpressionAttributeNames": {"#b": "b.b"},
        "ExpressionAttributeValues": {":l": {"L": []}, ":n": {"N": "1"}, ":s": {"SS": ["x"]}},
    }
    assert check_expressions(request, UPDATE) == {
        "UpdateExpression": [("a", "b.b", 2), ("d",), ("f", 0), ("g",), ("h",), ("i", "j")],
        "ConditionExpression": [("k",), ("b.b", "b")],
    }


def test_a_projection_leaves_what_its_paths_name() -> None:
    item: Item = {
        "a": {"M": {"b": {"N": "1"}, "c": {"S": "x"}}},
        "l": {"L": [{"S": "0"}, {"M": {"d": {"N": "100"}}}, *[{"S": "9"}] * 9, {"S": "11"}]},
        "s": {"SS": ["p"]},
    }
    paths: list[Path] = [("a", "b"), ("l", 11), ("l", 1, "d"), ("s", 0), ("none",), ("a", 3)]
    assert project(item, paths) == {
        "a": {"M": {"b": {"N": "1"}}},
        "l": {"L": [{"M": {"d": {"N": "100"}}}, {"S": "11"}]},
    }
    assert project(item, [("none", "of", 7)]) == {}
