from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.unit.tweets.fakes.x_api.client import BEARER, RULES, Client, served
from tweets.fakes.x_api import FakeX, Limits
from tweets.fakes.x_api.limits import ENTERPRISE

PROBLEMS = "https://api.x.com/2/problems/"


@pytest.fixture
def client() -> Iterator[Client]:
    with served(FakeX(limits=Limits(rules=3), clock=lambda: 1_700_000_000.25)) as client:
        yield client


def add(client: Client, *values: str, **query: str) -> Any:
    return client.post(RULES, {"add": [{"value": value} for value in values]}, **query).json()


def values(client: Client) -> list[str]:
    return [rule["value"] for rule in client.get(RULES).json().get("data", [])]


def test_there_are_no_rules_at_first(client: Client) -> None:
    answer = client.get(RULES)
    assert answer.status_code == 200
    assert answer.json() == {"meta": {"sent": "2023-11-14T22:13:20.250Z", "result_count": 0}}


def test_rules_are_added_and_listed(client: Client) -> None:
    answer = client.post(RULES, {"add": [{"value": "cat", "tag": "cats"}, {"value": "dog"}]})
    assert answer.status_code == 201
    body = answer.json()
    assert body["meta"] == {
        "sent": "2023-11-14T22:13:20.250Z",
        "summary": {"created": 2, "not_created": 0, "valid": 2, "invalid": 0},
    }
    cat, dog = body["data"]
    assert (cat["value"], cat["tag"], dog["value"], "tag" in dog) == ("cat", "cats", "dog", False)
    assert cat["id"].isdecimal()
    assert cat["id"] != dog["id"]
    listed = client.get(RULES).json()
    assert listed["data"] == [cat, dog]
    assert listed["meta"]["result_count"] == 2
    assert client.get(RULES, ids=dog["id"]).json()["data"] == [dog]


def test_a_rule_that_exists_is_a_duplicate_whatever_its_tag(client: Client) -> None:
    id_ = add(client, "cat")["data"][0]["id"]
    answer = client.post(RULES, {"add": [{"value": "cat", "tag": "other"}]})
    body = answer.json()
    assert answer.status_code == 200
    assert body["meta"]["summary"] == {"created": 0, "not_created": 1, "valid": 0, "invalid": 1}
    error = body["errors"][0]
    assert (error["title"], error["value"], error["id"]) == ("DuplicateRule", "cat", id_)
    assert error["type"] == f"{PROBLEMS}duplicate-rules"
    assert "data" not in body


def test_the_good_rules_of_a_request_are_added_and_the_bad_ones_named(client: Client) -> None:
    body = add(client, "cat", "lang:en", "dog", "dog")
    assert [rule["value"] for rule in body["data"]] == ["cat", "dog"]
    assert body["meta"]["summary"] == {"created": 2, "not_created": 2, "valid": 2, "invalid": 2}
    invalid, duplicate = body["errors"]
    assert invalid["type"] == f"{PROBLEMS}invalid-rules"
    assert (invalid["value"], invalid["details"]) == ("lang:en", [invalid["detail"]])
    assert "alone" in invalid["detail"]
    assert duplicate["type"] == f"{PROBLEMS}duplicate-rules"


def test_an_app_has_only_so_many_rules(client: Client) -> None:
    body = add(client, "a", "b", "c", "d")
    assert body["errors"][0]["type"] == f"{PROBLEMS}rule-cap"
    assert body["errors"][0]["value"] == "d"
    assert values(client) == ["a", "b", "c"]


def test_rules_are_deleted_by_id_and_by_value(client: Client) -> None:
    ids = [rule["id"] for rule in add(client, "a", "b", "c")["data"]]
    answer = client.post(RULES, {"delete": {"ids": ids[:1], "values": ["b"]}})
    assert answer.status_code == 200
    assert answer.json()["meta"]["summary"] == {"deleted": 2, "not_deleted": 0}
    assert values(client) == ["c"]


def test_a_rule_that_is_not_there_is_named_when_deleted(client: Client) -> None:
    add(client, "a")
    body = client.post(RULES, {"delete": {"ids": ["77"], "values": ["z", "a"]}}).json()
    assert body["meta"]["summary"] == {"deleted": 1, "not_deleted": 2}
    assert [error["errors"][0]["parameters"] for error in body["errors"]] == [
        {"ids": ["77"]},
        {"values": ["z"]},
    ]


def test_all_rules_are_deleted_at_once(client: Client) -> None:
    add(client, "a", "b")
    body = client.post(RULES, None, delete_all="true").json()
    assert body["meta"]["summary"] == {"deleted": 2, "not_deleted": 0}
    assert values(client) == []


def test_a_dry_run_changes_nothing(client: Client) -> None:
    assert add(client, "a", dry_run="true")["meta"]["summary"]["created"] == 1
    assert values(client) == []
    add(client, "a")
    body = client.post(RULES, {"delete": {"values": ["a"]}}, dry_run="true").json()
    assert body["meta"]["summary"]["deleted"] == 1
    client.post(RULES, None, delete_all="true", dry_run="true")
    assert values(client) == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "add",
        {"add": []},
        {"add": {}},
        {"add": ["cat"]},
        {"add": [{"tag": "cats"}]},
        {"add": [{"value": 1}]},
        {"add": [{"value": "cat", "colour": "red"}]},
        {"add": [{"value": "cat"}], "delete": {"ids": ["1"]}},
        {"delete": {}},
        {"delete": {"ids": "1"}},
        {"delete": {"ids": [1]}},
        {"remove": []},
    ],
)
def test_a_body_that_makes_no_sense_is_an_invalid_request(client: Client, body: object) -> None:
    answer = client.post(RULES, body)
    assert answer.status_code == 400
    assert answer.json()["title"] == "Invalid Request"
    assert answer.json()["type"] == f"{PROBLEMS}invalid-request"
    assert answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_an_invalid_request(client: Client, data: bytes) -> None:
    answer = requests.post(client.url + RULES, data=data, headers=BEARER, timeout=60)
    assert answer.status_code == 400


def test_a_flag_is_true_or_false(client: Client) -> None:
    assert client.post(RULES, {"add": [{"value": "a"}]}, dry_run="1").status_code == 400


def test_rules_can_be_there_from_the_start() -> None:
    with served(FakeX(rules=["a", "b"])) as client:
        assert values(client) == ["a", "b"]
    with pytest.raises(ValueError, match="alone"):
        FakeX(rules=["lang:en"])


def test_many_rules_come_in_pages() -> None:
    fake = FakeX(rules=[f"word{n}" for n in range(5)])
    with served(fake) as client:
        first = client.get(RULES, max_results="3").json()
        token = first["meta"]["next_token"]
        last = client.get(RULES, max_results="3", pagination_token=token).json()

    assert [rule["value"] for rule in (*first["data"], *last["data"])] == [
        f"word{n}" for n in range(5)
    ]
    assert "next_token" not in last["meta"]


def test_an_enterprise_contract_has_more_and_longer_rules() -> None:
    longer = " ".join(["yolo"] * 300)
    with served(FakeX()) as client, served(FakeX(limits=ENTERPRISE)) as enterprise:
        body = {"add": [{"value": longer}]}
        assert client.post(RULES, body).json()["errors"][0]["type"].endswith("invalid-rules")
        assert enterprise.post(RULES, body).status_code == 201
