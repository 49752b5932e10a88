"""One embedded LocalStack for all integration tests: the one that runs already, or their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import localstack_embedded
from localstack_embedded import DEFAULT_HOME, Account, Instance
from producer import Settings
from tests.stack_fixtures import (
    command_environment,
    deployed,
    deploying,
    new_stack,
    own_stack,
    place,
    tweetpipe_command,
)

__all__ = [
    "command_environment",
    "deployed",
    "deploying",
    "new_stack",
    "own_stack",
    "place",
    "tweetpipe_command",
]


@pytest.fixture(scope="session")
def emulator_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("localstack")


@pytest.fixture(scope="session")
def emulator(emulator_home: Path) -> Iterator[Instance]:
    """A running LocalStack with a home and a port of the tests' own, for those that try it itself.

    It runs in the project's environment, which is made on first use.
    """
    try:
        yield localstack_embedded.start(
            emulator_home,
            environment_home=DEFAULT_HOME,
            port=0,
            # Elsewhere nothing shows whose the tests' programs are, and few have the key.
            open_to_this_machine=sys.platform != "linux",
            on_step=print,
        )
    finally:
        localstack_embedded.stop(emulator_home)


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Account:
    """The default account of an emulator on which a test leaves nothing behind.

    After `make up` that is the one of this checkout, which saves starting one.
    """
    if up_to_date():
        return Account(DEFAULT_HOME)
    request.getfixturevalue("emulator")
    return Account(request.getfixturevalue("emulator_home"))


@pytest.fixture(scope="session")
def endpoint(shared: Account) -> str:
    """The value for AWS_ENDPOINT_URL, of that emulator."""
    return shared.instance.endpoint


def up_to_date() -> Instance | None:
    """The LocalStack of this checkout, if it runs the code that is here now."""
    found = localstack_embedded.find(DEFAULT_HOME)
    # Elsewhere it may not serve the tests' programs.
    if found is None or sys.platform != "linux":
        return None
    sources = Path(localstack_embedded.__file__).parent.rglob("*.py")
    latest = max(source.stat().st_mtime for source in sources)
    return found if psutil.Process(found.pid).create_time() > latest else None


@pytest.fixture(scope="session")
def producer_settings() -> Settings:
    return Settings()
