"""The library that the producer uses, against the fake: its own authentication and requests."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.tweets.fakes.x_api.client import FAST, Client, ids, served
from tweets.fakes.x_api import Credentials, FakeX

KEYS = Credentials()
PATH = "tweets/search/stream"
TOKEN = {"auth_type": "oAuth2User", "oauth2_access_token": KEYS.bearer_token}


@pytest.fixture
def x() -> FakeX:
    return FakeX(rate=FAST, faults=["operational-disconnect@3"])


@pytest.fixture
def client(x: FakeX) -> Iterator[Client]:
    with served(x) as client:
        yield client


def api(client: Client, **authentication: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has odd escapes in its docstrings
        from TwitterAPI import TwitterAPI

    class Api(TwitterAPI):  # type: ignore[misc]
        def _prepare_url(self, subdomain: str, path: str) -> str:
            return f"{client.url}/{self.version}/{path}"

    return Api(api_version="2", **authentication)


def test_rules_are_managed_and_the_stream_is_read(x: FakeX, client: Client) -> None:
    twitter = api(client, **TOKEN)
    added = twitter.request(f"{PATH}/rules", {"add": [{"value": "yolo", "tag": "mine"}]})
    assert added.status_code == 201
    listed = twitter.request(f"{PATH}/rules", method_override="GET")
    assert [rule["tag"] for rule in listed] == ["mine"]

    items = []
    stream = twitter.request(PATH, {"expansions": "author_id", "tweet.fields": "created_at"})
    for item in stream:
        items.append(item)
        if "errors" in item:
            break
    stream.close()
    assert [item["data"]["id"] for item in items[:-1]] == ids(x, x.sent)
    assert items[-1]["errors"][0]["title"] == "operational-disconnect"

    deleted = twitter.request(f"{PATH}/rules", {"delete": {"ids": [next(iter(listed))["id"]]}})
    assert deleted.json()["meta"]["summary"] == {"deleted": 1, "not_deleted": 0}


def test_the_four_keys_sign_rightly_and_are_forbidden(client: Client) -> None:
    keys = {
        "consumer_key": KEYS.consumer_key,
        "consumer_secret": KEYS.consumer_secret,
        "access_token_key": KEYS.access_token_key,
        "access_token_secret": KEYS.access_token_secret,
    }
    assert api(client, **keys).request(PATH, {"tweet.fields": "text,id"}).status_code == 403
    wrong = {**keys, "access_token_secret": "wrong"}
    assert api(client, **wrong).request(PATH).status_code == 401
