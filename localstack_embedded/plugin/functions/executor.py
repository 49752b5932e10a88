"""A Lambda executor for LocalStack that runs functions in processes.

Settings, as environment variables of LocalStack's own process:

    LAMBDA_PROCESS_PYTHON    the interpreter for functions, with the packages they may expect;
                             LocalStack's own by default
    LAMBDA_PROCESS_CLIENT    the client of the Lambda Runtime API: auto (the default), awslambdaric,
                             or builtin; see python_main.py
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from localstack import config
from localstack.aws.api.lambda_ import ServiceException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import (
    LambdaRuntimeException,
    RuntimeExecutor,
)

from .. import settings
from .environment import FunctionEnvironment
from .runtimes import (
    Interpreter,
    Package,
    UnknownRuntimeError,
    command,
    merged,
    require,
    variables,
    wrapped,
)
from .worker import WorkerSettings

LOOPBACK = "127.0.0.1"


class ProcessExecutor(RuntimeExecutor):  # type: ignore[misc]
    """One execution environment, as LocalStack sees it."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._environment: FunctionEnvironment | None = None
        self._folder: str | None = None
        self._stopped = False

    def start(self, env_vars: dict[str, str]) -> None:
        """Start a worker; if it fails to initialize, the first invocation reports that."""
        self._folder = tempfile.mkdtemp(prefix="function-", dir=config.dirs.tmp)
        self._environment = FunctionEnvironment(self._settings(env_vars, Path(self._folder)))
        with suppress(OSError):
            self._environment.start()

    def _settings(self, env_vars: dict[str, str], folder: Path) -> WorkerSettings:
        function = self.function_version.config
        layers = [Path(layer.code.get_unzipped_code_location()) for layer in function.layers]
        code = Path(function.code.get_unzipped_code_location())
        package = Package(runtime=function.runtime, code=code, opt=merged(layers, folder / "opt"))
        interpreter = Interpreter(
            python=Path(os.environ.get("LAMBDA_PROCESS_PYTHON") or sys.executable),
            client=settings.text("LAMBDA_PROCESS_CLIENT"),
        )
        run = command(package, interpreter)
        found = variables(package, run)
        is_custom = function.runtime.startswith("provided")
        environ = {
            **found,
            "LANG": "C.UTF-8",
            # The function must not see the user's files, such as ~/.aws/config.
            "HOME": str(folder),
            "TMPDIR": str(folder),
            # Even a function that uses a proxy calls LocalStack directly.
            "NO_PROXY": f"localhost,{LOOPBACK}",
            **{name: str(value) for name, value in env_vars.items()},
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "LAMBDA_TASK_ROOT": found["LAMBDA_TASK_ROOT"],
        }
        if is_custom:
            del environ["AWS_EXECUTION_ENV"]
        return WorkerSettings(
            command=wrapped(run, package, environ),
            code=code,
            environ=environ,
            takes_plain_address=is_custom,
        )

    def stop(self) -> None:
        """End the worker and remove what the function left in its temporary folder."""
        self._stopped = True
        if self._environment:
            self._environment.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run the function once."""
        assert self._environment, "LocalStack starts an environment before it invokes"
        outcome = self._environment.invoke(
            request_id=payload["invoke-id"],
            function_arn=payload["invoked-function-arn"],
            trace_id=payload["trace-id"],
            event=payload["payload"].encode(),
        )
        if self._stopped:
            # Raised so that the outcome is no longer logged, counted, or kept.
            raise ServiceException("The function was deleted while it was running.")
        return InvocationResult(
            payload["invoke-id"],
            outcome.payload,
            is_error=outcome.error_type is not None,
            logs=outcome.logs,
        )

    def get_logs(self) -> str:
        """What was printed that is not in an invocation's log."""
        return self._environment.take_output() if self._environment else ""

    def get_address(self) -> str:
        """Where LocalStack would find a container."""
        return LOOPBACK

    def get_endpoint_from_executor(self) -> str:
        """Where the function finds LocalStack."""
        return LOOPBACK

    def get_runtime_endpoint(self) -> str:
        """Where a container's init process would report to; there is none here."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack the function's code and its layers.

        Raises LambdaRuntimeException, which becomes the failed function's state reason.
        """
        function = function_version.config
        try:
            require(function.runtime)
        except UnknownRuntimeError as error:
            raise LambdaRuntimeException(str(error)) from error
        for archive in (function.code, *(layer.code for layer in function.layers)):
            archive.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Do nothing: LocalStack removes the unpacked code itself."""
