"""A reader of the fake X API that returns raw bytes, and how the stream ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests

from tweets.fakes.x_api import Credentials, FakeX, serving

STREAM = "/2/tweets/search/stream"
RULES = f"{STREAM}/rules"
FAST = 100_000.0
BEARER = {"Authorization": f"Bearer {Credentials().bearer_token}"}


class Body(NamedTuple):
    """The content of a stream; `completed` if it ended with the final chunk."""

    data: bytes
    completed: bool

    @property
    def posts(self) -> list[Any]:
        """The complete lines as JSON, without heartbeats."""
        return [json.loads(line) for line in self.data.split(b"\r\n")[:-1] if line]

    @property
    def ids(self) -> list[str]:
        return [post["data"]["id"] for post in self.posts if "data" in post]


class Client:
    """Requests with the right bearer token, each on a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **query: str) -> requests.Response:
        return requests.get(self.url + path, params=query, headers=BEARER, timeout=60)

    def post(self, path: str, body: object, **query: str) -> requests.Response:
        return requests.post(self.url + path, json=body, params=query, headers=BEARER, timeout=60)

    @contextmanager
    def stream(self, **query: str) -> Iterator[requests.Response]:
        with requests.get(
            self.url + STREAM, params=query, headers=BEARER, stream=True, timeout=60
        ) as response:
            yield response

    def read(self, **query: str) -> Body:
        """Everything until the server ends the stream."""
        with self.stream(**query) as response:
            assert response.status_code == 200, response.text
            return read(response)


def read(response: requests.Response) -> Body:
    """Everything until the server ends the stream."""
    data = b""
    try:
        for chunk in response.iter_content(None):
            data += chunk
    except requests.exceptions.ChunkedEncodingError:
        return Body(data, False)
    return Body(data, True)


@contextmanager
def served(fake: FakeX) -> Iterator[Client]:
    with serving(fake) as where:
        yield Client(where.url)


def ids(fake: FakeX, indexes: list[int]) -> list[str]:
    return [fake.tweet(index).id for index in indexes]
