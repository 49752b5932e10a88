from __future__ import annotations

from typing import Any

import pytest

from tweetpipe.deploying.resolve import StackFacts, holds, resolved

FACTS = StackFacts(
    refs={"ShardCount": "4", "Mode": "ON", "AWS::StackName": "tweets", "Stream": "tweets-s"},
    attributes={"Stream.Arn": "arn:stream"},
    conditions={"IsOn": {"Equals": [{"Ref": "Mode"}, "ON"]}, "IsOff": {"Not": [True]}},
)
NOTHING = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        (7, 7),
        ({"Ref": "ShardCount"}, "4"),
        ({"GetAtt": "Stream.Arn"}, "arn:stream"),
        ({"Sub": "${AWS::StackName}-${Stream.Arn}-${Stream}"}, "tweets-arn:stream-tweets-s"),
        ({"If": ["IsOn", {"Ref": "ShardCount"}, NOTHING]}, "4"),
        ({"a": {"If": ["IsOff", 1, NOTHING]}, "b": 2}, {"b": 2}),
        ([1, {"If": ["IsOff", 2, NOTHING]}, [{"Ref": "Mode"}]], [1, ["ON"]]),
    ],
)
def test_functions_are_carried_out(value: Any, expected: Any) -> None:
    assert resolved(value, FACTS) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("IsOn", True),
        ({"Condition": "IsOff"}, False),
        ({"And": [{"Condition": "IsOn"}, {"Condition": "IsOff"}]}, False),
        ({"Or": [{"Condition": "IsOn"}, {"Condition": "IsOff"}]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "ShardCount"}, 4]}]}, False),
    ],
)
def test_conditions_hold_or_not(condition: Any, expected: bool) -> None:
    assert holds(condition, FACTS) is expected


def test_what_is_not_known_is_no_value() -> None:
    with pytest.raises(KeyError):
        resolved({"Ref": "Nobody"}, FACTS)
    with pytest.raises(ValueError, match="unknown condition"):
        holds({"Contains": []}, FACTS)
