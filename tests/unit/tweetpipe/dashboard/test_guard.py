from __future__ import annotations

import http.client
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import pytest
import requests

from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard
from tests.unit.tweetpipe.dashboard.reading import headers, post
from tests.unit.tweetpipe.dead_letters.doubles import rejected, tweet
from tweetpipe.dashboard.guard import is_loopback, is_served

ALL = "/api/dead-letters/redrive"


@pytest.mark.parametrize(
    "host", ["localhost:8080", "LOCALHOST", "127.0.0.1:8080", "127.0.0.9", "[::1]:8080"]
)
@pytest.mark.parametrize("bound_to", ["127.0.0.1", "0.0.0.0"])
def test_this_machines_names_are_served(host: str, bound_to: str) -> None:
    assert is_served(host, bound_to=bound_to)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "attacker.example",
        "attacker.example:8080",
        "localhost.attacker.example",
        "127.0.0.1.attacker.example",
        "user@localhost",
        "localhost/",
        "localhost:http",
        "0x7f000001",
        "[::1",
    ],
)
@pytest.mark.parametrize("bound_to", ["127.0.0.1", "0.0.0.0"])
def test_other_names_are_not_served(host: str, bound_to: str) -> None:
    assert not is_served(host, bound_to=bound_to)


def test_other_addresses_are_served_only_where_they_were_asked_for() -> None:
    assert is_served("192.168.1.5:8080", bound_to="0.0.0.0")
    assert is_served("tower:8080", bound_to="tower")
    assert not is_served("192.168.1.5:8080", bound_to="127.0.0.1")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("::", False),
    ],
)
def test_loopback_is_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize("path", ["/", "/api/now", "/static/app.js", "/nothing-there"])
def test_every_answer_says_what_the_page_may_load(path: str) -> None:
    with dashboard() as served:
        answer = requests.get(served.url + path, timeout=60)

    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_a_name_that_was_bent_to_this_machine_gets_nothing() -> None:
    with dashboard() as served:
        answer = requests.get(
            f"{served.url}/api/now", headers={"Host": "attacker.example"}, timeout=60
        )

    assert answer.status_code == 403
    assert "token" not in answer.json()


def test_a_request_without_a_host_gets_nothing() -> None:
    with dashboard() as served:
        connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
        connection.putrequest("GET", "/api/now", skip_host=True)
        connection.endheaders()
        status = connection.getresponse().status
        connection.close()

    assert status in (400, 403)


def test_another_sites_page_can_not_have_the_queue_read() -> None:
    with dashboard() as served:
        for site in ("cross-site", "same-site"):
            answer = requests.get(
                f"{served.url}/api/dead-letters", headers={"Sec-Fetch-Site": site}, timeout=60
            )
            assert answer.status_code == 403


def test_the_page_opens_from_a_link_elsewhere() -> None:
    with dashboard() as served:
        answer = requests.get(served.url, headers={"Sec-Fetch-Site": "cross-site"}, timeout=60)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Origin", None),
        ("Origin", "null"),
        ("Origin", "http://attacker.example"),
        ("Origin", "http://localhost:1"),
        ("X-Csrf-Token", None),
        ("X-Csrf-Token", "guessed"),
        ("X-Csrf-Token", "é"),
        ("Content-Type", "text/plain"),
        ("Sec-Fetch-Site", "same-site"),
        ("Host", "attacker.example"),
    ],
)
def test_a_forged_action_changes_nothing(name: str, value: str | None) -> None:
    with with_a_letter() as served:
        sent = headers(served) | {name: value.encode() if value else value}
        wanted = {key: text for key, text in sent.items() if text is not None}
        answer = requests.post(served.url + ALL, data='{"all": true}', headers=wanted, timeout=60)

        assert answer.status_code == 403
        assert served.sqs.visible() == ["one"]
        assert not served.function.events


def test_an_action_is_not_done_by_a_link() -> None:
    with with_a_letter() as served:
        answer = requests.get(served.url + ALL, timeout=60)

        assert answer.status_code == 405
        assert served.sqs.visible() == ["one"]


def test_the_pages_own_action_is_done() -> None:
    with with_a_letter() as served:
        assert post(served, ALL, {"all": True}).json()["stored"] == 1


def with_a_letter() -> AbstractContextManager[Dashboard]:
    return dashboard(letters={"one": rejected(tweet(1))})
