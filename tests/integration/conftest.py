"""One embedded LocalStack for all integration tests, beside one that a user may have running."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

import localstack_embedded
from localstack_embedded import DEFAULT_HOME, Instance


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A running LocalStack: `.endpoint` is the value for AWS_ENDPOINT_URL.

    It has a home and a port of its own and the project's environment, made on first use.
    """
    home = tmp_path_factory.mktemp("localstack")
    try:
        yield localstack_embedded.start(
            home, environment_home=DEFAULT_HOME, port=free_port(), on_step=print
        )
    finally:
        localstack_embedded.stop(home)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
