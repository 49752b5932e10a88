from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
import requests
from requests_oauthlib import OAuth1  # type: ignore[import-untyped]

from tests.unit.tweets.fakes.x_api.client import RULES, STREAM, Client, served
from tweets.fakes.x_api import Credentials, FakeX

OWN = Credentials(
    consumer_key="key",
    consumer_secret="secret&?",
    access_token_key="token",
    access_token_secret="token secret",
    bearer_token="bearer%3D",
)
KEYS = (OWN.consumer_key, OWN.consumer_secret, OWN.access_token_key, OWN.access_token_secret)
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def client() -> Iterator[Client]:
    with served(FakeX(credentials=OWN)) as client:
        yield client


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        "Bearer bearer=",
        "Basic a2V5OnNlY3JldA==",
        "OAuth",
        "OAuth x",
        'OAuth oauth_consumer_key="key"',
        "Digest x",
    ],
)
@pytest.mark.parametrize("path", [STREAM, RULES])
def test_without_the_token_nothing_is_to_be_had(
    client: Client, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(client.url + path, headers=headers, timeout=60)
    assert answer.status_code == 401
    assert answer.json() == {
        "title": "Unauthorized",
        "type": "about:blank",
        "status": 401,
        "detail": "Unauthorized",
    }


def test_the_bearer_token_is_taken(client: Client) -> None:
    headers = {"Authorization": f"Bearer {OWN.bearer_token}"}
    assert requests.get(client.url + RULES, headers=headers, timeout=60).status_code == 200


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
@pytest.mark.parametrize("query", ["", "?expansions=author_id&tweet.fields=text%2Cid"])
def test_a_right_signature_is_the_wrong_kind_of_authentication(
    client: Client, method: str, query: str
) -> None:
    auth = OAuth1(*KEYS, signature_method=method)
    answer = requests.get(client.url + STREAM + query, auth=auth, timeout=60)
    assert answer.status_code == 403
    assert answer.json()["title"] == "Unsupported Authentication"
    assert answer.json()["type"] == "https://api.x.com/2/problems/unsupported-authentication"


@pytest.mark.parametrize("wrong", range(4))
def test_a_wrong_signature_is_unauthorized(client: Client, wrong: int) -> None:
    keys = [f"{key}x" if place == wrong else key for place, key in enumerate(KEYS)]
    answer = requests.get(client.url + STREAM, auth=OAuth1(*keys), timeout=60)
    assert answer.status_code == 401


def test_a_signature_is_for_one_request_only(client: Client) -> None:
    signed = requests.Request("GET", client.url + STREAM, auth=OAuth1(*KEYS)).prepare()
    signed.url = f"{client.url}{RULES}"
    with requests.Session() as session:
        assert session.send(signed, timeout=60).status_code == 401


def token(
    client: Client, *, user: str, password: str, query: str = "", data: object = None
) -> requests.Response:
    return requests.post(
        f"{client.url}/oauth2/token{query}",
        auth=(user, password),
        data=data,  # type: ignore[arg-type]
        timeout=60,
    )


def test_key_and_secret_buy_the_token_that_the_stream_takes(client: Client) -> None:
    right = {"user": OWN.consumer_key, "password": OWN.consumer_secret}
    for answer in (
        token(client, **right, data=GRANT),
        token(client, **right, query="?grant_type=client_credentials"),
    ):
        assert answer.status_code == 200
        assert answer.json() == {"token_type": "bearer", "access_token": OWN.bearer_token}


def test_key_and_secret_may_be_url_encoded(client: Client) -> None:
    assert token(client, user="key", password="secret%26%3F", data=GRANT).status_code == 200


@pytest.mark.parametrize(
    ("user", "password", "data"),
    [
        ("wrong", OWN.consumer_secret, GRANT),
        (OWN.consumer_key, "wrong", GRANT),
        (OWN.consumer_key, OWN.consumer_secret, {"grant_type": "password"}),
        (OWN.consumer_key, OWN.consumer_secret, None),
        (OWN.consumer_key, OWN.consumer_secret, b"\xff%"),
    ],
)
def test_wrong_keys_buy_nothing(client: Client, user: str, password: str, data: object) -> None:
    answer = token(client, user=user, password=password, data=data)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == 99


@pytest.mark.parametrize("header", ["Basic %%%", "Basic", "", "Bearer a2V5OnNlY3JldCY/"])
def test_a_header_that_is_not_basic_buys_nothing(client: Client, header: str) -> None:
    answer = requests.post(
        f"{client.url}/oauth2/token", data=GRANT, headers={"Authorization": header}, timeout=60
    )
    assert answer.status_code == 403


def test_the_basic_header_is_what_x_documents() -> None:
    basic = base64.b64encode(b"key:secret&?").decode()
    assert OWN.are_in_basic(f"Basic {basic}")
    assert not OWN.are_in_basic(f"Bearer {basic}")
