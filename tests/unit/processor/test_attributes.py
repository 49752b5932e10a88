from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor import events
from processor.attributes import wire_form
from processor.errors import ConfigurationError, Reason, Rejected
from processor.events import Events
from processor.key import Key

KEY = Key.of({"sensor": "S", "ts": "N"})
READING = {"sensor": "a1", "ts": 5}


def why_not(item: object) -> str:
    with pytest.raises(Rejected) as caught:
        wire_form(item, KEY)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("text", {"S": "text"}),
        ("", {"S": ""}),
        (True, {"BOOL": True}),
        (None, {"NULL": True}),
        (b"\x00", {"B": b"\x00"}),
        (7, {"N": "7"}),
        (-0.0, {"N": "0"}),
        (21.50, {"N": "21.5"}),
        (2.0, {"N": "2"}),
        (1e21, {"N": "1000000000000000000000"}),
        (Decimal("1E+3"), {"N": "1000"}),
        (Decimal("0.10"), {"N": "0.1"}),
        ([1, "a"], {"L": [{"N": "1"}, {"S": "a"}]}),
        ((), {"L": []}),
        ({"a": {"b": None}}, {"M": {"a": {"M": {"b": {"NULL": True}}}}}),
    ],
)
def test_plain_python_becomes_what_dynamodb_has(value: object, attribute: dict[str, Any]) -> None:
    item, _ = wire_form({**READING, "value": value}, KEY)
    assert item["value"] == attribute


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (None, "bad-item: what to_item returned is of type NoneType, not a dict"),
        ([READING], "bad-item: what to_item returned is of type list, not a dict"),
        ({"sensor": "a1"}, "bad-item: the item has no ts, which is part of its key"),
        ({"sensor": "a1", "ts": "5"}, "bad-item: ts is not a number, as the table's key requires"),
        ({"sensor": 1, "ts": 5}, "bad-item: sensor is not a string, as the table's key requires"),
        ({"sensor": "", "ts": 5}, "bad-item: sensor is empty, which no key may be"),
        ({"sensor": "é" * 1025, "ts": 5}, "key-too-long: sensor has 2050 bytes in UTF-8"),
        ({**READING, "ts": True}, "bad-item: ts is not a number, as the table's key requires"),
        ({**READING, "x": float("nan")}, "bad-item: x is a number without a value"),
        ({**READING, "x": float("inf")}, "bad-item: x is a number without a value"),
        ({**READING, "x": int("1" * 39)}, "bad-item: x has more digits than a number can have"),
        ({**READING, "x": 1e126}, "bad-item: x has more digits than a number can have"),
        ({**READING, "x": {1, 2}}, "bad-item: x is of type set"),
        ({**READING, "x": {1: 2}}, "bad-item: a name within x is of type int"),
        (dict([*READING.items(), (3, 4)]), "bad-item: an attribute's name is of type int"),
        ({**READING, "": 4}, "bad-item: an attribute's name is empty"),
        ({**READING, "x": "\ud800"}, "not-unicode: x holds a lone surrogate"),
        ({**READING, "\ud800": 1}, "not-unicode: an attribute's name holds a lone surrogate"),
        ({**READING, "x": "a" * 409_600}, "item-too-large: the item has 409613 bytes"),
        ({**READING, "x": json.loads("[" * 40 + "]" * 40)}, "bad-item: x is nested too deeply"),
    ],
)
def test_what_dynamodb_would_refuse_is_rejected_with_a_reason(item: object, words: str) -> None:
    assert why_not(item) == words


@pytest.mark.parametrize(
    ("most", "too_much"),
    [
        ("a" * 409_587, "a" * 409_588),
        (b"a" * 409_587, b"a" * 409_588),
        (["a" * 409_581, "b"], ["a" * 409_582, "b"]),
        ({"key": "a" * 409_580}, {"key": "a" * 409_581}),
        (json.loads("[" * 32 + "]" * 32), json.loads("[" * 33 + "]" * 33)),
        (json.loads('{"a":' * 31 + "{}" + "}" * 31), json.loads('{"a":' * 32 + "{}" + "}" * 32)),
        (int("1" * 38), int("1" * 39)),
        (Decimal("9E+125"), Decimal("1E+126")),
        (Decimal("1E-130"), Decimal("9E-131")),
    ],
    ids=[
        "text",
        "bytes",
        "text in a list",
        "text in a map",
        "lists",
        "maps",
        "digits",
        "large number",
        "small number",
    ],
)
def test_what_just_reaches_a_limit_is_stored(most: object, too_much: object) -> None:
    wire_form({**READING, "x": most}, KEY)
    with pytest.raises(Rejected):
        wire_form({**READING, "x": too_much}, KEY)


def test_numbers_that_are_equal_are_the_same_key() -> None:
    keys = {wire_form({"sensor": "a", "ts": ts}, KEY)[1] for ts in (100, 100.0, Decimal("1E2"))}
    assert keys == {("a", Decimal(100))}


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["sensor", "ts", "x", ""]), plain) | plain)
def test_whatever_an_item_is_it_is_stored_or_rejected(item: object) -> None:
    try:
        wire, _ = wire_form(item, KEY)
    except Rejected:
        return
    assert isinstance(item, dict)
    assert wire.keys() == item.keys()


def fails(data: bytes) -> object:
    raise KeyError(data)


def ends(data: bytes) -> object:
    raise SystemExit(1)


def recurses(data: bytes) -> object:
    return recurses(data)


@pytest.mark.parametrize(
    ("to_item", "name"), [(fails, "KeyError"), (ends, "SystemExit"), (recurses, "RecursionError")]
)
def test_what_the_events_own_code_raises_is_named_with_its_line_and_without_the_data(
    to_item: Any, name: str
) -> None:
    with pytest.raises(Rejected) as caught:
        Events(to_item, KEY).item(b"secret")

    assert caught.value.reason == Reason.UNEXPECTED
    assert re.fullmatch(rf"{name} at test_attributes\.py:\d+", caught.value.detail)


@pytest.mark.parametrize("name", ["nowhere", "processor", "json"])
def test_a_function_without_its_events_does_not_start(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the events '{name}' can't be used"):
        events.load(name)
