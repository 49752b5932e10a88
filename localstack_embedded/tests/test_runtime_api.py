"""The Runtime API, as a worker's HTTP client sees it."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localstack_embedded.plugin.functions.runtime_api import Invocation, RuntimeApi, WorkerReport

INVOCATION = Invocation("id-1", "arn:aws:lambda:x", 1234, "Root=1", b'{"a": 1}')


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    """A running Runtime API."""
    api = RuntimeApi()
    yield api
    api.close()


def request(
    api: RuntimeApi, method: str, path: str, body: bytes | None = None, secret: str | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a request on a new connection; returns the response and its content."""
    address, _, own = api.address.partition("/")
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        prefix = f"/{own}" if secret is None else secret
        connection.request(method, f"{prefix}/2018-06-01/runtime/{path}", body)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_a_worker_gets_the_invocation_and_what_its_context_is_made_of(api: RuntimeApi) -> None:
    api.submit(INVOCATION)
    response, content = request(api, "GET", "invocation/next")
    assert response.status == 200
    assert content == INVOCATION.event
    assert response.headers["Lambda-Runtime-Aws-Request-Id"] == "id-1"
    assert response.headers["Lambda-Runtime-Deadline-Ms"] == "1234"
    assert response.headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:aws:lambda:x"
    assert response.headers["Lambda-Runtime-Trace-Id"] == "Root=1"


def test_what_breaks_an_answer_is_logged(
    api: RuntimeApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def break_off() -> None:
        raise KeyError("odd")

    monkeypatch.setattr(api, "take", break_off)

    with pytest.raises(http.client.RemoteDisconnected):
        request(api, "GET", "invocation/next")
    assert "KeyError: 'odd'" in capfd.readouterr().err


def test_asking_for_an_invocation_means_to_be_ready(api: RuntimeApi) -> None:
    assert not api.ready.is_set()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(request, api, "GET", "invocation/next")
        assert api.ready.wait(60)
        api.submit(INVOCATION)
        assert answer.result()[1] == INVOCATION.event


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("invocation/id-1/response", "response"),
        ("invocation/id-1/error", "error"),
        ("init/error", "init_error"),
    ],
)
def test_what_a_worker_posts_is_reported(api: RuntimeApi, path: str, kind: str) -> None:
    response, _ = request(api, "POST", path, b"content")
    assert response.status == 202
    report = api.reports.get(timeout=60)
    assert (report.kind, report.content) == (kind, b"content")
    assert api.ready.is_set()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100_000))
def test_any_content_arrives_unchanged_both_ways(api: RuntimeApi, content: bytes) -> None:
    api.submit(Invocation("id", "arn", 1, "trace", content))
    assert request(api, "GET", "invocation/next")[1] == content
    request(api, "POST", "invocation/id/response", content)
    assert api.reports.get(timeout=60) == WorkerReport("response", content)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "invocation/other"), ("POST", "other"), ("POST", "init/other")]
)
def test_an_unknown_path_is_not_found_and_not_reported(
    api: RuntimeApi, method: str, path: str
) -> None:
    assert request(api, method, path)[0].status == 404
    assert api.reports.empty()


@pytest.mark.parametrize("secret", ["", "/", "/x", "//", "/%s/x", "/é"])
def test_who_does_not_know_the_secret_gets_nothing_and_reports_nothing(
    api: RuntimeApi, secret: str
) -> None:
    api.submit(INVOCATION)
    secret = quote(secret.replace("%s", api.address.partition("/")[2]))
    assert request(api, "GET", "invocation/next", secret=secret)[0].status == 404
    for path in ("invocation/id-1/response", "invocation/id-1/error", "init/error"):
        assert request(api, "POST", path, b"forged", secret)[0].status == 404
    assert not api.ready.is_set()
    assert api.reports.empty()
    assert request(api, "GET", "invocation/next")[1] == INVOCATION.event


def test_the_body_of_a_stranger_is_not_even_read(api: RuntimeApi) -> None:
    address, port = api.address.partition("/")[0].split(":")
    with socket.create_connection((address, int(port)), 60) as connection:
        connection.sendall(b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\n")
        connection.sendall(b"Content-Length: 1000000000000\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 404 ")


def test_every_worker_has_a_secret_of_its_own(api: RuntimeApi) -> None:
    other = RuntimeApi()
    other.close()
    secrets = {found.address.partition("/")[2] for found in (api, other)}
    assert len(secrets) == 2
    assert all(len(secret) >= 43 for secret in secrets)  # 32 bytes


def test_closing_releases_those_who_wait_and_serves_no_more() -> None:
    api = RuntimeApi()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(request, api, "GET", "invocation/next") for _ in range(2)]
        assert api.ready.wait(60)
        api.close()
        for answer in waiting:
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                answer.result(60)
