"""Whoever answers in X's place, and X in forms that it should not have."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from producer import SourceError
from tweets.x import Credentials, Usage, XApi, XSource, synchronise
from tweets.x.errors import NotX, XRefused

LOGIN = b"<html><head><style>p {}</style></head><body><p>Sign in to the\nwifi</p></body></html>"


@contextmanager
def answering(
    status: int, body: bytes = b"", reason: str | None = None, **headers: str
) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            moved = self.path == "/login"
            self.send_response(200 if moved else status, reason)
            self.send_header("Content-Length", str(len(LOGIN if moved else body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(LOGIN if moved else body)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def with_token(url: str) -> XApi:
    return XApi(Credentials(bearer_token="t"), url=url)


REQUESTS: dict[str, Callable[[str], object]] = {
    "token": lambda url: XApi(Credentials(consumer_key="k", consumer_secret="s"), url=url),
    "rules": lambda url: with_token(url).rules(),
    "adding": lambda url: with_token(url).add_rules([("yolo", "t")]),
}
BODIES = {
    b"": "nothing",
    b"[]": '"[]"',
    b"null": '"null"',
    b"3": '"3"',
    b"{half": '"{half"',
    b"\xff\xfe\x9b31m": '"\ufffd\ufffd\ufffd31m"',
    LOGIN: '"Sign in to the wifi"',
    b"x " * 1000: "…",
    b"[" * 100_000: "…",
}


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_what_is_no_answer_of_xs_is_said_with_who_gave_it(request_: str, body: bytes) -> None:
    with answering(200, body) as url, pytest.raises(NotX) as caught:
        REQUESTS[request_](url)

    said = str(caught.value)
    assert f"the answer from {url} is not from X's API: it is 200 and" in said
    assert BODIES[body] in said
    assert len(said) < 300


@pytest.mark.parametrize(
    "body", [b"{}", b'{"data":null}', b'{"data":[],"errors":null,"meta":{"result_count":0}}']
)
def test_no_rules_are_none_in_whichever_form(body: bytes) -> None:
    with answering(200, body) as url:
        assert with_token(url).rules() == []
        with_token(url).add_rules([("yolo", "t")])


@pytest.mark.parametrize("data", [b"3", b"[3]", b'[{"id":"1"}]', b'{"id":"1"}', b'"text"'])
def test_rules_in_no_form_of_xs_are_not_believed(data: bytes) -> None:
    with answering(200, b'{"data":' + data + b"}") as url, pytest.raises(NotX):
        with_token(url).rules()


@pytest.mark.parametrize("token", [b"null", b"3", b'""', b'"a\\nb"'])
def test_a_token_that_is_none_is_not_used(token: bytes) -> None:
    with answering(200, b'{"access_token":' + token + b"}") as url, pytest.raises(NotX):
        REQUESTS["token"](url)


def test_a_stream_that_is_a_page_is_told_as_one() -> None:
    with (
        answering(200, LOGIN, Content_Type="text/html; charset=utf-8") as url,
        pytest.raises(NotX, match="Sign in to the wifi"),
    ):
        list(XSource(with_token(url), []))


def test_the_page_that_a_redirect_leads_to_is_told_too() -> None:
    with answering(302, Location="/login") as url, pytest.raises(NotX, match="Sign in to the wifi"):
        with_token(url).rules()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (429, b'{"errors":[{"code":88,"message":"Rate limit exceeded"}]}', "Rate limit exceeded"),
        (429, b'{"errors":[{}]}', "Too Many Requests"),
        (429, b'{"errors":[null]}', "Too Many Requests"),
        (429, b'{"title":null,"detail":null}', "Too Many Requests"),
        (429, b"", "Too Many Requests"),
        (429, b"[]", 'says "[]"'),
        (503, LOGIN, 'says "Sign in to the wifi"'),
        (403, b"<html>Attention Required</html>", 'says "Attention Required"'),
        (407, b"proxy auth", 'says "proxy auth"'),
        (400, b'{"errors":"text"}', "text"),
        (599, b"", "no reason given"),
        (400, b'{"detail":"a\\u001b[2Jb\\n\\u009bc"}', "a [2Jb c"),
        (400, b'{"errors":["\\u001b[2J"]}', "[2J"),
    ],
)
def test_a_refusal_is_told_with_the_reason_that_it_has(
    status: int, body: bytes, words: str
) -> None:
    with answering(status, body, reason="") as url, pytest.raises(XRefused) as refused:
        with_token(url).rules()

    assert f"X refuses ({status}): " in str(refused.value)
    assert words in str(refused.value)
    assert "(429): None" not in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_password_in_the_address_is_not_shown() -> None:
    with answering(200, LOGIN) as url:
        secret = url.replace("://", "://me:hunter2@")
        for request in REQUESTS.values():
            with pytest.raises(SourceError) as caught:
                request(secret)
            assert "hunter2" not in str(caught.value)
    with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:1: Connection refused") as caught:
        with_token("http://me:hunter2@127.0.0.1:1").rules()


def test_rules_are_not_touched_when_something_else_answers() -> None:
    with answering(200, LOGIN) as url, pytest.raises(NotX):
        synchronise(with_token(url), ["yolo"])


@pytest.mark.parametrize(
    "body",
    [
        *BODIES,
        b'{"data":{"project_usage":"many"}}',
        b'{"data":{"project_usage":"9999999999999999999999"}}',
        b'{"data":{"project_cap":"5"}}',
        b'{"data":[]}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_usage_that_is_none_is_not_believed(body: bytes) -> None:
    with answering(200, body) as url:
        assert with_token(url).usage() is None


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500])
def test_no_run_depends_on_the_usage(status: int) -> None:
    with answering(status, b"no") as url:
        assert with_token(url).usage() is None
    assert with_token(url).usage() is None, "nothing listens there any more"


@pytest.mark.parametrize("number", [b"7", b'"7"'])
def test_a_usage_is_a_number_or_a_text_and_its_day_may_be_missing(
    number: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tweets.x.api._USAGE_TIMEOUT", 60.0)
    with answering(200, b'{"data":{"project_usage":%b,"cap_reset_day":32}}' % number) as url:
        assert with_token(url).usage() == Usage(posts=7)


def test_an_answer_without_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tweets.x.api._USAGE_TIMEOUT", 0.3)
    left = threading.Event()

    class Endless(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while not left.wait(0.01):
                    self.wfile.write(b'{"data":')
            left.set()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            assert with_token(f"http://127.0.0.1:{server.server_port}").usage() is None
            assert left.wait(60), "the connection is closed"
        finally:
            left.set()
            server.shutdown()
            thread.join()
