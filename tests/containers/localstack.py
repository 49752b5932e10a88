"""LocalStack in a container, from the image and with the settings of docker-compose.yml."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from tests.containers.janitor import LABEL
from tests.waiting import LONG
from tweetpipe.project import ROOT

PORT = 4566
SOCKET = "/var/run/docker.sock"

_STOP_TIMEOUT = 60  # seconds, as docker-compose.yml has it
_LOG_LINES = 20
_NO_TOKEN = 55


class EmulatorFailed(Exception):
    """LocalStack is not running; the message says why and what to do."""


def compose_service(session: str) -> dict[str, Any]:
    """The service as `docker compose` would start it, including .env."""
    # LocalStack starts the functions' containers, so they need our label to be found.
    environment = os.environ | {"LAMBDA_DOCKER_FLAGS": f"--label {LABEL}={session}"}
    config = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=LONG,
    )
    service: dict[str, Any] = json.loads(config.stdout)["services"]["localstack"]
    return service


@contextmanager
def running(
    service: Mapping[str, Any], session: str, *, command: list[str] | None = None
) -> Iterator[DockerContainer]:
    """The service on a free port; raises EmulatorFailed if it doesn't start."""
    container = DockerContainer(service["image"]).with_exposed_ports(PORT).waiting_for(_Ready())
    container.with_kwargs(labels={LABEL: session}, entrypoint=command)
    container.with_envs(**{k: v for k, v in service["environment"].items() if v is not None})
    for volume in service["volumes"]:
        if volume["type"] == "bind":
            container.with_volume_mapping(volume["source"], volume["target"], "rw")
    try:
        container.start()
        yield container
    finally:
        # Stopped, not killed, so that it removes its functions' containers.
        container.get_wrapped_container().stop(timeout=_STOP_TIMEOUT)
        container.stop()


def endpoint(container: DockerContainer) -> str:
    """The value for AWS_ENDPOINT_URL."""
    return f"http://{container.get_container_host_ip()}:{container.get_exposed_port(PORT)}"


class _Ready(WaitStrategy):
    """Waits until LocalStack is healthy, or has exited."""

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        assert isinstance(container, DockerContainer)
        deadline = time.monotonic() + LONG
        while True:
            container.reload()
            if container.status == "exited":
                raise EmulatorFailed(_why_it_ended(container))
            if container.status == "running" and _is_healthy(container):
                break
            if time.monotonic() > deadline:
                raise EmulatorFailed(f"LocalStack was not ready in time. {_end_of_log(container)}")
            time.sleep(0.2)
        if container.exec(["test", "-S", SOCKET]).exit_code:
            raise EmulatorFailed(
                f"LocalStack has no {SOCKET}, so it can't run functions. Set DOCKER_SOCK to the "
                "path of your engine's socket, in the environment or in .env."
            )


def _is_healthy(container: DockerContainer) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint(container)}/_localstack/health", timeout=5):
            return True
    except (OSError, urllib.error.HTTPError):
        return False


def _why_it_ended(container: DockerContainer) -> str:
    code = container.wait()
    if code == _NO_TOKEN:
        return (
            f"{container.image} needs a LocalStack account's token (exit code {code}). Set "
            "LOCALSTACK_AUTH_TOKEN, or unset LOCALSTACK_IMAGE: the default image needs none."
        )
    return f"LocalStack exited with code {code}. {_end_of_log(container)}"


def _end_of_log(container: DockerContainer) -> str:
    lines = b"".join(container.get_logs()).decode(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join(["The end of its log:", *lines])
