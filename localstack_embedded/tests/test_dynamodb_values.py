"""What AWS accepts as the value of an attribute, and the size that it counts."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localstack_embedded.plugin.dynamodb.errors import Refused
from localstack_embedded.plugin.dynamodb.values import (
    check_item,
    check_value,
    item_size,
    stored_number,
)


def nested(levels: int, kind: str) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "innermost"}
    for _ in range(levels - 1):
        value = {"L": [value]} if kind == "L" else {"M": {"inner": value}}
    return value


@pytest.mark.parametrize(
    ("given_", "stored"),
    [
        ("1.0", "1"),
        ("1.10", "1.1"),
        ("007", "7"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-0", "0"),
        ("0.000", "0"),
        ("1e2", "100"),
        ("12E-3", "0.012"),
        ("0.00000001", "0.00000001"),
        ("-100000", "-100000"),
        ("1" * 38, "1" * 38),
        ("1" * 38 + "0" * 40, "1" * 38 + "0" * 40),
        ("9.9e125", "99" + "0" * 124),
        ("1e-130", "0." + "0" * 129 + "1"),
    ],
)
def test_a_number_is_stored_in_one_form(given_: str, stored: str) -> None:
    assert stored_number(given_) == stored


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("abc", "cannot be converted to a numeric value: abc"),
        ("", "cannot be converted to a numeric value"),
        (" 1", "cannot be converted"),
        ("1_000", "cannot be converted"),
        ("0x1", "cannot be converted"),
        ("NaN", "cannot be converted"),
        ("Infinity", "cannot be converted"),
        ("\u0663", "cannot be converted"),
        ("1e", "cannot be converted"),
        ("1" * 39, "more than 38 significant digits"),
        ("0." + "1" * 39, "more than 38 significant digits"),
        ("1e126", "Number overflow"),
        ("-1e126", "Number overflow"),
        ("1e-131", "Number underflow"),
        ("1e99999999999999999999", "Number overflow"),
        ("1e-99999999999999999999", "Number underflow"),
    ],
)
def test_what_is_no_number_of_dynamodb_is_refused(number: str, why: str) -> None:
    for value in ({"N": number}, {"NS": ["7", number]}, {"M": {"a": {"L": [{"N": number}]}}}):
        with pytest.raises(Refused, match=why) as refused:
            check_value(value)
        assert refused.value.code == "ValidationException"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_the_stored_form_is_the_same_number_and_final(number: Decimal) -> None:
    try:
        stored = stored_number(str(number))
    except Refused:
        return
    assert Decimal(stored) == number
    assert stored_number(stored) == stored
    assert "E" not in stored


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"SS": []}, "An string set  may not be empty"),
        ({"NS": []}, "An number set  may not be empty"),
        ({"BS": []}, "Binary sets should not be empty"),
        ({"SS": ["a", "a"]}, r"Input collection \[a, a\] contains duplicates."),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        ({"BS": ["Yg==", "Yg=="]}, r"Input collection \[Yg==, Yg==\]of type BS contains duplic"),
        ({"NULL": False}, "Null attribute value types must have the value of true"),
        ({"S": "a", "N": "1"}, "more than one datatypes set"),
        ({}, "Supplied AttributeValue is empty"),
        (nested(33, "L"), "Nesting Levels have exceeded supported limits"),
        (nested(33, "M"), "Nesting Levels have exceeded supported limits"),
    ],
)
def test_a_value_that_aws_does_not_take_is_refused(value: dict[str, Any], why: str) -> None:
    for where in (value, {"L": [value]}):
        with pytest.raises(Refused, match=why):
            check_value(where)


@pytest.mark.parametrize("value", [{"S": 5}, {"N": 5}, {"SS": [1]}, {"M": []}, {"L": {}}, "text"])
def test_json_of_another_shape_is_refused(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        check_value(value)
    assert refused.value.code == "SerializationException"


def test_binary_that_is_not_in_base64_is_refused() -> None:
    with pytest.raises(Refused, match="Base64"):
        check_value({"B": "no base64!"})


@pytest.mark.parametrize("kind", ["L", "M"])
def test_values_may_lie_32_levels_deep(kind: str) -> None:
    check_value(nested(32, kind))


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "\u00e9\U0001f600"}, 6),
        ({"S": "\ud800"}, 3),
        ({"N": "0"}, 1),
        ({"N": "101"}, 3),
        ({"N": "-7"}, 3),
        ({"N": "100"}, 2),
        ({"B": b64encode(b"12345").decode()}, 5),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}]}, 6),
        ({"M": {"n": {"S": "ab"}}}, 7),
    ],
)
def test_an_attribute_takes_room_for_its_name_and_value(value: dict[str, Any], size: int) -> None:
    assert check_item({"name": value}) == 4 + size
    assert item_size({"name": value}) == 4 + size
