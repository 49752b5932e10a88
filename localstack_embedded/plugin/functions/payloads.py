"""The limits on an invocation's payload.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: "For synchronous invocations, the
maximum payload size is 6 MB. For asynchronous invocations, the maximum payload size is 1 MB."
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

MOST = 6 * 2**20
_MOST_ASYNCHRONOUS = 2**20


def too_large(size: int, invocation_type: str | None) -> str | None:
    """AWS's message about a payload that is too large; None if it isn't."""
    if invocation_type == "Event":
        if size > _MOST_ASYNCHRONOUS:
            return (
                f"{size} byte payload is too large for the Event invocation type"
                f" (limit {_MOST_ASYNCHRONOUS} bytes)"
            )
    elif size > MOST:
        return f"Request must be smaller than {MOST} bytes for the InvokeFunction operation"
    return None


def limit(provider: Any) -> None:
    """Have LocalStack's Lambda refuse payloads that are too large."""
    from localstack.aws.api import CommonServiceException

    invoke = provider.invoke

    def invoke_if_it_fits(context: Any, *args: Any, **parameters: Any) -> Any:
        if payload := parameters.get("payload"):
            content = payload.read()
            if refusal := too_large(len(content), parameters.get("invocation_type")):
                raise CommonServiceException(
                    "RequestEntityTooLargeException", refusal, status_code=413, sender_fault=True
                )
            parameters["payload"] = BytesIO(content)
        return invoke(context, *args, **parameters)

    provider.invoke = invoke_if_it_fits
