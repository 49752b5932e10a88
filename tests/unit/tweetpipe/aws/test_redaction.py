from __future__ import annotations

import http.client

import pytest
import requests

from tweetpipe.aws.redaction import redacted
from tweetpipe.commands import terminal
from tweetpipe.commands.main import main

SECRET = "hunter2-hunter2-hunter2"


def quoted_by_http_client() -> str:
    connection = http.client.HTTPConnection("127.0.0.1")
    connection.putrequest("GET", "/")
    with pytest.raises(ValueError, match="header value") as caught:
        connection.putheader("X-Amz-Security-Token", f"{SECRET}\n{SECRET}")
    return str(caught.value)


def quoted_by_requests() -> str:
    with pytest.raises(requests.exceptions.InvalidHeader) as caught:
        requests.get("http://127.0.0.1:1", headers={"X-Token": f"{SECRET}\n{SECRET}"}, timeout=1)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        quoted_by_http_client(),
        quoted_by_requests(),
        f"Could not connect to http://me:{SECRET}@proxy:3128/ or to it",
        f"HTTPSConnectionPool: Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'Basic {SECRET}='}}",
        f"The Canonical String should have been\nhost:x\nx-amz-security-token:{SECRET}\nz",
        f"{{'X-Amz-Security-Token': '{SECRET}'}}",
    ],
)
def test_what_libraries_quote_is_hidden_and_the_rest_is_not(text: str) -> None:
    assert SECRET in text

    hidden = redacted(text, {})

    assert "hunter2" not in hidden
    assert hidden.count("(hidden)") == 1
    assert hidden.startswith(text[:10])


@pytest.mark.parametrize(
    "name",
    [
        "bearer_token",
        "consumer_secret",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "MY_PASSWORD",
    ],
)
@pytest.mark.parametrize(
    "value", ["abcdefgh/1234+5678=", "abcdefgh/12\n34+5678==", "abcdefgh \u2019"]
)
def test_a_credential_of_the_environment_is_hidden_wherever_it_is_quoted(
    name: str, value: str
) -> None:
    environ = {name: value, "HOME": "/home/somebody"}

    for quoted in (value, repr(value), ascii(value), repr(value.encode())):
        hidden = redacted(f"/home/somebody: {quoted} is wrong", environ)

        assert "abcdefgh" not in hidden
        assert "5678" not in hidden
        assert hidden.startswith("/home/somebody: ")
        assert hidden.endswith(" is wrong")


def test_the_emulators_dummy_credentials_do_not_spoil_the_text() -> None:
    assert redacted("a test", {"AWS_SECRET_ACCESS_KEY": "test"}) == "a test"
    assert redacted("http://localhost:4566/x@y http://[::1]:80", {}).endswith("x@y http://[::1]:80")


def test_all_that_is_said_is_looked_through(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(f"X: http://me:{SECRET}@x")
    terminal.done(f"Bearer {SECRET}")
    terminal.fail(f"Bearer {SECRET}")

    shown = capsys.readouterr().err
    assert SECRET not in shown
    assert shown.count("(hidden)") == 3


@pytest.mark.parametrize(
    "environ",
    [
        {"bearer_token": f"{SECRET}\n{SECRET}"},
        {"consumer_key": SECRET, "consumer_secret": f"{SECRET}\n{SECRET}"},
        {"bearer_token": "t", "AWS_ENDPOINT_URL": f"http://me:{SECRET}@127.0.0.1:1"},
        {"bearer_token": "t", "AWS_ENDPOINT_URL": f"http://me:{SECRET}@127.0.0.1:x"},
        {"bearer_token": "t", "TWEETPIPE_TARGET": "aws", "AWS_SESSION_TOKEN": f"{SECRET}\nx"},
    ],
)
def test_no_command_shows_a_credential_that_is_spoilt(
    environ: dict[str, str],
    listening: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    for name, value in ({"AWS_ENDPOINT_URL": listening} | keys | environ).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as stop:
        main(["produce", "--source", "twitter", "--track", "yolo"])

    shown = "".join(capfd.readouterr())
    assert stop.value.code in (1, 2)
    assert shown.startswith("Error: ")
    assert "hunter2" not in shown


def test_a_traceback_shows_none_either(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        quoted_by_http_client()
        raise ValueError(f"Invalid header value b'Bearer {SECRET}'")
    except ValueError as error:
        terminal.show_traceback(type(error), error, error.__traceback__)

    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "Invalid header value (hidden)" in shown
    assert SECRET not in shown
