"""One embedded LocalStack for all integration tests, beside one that a user may have running."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

import localstack_embedded
from localstack_embedded import DEFAULT_HOME, Instance
from producer import Settings
from tests.stack_fixtures import (
    command_environment,
    deployed,
    free_port,
    new_stack,
    place,
    tweetpipe_command,
)

__all__ = ["command_environment", "deployed", "new_stack", "place", "tweetpipe_command"]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A running LocalStack with a home and a port of its own.

    It runs in the project's environment, which is made on first use.
    """
    home = tmp_path_factory.mktemp("localstack")
    try:
        yield localstack_embedded.start(
            home,
            environment_home=DEFAULT_HOME,
            port=free_port(),
            # Elsewhere nothing shows whose the tests' programs are, and few have the key.
            open_to_this_machine=sys.platform != "linux",
            on_step=print,
        )
    finally:
        localstack_embedded.stop(home)


@pytest.fixture(scope="session")
def endpoint(emulator: Instance) -> str:
    """The value for AWS_ENDPOINT_URL."""
    return emulator.endpoint


@pytest.fixture(scope="session")
def producer_settings() -> Settings:
    return Settings()
