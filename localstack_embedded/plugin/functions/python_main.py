"""The process that runs a function: loads its handler and serves invocations until it is killed.

    python -P python_main.py CLIENT PACKAGES [PATH...]

PACKAGES is a folder to append to `sys.path`, or empty; each PATH goes to its front. CLIENT is the
client of the Lambda Runtime API: `awslambdaric` is AWS's own, `builtin` is the one below, for
Pythons without AWS's, and `auto` is `awslambdaric` if it is there, or else `builtin`. Lambda's own
environment variables have everything else.

This file runs on its own in the function's interpreter, so it may import only the standard library.
"""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

Handler = Callable[[Any, "Context"], Any]


class FunctionError(Exception):
    """A failure with one of Lambda's own error types, such as Runtime.ImportModuleError."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type


class Context:
    """The second argument of a handler.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    def __init__(self, request_id: str, function_arn: str, deadline_ms: int) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = function_arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = None
        self.tenant_id = None
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out, never negative."""
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Print without a newline at the end."""
        sys.stdout.write(str(message))


class LogFormatter(logging.Formatter):
    """Lambda's format for the root logger, with the current request's id."""

    request_id = ""

    def __init__(self) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
            "%Y-%m-%dT%H:%M:%S",
        )
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        record.aws_request_id = self.request_id
        return super().format(record)


class RuntimeClient:
    """One connection to the Runtime API, whose address is HOST:PORT/SECRET."""

    def __init__(self, address: str) -> None:
        host, _, self._secret = address.partition("/")
        self._connection = http.client.HTTPConnection(host)

    def next_invocation(self) -> tuple[http.client.HTTPMessage, bytes]:
        """Wait for an invocation; returns its headers and its event."""
        return self._request("GET", "invocation/next")

    def post(self, path: str, content: bytes) -> None:
        """Report an outcome."""
        self._request("POST", path, content)

    def _request(
        self, method: str, path: str, content: bytes | None = None
    ) -> tuple[http.client.HTTPMessage, bytes]:
        self._connection.request(method, f"/{self._secret}/2018-06-01/runtime/{path}", content)
        response = self._connection.getresponse()
        return response.headers, response.read()


def serve(client: RuntimeClient, name: str) -> None:
    """Load the handler `name` and run it for each invocation in turn."""
    formatter = LogFormatter()
    log = logging.StreamHandler(sys.stdout)
    log.setFormatter(formatter)
    logging.getLogger().addHandler(log)
    try:
        handler = load_handler(name)
    except Exception as error:
        client.post("init/error", describe(error, ""))
        sys.exit(1)
    while True:
        headers, event = client.next_invocation()
        request_id = formatter.request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        context = Context(
            request_id,
            headers["Lambda-Runtime-Invoked-Function-Arn"],
            int(headers["Lambda-Runtime-Deadline-Ms"]),
        )
        try:
            result = marshal(handler(json.loads(event), context))
        except Exception as error:
            client.post(f"invocation/{request_id}/error", describe(error, request_id))
        else:
            client.post(f"invocation/{request_id}/response", result)


def load_handler(name: str) -> Handler:
    """The function that `module.function` names.

    Raises FunctionError, or what the module raises while it is imported.
    """
    module_name, _, function_name = name.rpartition(".")
    if not module_name:
        raise FunctionError(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise FunctionError(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    except SyntaxError as error:
        raise FunctionError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}"
        ) from error
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError as error:
        raise FunctionError(
            "Runtime.HandlerNotFound",
            f"Handler '{function_name}' missing on module '{module_name}'",
        ) from error
    return handler


def marshal(result: object) -> bytes:
    """The handler's result as JSON, with decimals as numbers; bytes are returned as they are."""
    if isinstance(result, bytes):
        return result
    try:
        return json.dumps(result, ensure_ascii=False, default=_decimal_as_number).encode()
    except Exception as error:
        raise FunctionError(
            "Runtime.MarshalError", f"Unable to marshal response: {error}"
        ) from error


def describe(error: Exception, request_id: str) -> bytes:
    """Lambda's error document for `error`; also prints the error to the log."""
    if isinstance(error, FunctionError):
        type_name, stack = error.type, []
    else:
        type_name = type(error).__name__
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename != __file__ and "<frozen importlib" not in frame.filename
        ]
        stack = traceback.format_list(frames)
    # \r, as Lambda prints it: the log keeps the lines together as one event.
    lines = [f"[ERROR] {type_name}: {error}", "Traceback (most recent call last):"]
    sys.stdout.write("\r".join([*lines, *"".join(stack).splitlines()]) + "\n")
    document = {
        "errorMessage": str(error),
        "errorType": type_name,
        "requestId": request_id,
        "stackTrace": stack,
    }
    return json.dumps(document).encode()


def main() -> None:
    """Run the function that the environment names."""
    client, packages, *path = sys.argv[1:]
    name = os.environ["_HANDLER"]
    run = _awslambdaric(required=client == "awslambdaric") if client != "builtin" else None
    sys.path[:0] = path
    sys.path += [packages] if packages else []
    sys.argv = [sys.argv[0]]
    if run:
        run(["awslambdaric", name])
    else:
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        serve(RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"]), name)


def _awslambdaric(*, required: bool) -> Callable[[list[str]], None] | None:
    try:
        from awslambdaric.__main__ import main as run
        from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient
    except ImportError:
        if required:
            raise
        return None
    # Its C++ part read the address when it was imported, and puts the secret into its URLs. Its
    # Python part, which reports a failed initialization, takes only HOST:PORT.
    address, _, secret = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
    os.environ["AWS_LAMBDA_RUNTIME_API"] = address
    call = BaseLambdaRuntimeClient.call_rapid

    def call_with_secret(self: Any, method: str, path: str, *rest: Any) -> None:
        call(self, method, f"/{secret}{path}", *rest)

    BaseLambdaRuntimeClient.call_rapid = call_with_secret
    return run  # type: ignore[no-any-return]


def _decimal_as_number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


if __name__ == "__main__":
    main()
