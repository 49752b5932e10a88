"""What callers are told about a service or an operation that this LocalStack lacks."""

from __future__ import annotations

import re

from localstack.aws import skeleton
from localstack.aws.handlers import service as handlers
from localstack.aws.spec import get_service_catalog
from localstack.http import Request, Response
from localstack.services.plugins import SERVICE_PLUGINS

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


def say_which_there_are() -> None:
    """Replace LocalStack's own message, which is about its license plans."""
    handlers.get_coverage_link_for_service = _what_there_is
    skeleton.get_coverage_link_for_service = _what_there_is


def _what_there_is(service: str, operation: str) -> str:
    services = sorted(SERVICE_PLUGINS.list_available())
    if service in services:
        return f"LocalStack 4.9.2 lacks the operation {operation} of {service}."
    return f"The embedded LocalStack lacks {service}. It has {', '.join(services)}."


def unknown(request: Request) -> Response | None:
    """The answer to a call of a service that LocalStack has no model of; None for other calls."""
    signed = _SIGNED_FOR.search(request.headers.get("Authorization") or "")
    if not signed or get_service_catalog().by_signing_name(signed[1]):
        return None
    reason = _what_there_is(signed[1], "")
    kind = request.headers.get("Content-Type") or ""
    # Other content types are those of older protocols, which answer in XML, as does CloudFront.
    if "json" in kind or (not kind and signed[1] != "cloudfront"):
        response = Response.for_json({"__type": "InternalFailure", "message": reason}, status=501)
    else:
        error = f"<Code>InternalFailure</Code><Message>{reason}</Message>"
        xml = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
        response = Response(xml, 501, mimetype="text/xml")
    response.headers["x-amzn-ErrorType"] = "InternalFailure"
    return response
