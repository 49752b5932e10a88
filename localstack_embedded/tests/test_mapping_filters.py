"""Event filtering, operator by operator as AWS documents it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.filter_rules import InvalidPattern
from localstack_embedded.plugin.mapping.filters import Filters
from localstack_embedded.tests.mapping_records import StoredRecord


def passes(pattern: object, data: object) -> bool:
    return Filters([json.dumps({"data": pattern})]).passes(StoredRecord(json.dumps(data).encode()))


@pytest.mark.parametrize(
    ("rule", "matching", "others"),
    [
        (None, [None], ["", "null", 0, False]),
        ("", [""], [None, " "]),
        ("Alice", ["Alice"], ["alice", "Alice ", None, ["Bob"]]),
        (300, [300, 300.0, 3e2], [301, "300", None]),
        (1, [1, 1.0], [True, "1"]),
        (True, [True], [1, "true", False]),
        ({"equals-ignore-case": "aLiCe"}, ["alice", "ALICE"], ["alices", 5, None]),
        ({"prefix": "us-"}, ["us-east-1", "us-"], ["eu-us-", 5, None, True, "US-"]),
        ({"prefix": {"equals-ignore-case": "us-"}}, ["US-east", "us-"], ["eu", 5]),
        ({"suffix": ".png"}, ["a.png"], ["a.png.gz", 5, None]),
        ({"suffix": {"equals-ignore-case": ".png"}}, ["a.PNG"], ["a.jpg"]),
        ({"wildcard": "a*c"}, ["ac", "abc", "a\nc"], ["abcd", 5]),
        ({"cidr": "10.0.0.0/24"}, ["10.0.0.255"], ["10.0.1.0", "ten", 10]),
        ({"numeric": ["=", 100]}, [100, 100.0], [99, "100", True]),
        ({"numeric": [">", 10, "<=", 20]}, [10.5, 20], [10, 20.5, "15", None]),
        ({"numeric": ["<", 0]}, [-1], [0, 1]),
        ({"numeric": [">=", 0]}, [0, 1], [-1]),
        ({"numeric": ["<=", 1]}, [1], [2, True]),
        ({"anything-but": "x"}, ["y", 5, None], ["x"]),
        ({"anything-but": ["x", "y"]}, ["z", ["x", "z"]], ["x", "y", ["x", "y"]]),
        ({"anything-but": 5}, [6, "5"], [5, 5.0]),
        ({"anything-but": [1, 2]}, [3], [1, 2]),
        ({"anything-but": {"prefix": "init"}}, ["start", 5], ["initial"]),
        ({"anything-but": {"prefix": ["a", "b"]}}, ["c"], ["apple", "bread"]),
        ({"anything-but": {"suffix": ".txt"}}, ["a.rtf"], ["a.txt"]),
        ({"anything-but": {"equals-ignore-case": "x"}}, ["y"], ["X", "x"]),
        ({"anything-but": {"equals-ignore-case": ["x", "y"]}}, ["z"], ["X", "Y"]),
        ({"anything-but": {"wildcard": "*/lib/*"}}, ["/bin/ls"], ["/usr/lib/x"]),
        ({"exists": True}, ["x", "", None, 0, ["x"]], [{"a": 1}, {}, []]),
        ({"exists": False}, [{"a": 1}, {}, []], ["x", "", None, 0]),
    ],
    ids=str,
)
def test_rule(rule: object, matching: list[object], others: list[object]) -> None:
    assert [value for value in matching if not passes({"field": [rule]}, {"field": value})] == []
    assert [value for value in others if passes({"field": [rule]}, {"field": value})] == []


@pytest.mark.parametrize(
    ("rule", "passing"),
    [({"exists": False}, True), ({"exists": True}, False), ({"anything-but": "x"}, False)],
    ids=str,
)
def test_a_field_that_is_missing(rule: object, passing: bool) -> None:
    assert passes({"field": [rule]}, {}) is passing
    assert passes({"field": {"nested": [rule]}}, {"other": 1}) is passing
    assert passes({"field": {"nested": [rule]}}, {"field": "flat"}) is passing


@pytest.mark.parametrize(
    ("pattern", "data", "passing"),
    [
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": ["x", {"numeric": [">", 5]}]}, {"a": 6}, True),
        ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "y", "c": "z"}, True),
        ({"a": ["x"], "b": ["y"]}, {"a": "x"}, False),
        ({"order": {"type": ["buy"]}}, {"order": {"type": "buy", "quantity": 5}}, True),
        ({"order": {"type": ["buy"]}}, {"order": {"type": "sell"}}, False),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "z"}, False),
        ({"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "x"}, False),
        ({"n": {"$or": [{"a": ["x"]}, {"b": [{"exists": False}]}]}}, {"n": {"a": "q"}}, True),
        ({"tags": ["x"]}, {"tags": ["w", "x"]}, True),
        ({"tags": ["x"]}, {"tags": [["w"], ["x"]]}, True),
        ({"tags": ["x"]}, {"tags": []}, False),
        ({"items": {"id": [2]}}, {"items": [{"id": 1}, {"id": 2}]}, True),
        (
            {"items": {"id": [1], "ok": [True]}},
            {"items": [{"id": 1}, {"id": 2, "ok": True}]},
            False,
        ),
        ({"a": [{"exists": True}]}, ["not an object"], False),
    ],
    ids=str,
)
def test_a_pattern_of_several_fields(pattern: object, data: object, passing: bool) -> None:
    assert passes(pattern, data) is passing


@pytest.mark.parametrize(
    ("pattern", "passing"),
    [
        ({"partitionKey": ["key-1"]}, True),
        ({"partitionKey": ["key-2"]}, False),
        ({"kinesis": {"partitionKey": [{"prefix": "key"}]}}, True),
        ({"sequenceNumber": [{"prefix": "4959"}]}, True),
        ({"approximateArrivalTimestamp": [{"numeric": [">", 1545084650, "<", 1545084651]}]}, True),
        ({"kinesisSchemaVersion": ["1.0"]}, True),
        ({"partitionKey": ["key-1"], "data": {"a": [1]}}, False),
    ],
    ids=str,
)
def test_fields_beside_the_data(pattern: object, passing: bool) -> None:
    record = StoredRecord(b"not JSON", "key-1")

    assert Filters([json.dumps(pattern)]).passes(record) is passing


def test_a_null_partition_key_is_null() -> None:
    record = StoredRecord(partition_key=None)

    assert Filters(['{"partitionKey": [null]}']).passes(record)


@pytest.mark.parametrize(
    "data", [b"plain", b"", b'{"a": 1', b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000]
)
def test_data_that_is_not_json_is_dropped_by_a_pattern_for_data(data: bytes) -> None:
    absent = '{"data": {"a": [{"exists": false}]}}'

    assert not Filters([absent]).passes(StoredRecord(data))
    assert Filters([absent, '{"partitionKey": ["1"]}']).passes(StoredRecord(data))


def test_one_filter_of_several_is_enough() -> None:
    filters = Filters(['{"data": {"a": [1]}}', '{"data": {"b": [1]}}'])

    assert [
        filters.passes(StoredRecord(data)) for data in (b'{"a":1}', b'{"b":1}', b'{"c":1}')
    ] == [
        True,
        True,
        False,
    ]


def test_without_filters_everything_passes() -> None:
    assert Filters([]).passes(StoredRecord(b"\xff"))


INVALID: list[Any] = [
    "plain",
    '{"a": [1',
    "[]",
    "{}",
    '{"a": "x"}',
    '{"a": []}',
    '{"a": {}}',
    '{"a": [["x"]]}',
    '{"a": [NaN]}',
    '{"data": ["plain"]}',
    '{"$or": [{"data": ["plain"]}, {"a": [1]}]}',
    '{"a": [{"prefix": 5}]}',
    '{"a": [{"prefix": "x", "suffix": "y"}]}',
    '{"a": [{}]}',
    '{"a": [{"like": "x"}]}',
    '{"a": [{"exists": "true"}]}',
    '{"a": [{"numeric": []}]}',
    '{"a": [{"numeric": [">"]}]}',
    '{"a": [{"numeric": ["!", 5]}]}',
    '{"a": [{"numeric": [">", "5"]}]}',
    '{"a": [{"numeric": [">", true]}]}',
    '{"a": [{"numeric": ["<", 5, ">", 10]}]}',
    '{"a": [{"numeric": [">", 10, "<", 5]}]}',
    '{"a": [{"numeric": [">", 1, "<", 5, "=", 3]}]}',
    '{"a": [{"numeric": ["=", 6000000000]}]}',
    '{"a": [{"anything-but": []}]}',
    '{"a": [{"anything-but": [["x"]]}]}',
    '{"a": [{"anything-but": {"exists": true}}]}',
    '{"a": [{"anything-but": {"prefix": ""}}]}',
    '{"a": [{"anything-but": {"prefix": 5}}]}',
    '{"a": [{"cidr": "10.0.0.0.0/8"}]}',
    '{"a": [{"wildcard": "a**b"}]}',
    json.dumps({"a": ["x" * 4096]}),
]


@pytest.mark.parametrize("pattern", INVALID, ids=lambda pattern: str(pattern)[:60])
def test_what_aws_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        Filters([pattern])


def test_a_mapping_has_no_more_filters_than_aws_allows() -> None:
    Filters(['{"a": [1]}'] * 5)
    with pytest.raises(InvalidPattern, match="at most 5"):
        Filters(['{"a": [1]}'] * 6)


def test_data_of_any_depth_is_looked_into_or_passed_over() -> None:
    filters = Filters([json.dumps({"data": {"a": ["x"]}})])

    for depth in range(500, 1500, 4):
        data = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
        assert not filters.passes(StoredRecord(data))
