"""The environment that LocalStack is started with, and what stays out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localstack_embedded.environment import Environment
from localstack_embedded.launch import localstack_environ

ENVIRONMENT = Environment(Path("/e"))


def environ(**ambient: str) -> dict[str, str]:
    """LocalStack's environment, given the user's."""
    return localstack_environ(ambient, ENVIRONMENT, volume=Path("/h/volume"), port=4570, listener=7)


@given(st.dictionaries(st.from_regex(r"AWS_[A-Z_]{0,30}", fullmatch=True), st.text()))
def test_nothing_of_the_users_aws_settings_gets_in(ambient: dict[str, str]) -> None:
    assert environ(**ambient) == environ()


@pytest.mark.parametrize(
    "name", ["HTTP_PROXY", "https_proxy", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TMPDIR"]
)
def test_what_would_change_how_it_runs_stays_out(name: str) -> None:
    assert name not in environ(**{name: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "1"),
        ("LS_LOG", "trace"),
        ("LAMBDA_KEEPALIVE_MS", "1000"),
        ("LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC", "5"),
        ("KINESIS_ERROR_PROBABILITY", "0.1"),
        ("LC_ALL", "C"),
    ],
)
def test_the_users_settings_of_localstack_come_first(name: str, value: str) -> None:
    assert environ(**{name: value})[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_LISTEN", "127.0.0.1:4570"),
        ("GATEWAY_SOCKET", "7"),
        ("LAMBDA_RUNTIME_EXECUTOR", "process"),
        ("LAMBDA_PROCESS_PYTHON", "/e/functions/bin/python"),
        ("PROVIDER_OVERRIDE_DYNAMODB", "moto"),
        ("FILESYSTEM_ROOT", "/h/volume"),
        ("TEMP", "/h/volume/temporary"),
        ("HOME", "/h/volume"),
        ("MALLOC_ARENA_MAX", "1"),
    ],
)
def test_what_makes_it_run_here_can_not_be_changed(name: str, value: str) -> None:
    assert environ(**{name: "other"})[name] == value
