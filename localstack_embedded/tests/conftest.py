"""Fixtures: functions in processes, without LocalStack."""

from __future__ import annotations

import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from localstack_embedded import DEFAULT_HOME, ensure_environment
from localstack_embedded.plugin.functions.environment import FunctionEnvironment, InvocationOutcome
from localstack_embedded.plugin.functions.runtimes import PYTHON_MAIN
from localstack_embedded.plugin.functions.worker import WorkerSettings
from localstack_embedded.tests.clock import Clock

# The virtual environment's Python, and what is installed beside this one, take longer to start.
BARE_PYTHON = (getattr(sys, "_base_executable", sys.executable), "-S")
AWSLAMBDARIC_PYTHON = DEFAULT_HOME / "functions" / "bin" / "python"


def pytest_configure() -> None:
    """Unset this machine's variables for AWS and proxies."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]


@pytest.fixture
def clock() -> Clock:
    """A clock that shows noon until a test sets it."""
    return Clock()


class Function:
    """A deployed function with one execution environment."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.environment = FunctionEnvironment(settings)

    def invoke(self, event: bytes = b"{}", *, request_id: str = "") -> InvocationOutcome:
        """Run it once."""
        return self.environment.invoke(
            request_id=request_id or str(uuid.uuid4()),
            function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
            trace_id="Root=1-2-3",
            event=event,
        )


Deploy = Callable[..., Function]


@pytest.fixture(params=["builtin", "awslambdaric"])
def client(request: pytest.FixtureRequest) -> str:
    """The worker's client of the Runtime API; AWS's own needs the environment for functions."""
    if request.param == "awslambdaric":
        if sys.platform != "linux":
            pytest.skip("awslambdaric is only in the environment for functions on Linux")
        ensure_environment()
    return str(request.param)


@pytest.fixture
def deploy(client: str, tmp_path: Path) -> Iterator[Deploy]:
    """Makes functions from their source; their workers are killed after the test."""
    functions: list[Function] = []

    def deploy(
        source: str,
        *,
        handler: str = "app.handler",
        timeout: int = 30,
        layers: tuple[Path, ...] = (),
        environ: dict[str, str] | None = None,
    ) -> Function:
        code = Path(tempfile.mkdtemp(dir=tmp_path))
        (code / "app.py").write_text(dedent(source))
        python = (AWSLAMBDARIC_PYTHON,) if client == "awslambdaric" else BARE_PYTHON
        function = Function(
            WorkerSettings(
                command=(
                    *(*map(str, python), "-P", str(PYTHON_MAIN), client, ""),
                    *map(str, (code, *layers)),
                ),
                code=code,
                environ={
                    "_HANDLER": handler,
                    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
                    "AWS_LAMBDA_FUNCTION_NAME": "f",
                    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                    "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
                    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
                    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]abc",
                    "LAMBDA_TASK_ROOT": str(code),
                    "PATH": "/usr/bin:/bin",
                    "TZ": ":UTC",
                    **(environ or {}),
                },
            )
        )
        functions.append(function)
        return function

    yield deploy
    for function in functions:
        function.environment.stop()
