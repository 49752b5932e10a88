"""What callers are told of a service, or of an operation, that this LocalStack lacks."""

from __future__ import annotations

from localstack.aws import skeleton
from localstack.aws.handlers import service as handlers
from localstack.services.plugins import SERVICE_PLUGINS


def say_which_there_are() -> None:
    """Replace LocalStack's own words, which are about its license plans."""
    handlers.get_coverage_link_for_service = _what_there_is
    skeleton.get_coverage_link_for_service = _what_there_is


def _what_there_is(service: str, operation: str) -> str:
    services = sorted(SERVICE_PLUGINS.list_available())
    if service in services:
        return f"LocalStack 4.9.2 lacks the operation {operation} of {service}."
    return f"The embedded LocalStack lacks {service}. It has {', '.join(services)}."
