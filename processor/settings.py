"""The function's environment variables, read in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE_NAME = "TABLE_NAME"
DEAD_LETTER_QUEUE_URL = "DEAD_LETTER_QUEUE_URL"
SERVICE_NAME = "POWERTOOLS_SERVICE_NAME"
METRICS_NAMESPACE = "POWERTOOLS_METRICS_NAMESPACE"


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """Where the function writes, and under which names it logs and counts."""

    table_name: str
    dead_letter_queue_url: str
    service: str
    metrics_namespace: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> FunctionSettings:
        """Raise ConfigurationError naming every variable that is missing or empty."""
        missing = [
            name for name in (TABLE_NAME, DEAD_LETTER_QUEUE_URL) if not environment.get(name)
        ]
        if missing:
            raise ConfigurationError(
                f"set {' and '.join(missing)} in the function's environment "
                "(infra/template.yaml does)"
            )
        return cls(
            table_name=environment[TABLE_NAME],
            dead_letter_queue_url=environment[DEAD_LETTER_QUEUE_URL],
            service=environment.get(SERVICE_NAME) or "processor",
            metrics_namespace=environment.get(METRICS_NAMESPACE) or "tweetpipe",
        )
