"""Reads the function's environment variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE_NAME = "TABLE_NAME"
DEAD_LETTER_QUEUE_URL = "DEAD_LETTER_QUEUE_URL"
EXPIRE_AFTER_DAYS = "EXPIRE_AFTER_DAYS"
SERVICE_NAME = "POWERTOOLS_SERVICE_NAME"
METRICS_NAMESPACE = "POWERTOOLS_METRICS_NAMESPACE"
EVENTS = "EVENTS"


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """Where the function writes, and its names for logs and metrics.

    Items expire `expire_after_days` after their records arrived; with 0, never. `events` is the
    package that turns records into items.
    """

    table_name: str
    dead_letter_queue_url: str
    service: str
    metrics_namespace: str
    events: str = "tweets"
    expire_after_days: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> FunctionSettings:
        """Raise ConfigurationError naming every variable that is missing, empty, or wrong."""
        missing = [
            name for name in (TABLE_NAME, DEAD_LETTER_QUEUE_URL) if not environment.get(name)
        ]
        if missing:
            raise ConfigurationError(
                f"set {' and '.join(missing)} in the function's environment, as "
                "infra/template.yaml does"
            )
        days = environment.get(EXPIRE_AFTER_DAYS) or "0"
        if not (days.isascii() and days.isdigit()):
            raise ConfigurationError(f"{EXPIRE_AFTER_DAYS}={days!r} is not a number of days")
        return cls(
            table_name=environment[TABLE_NAME],
            dead_letter_queue_url=environment[DEAD_LETTER_QUEUE_URL],
            service=environment.get(SERVICE_NAME) or "processor",
            metrics_namespace=environment.get(METRICS_NAMESPACE) or "tweetpipe",
            expire_after_days=int(days),
            events=environment.get(EVENTS) or "tweets",
        )
