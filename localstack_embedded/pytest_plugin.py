"""Fixtures for tests against an emulator, which pytest finds once this package is installed.

Slow imports wait until a test needs them, because pytest loads this module in every run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import Account


@pytest.fixture(scope="session")
def localstack(pytestconfig: pytest.Config) -> Iterator[Account]:
    """One emulator for all tests of a run, in LocalStack's default account."""
    from . import ensure_environment, running, shared_home

    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(step: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"localstack: {step}", flush=True)  # noqa: T201

    # The very first run makes the environment, which takes a minute.
    ensure_environment(shared_home(), on_step=say)
    with running() as account:
        yield account


@pytest.fixture
def aws_account(localstack: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """A new account for this test, where boto3 and AWS tools work while it runs."""
    account = localstack.another()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    no_file = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    for name, value in (account.variables | no_file).items():
        monkeypatch.setenv(name, value)
    # boto3.client keeps what its first call found in the environment.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    return account


@pytest.fixture
def reset(localstack: Account) -> Callable[[], None]:
    """Empties all accounts of the emulator, before the test and whenever the test calls this."""
    from . import reset

    def empty() -> None:
        reset(localstack.home)

    empty()
    return empty
