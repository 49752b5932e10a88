"""An execution environment of a function: Lambda's side of timeouts, exits, and log lines.

Error documents and log lines have the form that AWS gives them:
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from .runtime_api import Invocation, WorkerReport
from .runtimes import why_not
from .worker import Worker, WorkerSettings

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: initialization time
# beyond this counts toward the invocation's timeout.
INIT_SECONDS = 10

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB for a synchronous
# response; in fact, AWS allows 100 bytes more.
MAX_RESPONSE_BYTES = 6 * 2**20 + 100


@dataclass(frozen=True)
class InvocationOutcome:
    """What an invocation returned, or its error document and error type, and what it logged."""

    payload: bytes
    error_type: str | None
    logs: str


class FunctionEnvironment:
    """Runs invocations one at a time in a worker, which is replaced after it has ended."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._timeout = int(settings.environ["AWS_LAMBDA_FUNCTION_TIMEOUT"])
        self._worker: Worker | None = None
        self._warm = False

    def start(self) -> Worker:
        """Start a worker unless one is running; it may still be initializing."""
        if self._worker is None or not self._worker.alive:
            self._worker, self._warm = Worker(self._settings), False
        return self._worker

    def stop(self) -> None:
        """Kill the worker; an invocation that it is running fails."""
        if self._worker:
            self._worker.kill()

    def take_output(self) -> str:
        """What the worker has printed that is not in an invocation's log."""
        return self._worker.take_output() if self._worker else ""

    def invoke(
        self, *, request_id: str, function_arn: str, trace_id: str, event: bytes
    ) -> InvocationOutcome:
        """Run the function once."""
        try:
            worker = self.start()
        except OSError as error:
            message = why_not(self._settings.command, error)
            said = f"RequestId: {request_id} Error: {message}"
            document, kind = _error("Runtime.InvalidEntrypoint", said)
            return InvocationOutcome(document, kind, f"{said}\n{kind}\n")
        init_ms = 0.0 if self._warm else worker.wait_for_init(INIT_SECONDS)
        printed_before = worker.take_output()
        deadline_ms = int((time.time() + self._timeout) * 1000)
        started = time.monotonic()
        report = worker.run(
            Invocation(request_id, function_arn, deadline_ms, trace_id, event), self._timeout
        )
        duration_ms = (time.monotonic() - started) * 1000
        memory_mb, limit_mb = worker.memory_mb(), worker.memory_limit_mb
        self._warm = report is not None and report.kind in ("response", "error")
        if not self._warm:
            worker.kill()

        payload, error_type, notes = self._judge(report, request_id)
        if memory_mb > limit_mb:
            notes.append(f"The function used more than its {limit_mb} MB of memory.")
        environ = self._settings.environ
        figures = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Billed Duration: {math.ceil(duration_ms + init_ms)} ms",
            f"Memory Size: {limit_mb} MB",
            f"Max Memory Used: {min(memory_mb, limit_mb)} MB",
            *([f"Init Duration: {init_ms:.2f} ms"] if init_ms else []),
            *(["Status: timeout"] if report is None else []),
            *([f"Status: error\tError Type: {error_type}"] if report and error_type else []),
        ]
        lines = [
            *printed_before.splitlines(),
            f"START RequestId: {request_id} Version: {environ['AWS_LAMBDA_FUNCTION_VERSION']}",
            *worker.take_output().split("\n"),
            *notes,
            f"END RequestId: {request_id}",
            "\t".join(figures),
        ]
        return InvocationOutcome(
            payload, error_type, "".join(f"{line}\n" for line in lines if line)
        )

    def _judge(
        self, report: WorkerReport | None, request_id: str
    ) -> tuple[bytes, str | None, list[str]]:
        """The payload, its error type if it is an error, and what the platform logs about it."""
        if report is None:
            message = f"Task timed out after {self._timeout:.2f} seconds"
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            note = f"{now} {request_id} {message}"
            return *_error("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}"), [note]
        if report.kind == "exit":
            message = f"RequestId: {request_id} Error: {report.content.decode()}"
            return *_error("Runtime.ExitError", message), [message, "Runtime.ExitError"]
        if report.kind != "response":
            return report.content, str(json.loads(report.content).get("errorType")), []
        if len(report.content) > MAX_RESPONSE_BYTES:
            message = (
                f"Response payload size ({len(report.content)} bytes) exceeded maximum allowed"
                f" payload size ({MAX_RESPONSE_BYTES} bytes)."
            )
            return *_error("Function.ResponseSizeTooLarge", message), [message]
        return report.content, None, []


def _error(type: str, message: str) -> tuple[bytes, str]:
    return json.dumps({"errorType": type, "errorMessage": message}).encode(), type
