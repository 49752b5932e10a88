"""LocalStack in a container for all tests here, which is removed when they end."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from producer import Settings
from tests.containers import janitor, localstack
from tests.stack_fixtures import (
    command_environment,
    deployed,
    new_stack,
    own_stack,
    place,
    tweetpipe_command,
)
from tests.waiting import LONG, wait_for

__all__ = [
    "command_environment",
    "deployed",
    "new_stack",
    "own_stack",
    "place",
    "tweetpipe_command",
]

# The janitor replaces testcontainers' clean-up container. It needs no extra image, and also removes
# the containers of functions and of compose.
testcontainers_config.ryuk_disabled = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give containers enough time on a busy machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(3 * LONG))


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """Skips without a Docker engine and compose, or fails if REQUIRE_DOCKER is 1."""
    try:
        # Before the library is used, because it leaves its socket open if no engine answers.
        for question in (["docker", "version"], ["docker", "compose", "version"]):
            subprocess.run(question, check=True, capture_output=True, text=True, timeout=60)
        docker = DockerClient().client
        docker.ping()
        docker.close()
    except (DockerException, OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        reason = f"needs a Docker engine and docker compose ({said.strip()})"
        if os.environ.get("REQUIRE_DOCKER") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def docker_session(engine: None) -> Iterator[str]:
    """A name for this test run and everything that it makes with Docker, removed at the end."""
    session = f"tweetpipe-test-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with janitor.watching(session):
        yield session


@pytest.fixture(scope="session")
def container(docker_session: str) -> Iterator[DockerContainer]:
    """A running LocalStack."""
    service = localstack.compose_service(docker_session)
    with localstack.running(service, docker_session) as running:
        yield running
    # The engine may still be removing containers that LocalStack has stopped.
    wait_for(lambda: not janitor.left(docker_session, "container"), "the end of all containers")


@pytest.fixture(scope="session")
def endpoint(container: DockerContainer) -> str:
    """The value for AWS_ENDPOINT_URL."""
    return localstack.endpoint(container)


@pytest.fixture(scope="session")
def producer_settings() -> Settings:
    return Settings()
