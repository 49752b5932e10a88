from __future__ import annotations

import pytest
import requests

from tests.unit.tweets.fakes.x_api.client import RULES, STREAM, Client, served
from tweets.fakes.x_api import FakeX, Limits
from tweets.fakes.x_api.limits import WINDOW_S, RateWindow


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.5

    def __call__(self) -> float:
        return self.now


def told(answer: requests.Response) -> tuple[int, ...]:
    names = ("limit", "remaining", "reset")
    return tuple(int(answer.headers[f"x-rate-limit-{name}"]) for name in names)


def test_every_answer_tells_what_is_left() -> None:
    clock = Clock()
    with served(FakeX(clock=clock)) as client:
        assert told(client.get(RULES)) == (450, 449, 1_700_000_901)
        assert told(client.get(RULES)) == (450, 448, 1_700_000_901)
        assert told(client.post(RULES, {})) == (100, 99, 1_700_000_901)
        assert told(client.get(STREAM)) == (50, 49, 1_700_000_901)
        assert told(requests.get(client.url + STREAM, timeout=60)) == (50, 48, 1_700_000_901)
        clock.now += WINDOW_S + 1
        assert told(client.get(RULES)) == (450, 449, 1_700_001_802)


@pytest.mark.parametrize(
    ("limits", "path", "method"),
    [
        (Limits(stream=1), STREAM, "GET"),
        (Limits(rules_get=1), RULES, "GET"),
        (Limits(rules_post=1), RULES, "POST"),
        (Limits(token=1), "/oauth2/token", "POST"),
    ],
)
def test_beyond_the_limit_the_answer_is_429_until_the_reset(
    limits: Limits, path: str, method: str
) -> None:
    clock = Clock()
    with served(FakeX(limits=limits, clock=clock)) as client:

        def ask() -> requests.Response:
            return client.get(path) if method == "GET" else client.post(path, {})

        assert ask().status_code != 429
        answer = ask()
        assert answer.status_code == 429
        assert told(answer)[1:] == (0, 1_700_000_901)
        assert answer.json()["errors"][0]["code"] == 88
        clock.now = 1_700_000_901
        assert ask().status_code != 429


def test_requests_with_wrong_credentials_count() -> None:
    with served(FakeX(limits=Limits(stream=1))) as client:
        assert requests.get(client.url + STREAM, timeout=60).status_code == 401
        assert requests.get(client.url + STREAM, timeout=60).status_code == 429


def test_a_window_begins_with_its_first_request() -> None:
    clock = Clock()
    window = RateWindow(2, clock)
    clock.now += 500
    assert [window.take() for _ in range(3)] == [True, True, False]
    clock.now += WINDOW_S - 1
    assert not window.take()
    clock.now += 2
    assert window.take()


def test_what_is_not_x_is_not_limited() -> None:
    with served(FakeX()) as client:
        assert Client(client.url).get("/_fake/status").status_code == 200
        assert client.get("/2/users/me").status_code == 404
        assert client.post(STREAM, {}).status_code == 405
