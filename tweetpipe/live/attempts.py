"""Reads a stack part by part; if a part can't be read, that becomes its state."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from tweetpipe.aws.errors import NothingThere
from tweetpipe.aws.explain import explain
from tweetpipe.live.reads import ReadMeter
from tweetpipe.live.snapshot import Health

_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)


class Attempts:
    """What could not be read, by part; `is_doubtful` is set once something was missing.

    `options` select the stack in a suggested command.
    """

    def __init__(self, meter: ReadMeter, options: str) -> None:
        self.is_doubtful = False
        self._options = options
        self._meter = meter
        self._due: dict[str, float] = {}
        self._troubles: dict[str, Health] = {}

    def make(self, part: str, read: Callable[[], None]) -> None:
        """Read a part; raises only if nothing answers, which concerns all parts."""
        try:
            read()
        except (ConnectionError, HTTPClientError):
            raise
        except (BotoCoreError, ClientError) as error:
            if _is_gone(error):
                self.is_doubtful = True
                whole = part.partition("'s ")[0]
                self._troubles[part] = Health(
                    "error",
                    f"The {whole} is missing. To create it again, run: tweetpipe "
                    f"deploy{self._options}",
                )
            else:
                self._troubles[part] = Health("unknown", explain(error))
        except NothingThere as error:
            self._troubles[part] = Health("unknown", str(error))
        else:
            self._troubles.pop(part, None)

    def at_times(
        self, part: str, service: str, every: float, at: float, read: Callable[[float], None]
    ) -> None:
        """Read at the given interval, if the service allows the call."""
        if at >= self._due.get(part, 0) and self._meter.allows(service):
            self._due[part] = at + every
            self.make(part, lambda: read(at))

    def judged(self, health: Health, *parts: str) -> Health:
        """The health shown by the figures, unless errors of these parts say more."""
        found = [self._troubles[part] for part in parts if part in self._troubles]
        gone = next((trouble for trouble in found if trouble.state == "error"), None)
        if gone or not found or health.state in ("warning", "error"):
            return gone or health
        return found[0]


def _is_gone(error: BotoCoreError | ClientError) -> bool:
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _GONE
