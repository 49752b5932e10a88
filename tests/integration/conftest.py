"""One embedded LocalStack for all integration tests: a running one, or a new one."""

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
    """A LocalStack with its own home and port, for tests of LocalStack.

    It runs in the project's environment, which is made on first use.
    """
    try:
        yield localstack_embedded.start(
            emulator_home,
            environment_home=DEFAULT_HOME,
            port=0,
            # Other systems don't show the user of a test's program, and few programs have the key.
            open_to_this_machine=sys.platform != "linux",
            on_step=print,
        )
    finally:
        localstack_embedded.stop(emulator_home)


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Account:
    """The default account of an emulator for tests that clean up.

    After `make up`, it is the emulator of this checkout, which saves starting one.
    """
    if up_to_date():
        return Account(DEFAULT_HOME)
    request.getfixturevalue("emulator")
    return Account(request.getfixturevalue("emulator_home"))


@pytest.fixture(scope="session")
def endpoint(shared: Account) -> str:
    """The value for AWS_ENDPOINT_URL of that emulator."""
    return shared.instance.endpoint


def up_to_date() -> Instance | None:
    """The LocalStack of this checkout, if it runs the current code."""
    found = localstack_embedded.find(DEFAULT_HOME)
    # On other systems, it may not serve the tests' programs.
    if found is None or sys.platform != "linux":
        return None
    sources = Path(localstack_embedded.__file__).parent.rglob("*.py")
    latest = max(source.stat().st_mtime for source in sources)
    return found if psutil.Process(found.pid).create_time() > latest else None


@pytest.fixture(scope="session")
def producer_settings() -> Settings:
    return Settings()
