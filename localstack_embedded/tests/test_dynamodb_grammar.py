"""Which conditions, updates, and key conditions are invalid, and what an update does."""

from __future__ import annotations

from typing import Any

import pytest

from localstack_embedded.plugin.dynamodb.errors import Refused
from localstack_embedded.plugin.dynamodb.grammar import parse_condition, parse_update, tokens_of
from localstack_embedded.plugin.dynamodb.key_conditions import key_condition
from localstack_embedded.plugin.dynamodb.operands import At, Function, Given, Operator
from localstack_embedded.plugin.dynamodb.updates import apply
from localstack_embedded.plugin.dynamodb.values import Item

VALUES: dict[str, Any] = {
    ":n": {"N": "1"},
    ":m": {"N": "20"},
    ":s": {"S": "text"},
    ":t": {"S": "NS"},
    ":l": {"L": [{"N": "9"}]},
    ":ss": {"SS": ["a", "b"]},
    ":ns": {"NS": ["1", "2"]},
    ":bool": {"BOOL": True},
}


def condition(expression: str, kind: str = "ConditionExpression") -> Any:
    return parse_condition(kind, list(tokens_of(kind, expression)), {"#n": "a.b"}, VALUES)


def updated(expression: str, item: Item) -> Item:
    kind = "UpdateExpression"
    return apply(parse_update(kind, list(tokens_of(kind, expression)), {}, VALUES), item)


def test_not_binds_more_than_and_and_and_more_than_or() -> None:
    a, b, c = (Operator("=", (At((name,)), Given(VALUES[":n"]))) for name in "abc")

    assert condition("a = :n or NOT b = :n and c = :n") == Operator(
        "OR", (a, Operator("AND", (Operator("NOT", (b,)), c)))
    )
    assert condition("(a = :n OR NOT NOT b = :n) AND c = :n") == Operator(
        "AND", (Operator("OR", (a, Operator("NOT", (Operator("NOT", (b,)),)))), c)
    )


def test_operands_of_a_condition() -> None:
    assert condition("size(l[2].#n) BETWEEN :n AND :m") == Function(
        "BETWEEN",
        (Function("size", (At(("l", 2, "a.b")),)), Given(VALUES[":n"]), Given(VALUES[":m"])),
    )
    assert condition("a in (:n, b)") == Function(
        "IN", (At(("a",)), Given(VALUES[":n"]), At(("b",)))
    )


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("a = 10", 'Syntax error; token: "10", near: "= 10"'),
        ("a", 'Syntax error; token: "<EOF>", near: "a"'),
        ("a = :n and", 'Syntax error; token: "<EOF>", near: "and"'),
        ("a = :n)", 'token: ")"'),
        ("(a = :n", 'token: "<EOF>"'),
        ("a-b = :n", 'token: "-", near: "a - b"'),
        ("l[-1] = :n", 'token: "-"'),
        ("l[:n] = :n", 'token: ":n"'),
        ("a == :n", 'token: "="'),
        ("a IN ()", 'token: ")"'),
        ("a IN :l", 'token: ":l"'),
        ("and a = :n", 'token: "and"'),
        ("((a = :n))", "redundant parentheses"),
        ("((a = :n AND b = :n))", "redundant parentheses"),
        ("SIZE(a) > :n", "Invalid function name; function: SIZE"),
        ("if_not_exists(a, :n) = :n", "not allowed in a condition expression; function: if_not"),
        ("size(a)", "not allowed to be used this way in an expression; function: size"),
        ("contains(a, :s) = :bool", "used this way in an expression; function: contains"),
        ("begins_with(a)", "operator or function: begins_with, number of operands: 1"),
        ("attribute_exists(:n)", "requires a document path; operator or function: attribute_exis"),
        ("a = a", "must be distinct from the remaining operands for this operator or function;"),
        ("contains(a[1], a[1])", "operator: contains, first operand: [a, [1]]"),
        ("a < :bool", "operator or function: <, operand type: BOOL"),
        ("a BETWEEN :ss AND :ss", "operator or function: BETWEEN, operand type: SS"),
        ("begins_with(a, :n)", "operator or function: begins_with, operand type: N"),
        ("attribute_type(a, :n)", "operator or function: attribute_type, operand type: N"),
        ("attribute_type(a, :s)", "Invalid attribute type name found; type: text, valid types: {B"),
        ("a BETWEEN :m AND :n", "upper bound to be greater than or equal to lower bound; lower"),
        ("a BETWEEN :m AND :s", "requires same data type for lower and upper bounds; lower bound"),
        (f"a IN ({', '.join([':n'] * 101)})", "too many operands; number of operands: 101"),
    ],
)
def test_what_is_no_condition(expression: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        condition(expression)
    assert refused.value.message.startswith("Invalid ConditionExpression: ")
    assert why in refused.value.message


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("a = :n", 'token: "a"'),
        ("SET", 'token: "<EOF>"'),
        ("SET a = :n,", 'token: "<EOF>", near: ","'),
        ("SET a = :n b = :n", 'token: "b"'),
        ("SET a = :n + :n + :n", 'token: "+"'),
        ("SET a = :s + :n", "operator or function: +, operand type: S"),
        ("SET a = list_append(a, :n)", "operator or function: list_append, operand type: N"),
        ("SET a = size(b)", "not allowed in an update expression; function: size"),
        ("SET a = other(b)", "Invalid function name; function: other"),
        ("SET a = if_not_exists(:n, :n)", "requires a document path"),
        ("SET a = :n SET b = :n", 'The "SET" section can only be used once in an update'),
        ("ADD a :s", "operator: ADD, operand type: STRING"),
        ("ADD a :l", "operator: ADD, operand type: LIST"),
        ("DELETE a :n", "operator: DELETE, operand type: NUMBER"),
        ("ADD a b", 'token: "b"'),
    ],
)
def test_what_is_no_update(expression: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        updated(expression, {})
    assert refused.value.message.startswith("Invalid UpdateExpression: ")
    assert why in refused.value.message


def numbers(*content: int) -> dict[str, Any]:
    return {"L": [{"N": str(number)} for number in content]}


@pytest.mark.parametrize(
    ("expression", "before", "after"),
    [
        (
            "SET a = b, b = a",
            {"a": {"N": "1"}, "b": {"N": "2"}},
            {"a": {"N": "2"}, "b": {"N": "1"}},
        ),
        ("SET a = (:n + :m)", {}, {"a": {"N": "21"}}),
        ("SET a = if_not_exists(a, :n) - :m", {}, {"a": {"N": "-19"}}),
        ("SET a = list_append(if_not_exists(a, :l), :l)", {}, {"a": numbers(9, 9)}),
        ("SET l[0] = :n, l[9] = :m, l[5] = :n", {"l": numbers(0)}, {"l": numbers(1, 1, 20)}),
        (
            "SET l[1] = :m REMOVE l[0], l[2], l[9]",
            {"l": numbers(0, 1, 2, 3)},
            {"l": numbers(20, 3)},
        ),
        ("REMOVE m.a, m.b", {"m": {"M": {"a": {"N": "1"}}}}, {"m": {"M": {}}}),
        (
            "ADD a :n, m.a :ss",
            {"m": {"M": {}}},
            {"m": {"M": {"a": VALUES[":ss"]}}, "a": {"N": "1"}},
        ),
        ("ADD s :ss", {"s": {"SS": ["b", "c"]}}, {"s": {"SS": ["b", "c", "a"]}}),
        ("DELETE s :ss, t :ss", {"s": {"SS": ["b", "c"]}}, {"s": {"SS": ["c"]}}),
        ("DELETE s :ns", {"s": {"NS": ["1"]}}, {}),
    ],
)
def test_what_an_update_makes_of_an_item(expression: str, before: Item, after: Item) -> None:
    assert updated(expression, before) == after


@pytest.mark.parametrize(
    ("expression", "item", "why"),
    [
        ("SET m.a = :n", {}, "document path provided in the update expression is invalid"),
        ("SET l.a = :n", {"l": {"L": []}}, "document path provided in the update expression"),
        ("SET m[0] = :n", {"m": {"M": {}}}, "document path provided in the update expression"),
        ("REMOVE a.b", {"a": {"S": "x"}}, "document path provided in the update expression"),
        ("SET a = b", {}, "refers to an attribute that does not exist in the item"),
        ("SET a = a + :n", {"a": {"S": "1"}}, "An operand in the update expression has an incorr"),
        ("ADD a :n", {"a": {"S": "1"}}, "An operand in the update expression has an incorrect"),
        ("ADD a :n", {"a": {"N": "1e-130"}}, "more than 38 significant digits"),
    ],
)
def test_what_an_item_can_not_become(expression: str, item: Item, why: str) -> None:
    before = {**item}
    with pytest.raises(Refused, match=why):
        updated(expression, item)
    assert item == before


KEYS = (("p", "S"), ("s", "N"))


def keys_of(expression: str) -> Any:
    request = {"KeyConditionExpression": expression, "ExpressionAttributeValues": VALUES}
    return key_condition(KEYS, request)


def test_a_key_condition_may_be_in_any_order() -> None:
    assert keys_of("p = :s") == ({"S": "text"}, (None, []))
    assert keys_of("s > :n AND p = :s") == ({"S": "text"}, (">", [{"N": "1"}]))
    assert keys_of("(:s = p) AND (s BETWEEN :n AND :m)") == (
        {"S": "text"},
        ("BETWEEN", [{"N": "1"}, {"N": "20"}]),
    )


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("p = :s OR s = :n", "Invalid operator used in KeyConditionExpression: OR"),
        ("p <> :s", "Invalid operator used in KeyConditionExpression: <>"),
        ("p = :s AND contains(s, :s)", "Invalid operator used in KeyConditionExpression: contains"),
        ("s = :n", "Query condition missed key schema element: p"),
        ("p = :s AND q = :n", "Query condition missed key schema element: s"),
        ("p < :s", "Query key condition not supported"),
        ("p = :s AND s = :n AND q = :n", "Conditions can be of length 1 or 2 only"),
        ("p.a = :s", "cannot have conditions on nested attributes"),
        ("p = :n", "Condition parameter type does not match schema type"),
        ("p = :s AND s BETWEEN :m AND :n", "upper bound to be greater than or equal to lower"),
        ("p = q", "Invalid condition in KeyConditionExpression"),
    ],
)
def test_what_is_no_key_condition(expression: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        keys_of(expression)


@pytest.mark.parametrize(
    ("operator", "values", "why"),
    [
        ("BEGINS_WITH", [":n"], "BEGINS_WITH is not valid for N AttributeValue type"),
        ("BETWEEN", [":m", ":n"], "the lower bound is greater than the upper bound"),
    ],
)
def test_what_is_no_key_condition_of_old(operator: str, values: list[str], why: str) -> None:
    request = {
        "KeyConditions": {
            "p": {"ComparisonOperator": "EQ", "AttributeValueList": [VALUES[":s"]]},
            "s": {
                "ComparisonOperator": operator,
                "AttributeValueList": [VALUES[name] for name in values],
            },
        }
    }
    with pytest.raises(Refused, match=why):
        key_condition(KEYS, request)
