"""Reports, at the end of a producer run, what the function rejected meanwhile.

Counts the dead letters before and after, which takes two calls however much was sent. The
function's log shows when it has processed everything, so that the producer waits no longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe import dead_letters
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.looking.log_lines import content_of
from tweetpipe.looking.logs import LogRetriever
from tweetpipe.words import counted

_PATIENCE = 2.0
_PAUSE = 0.2
"""Seconds to wait for the function, and between two checks."""
_LINES = 1000
_BATCH = "batch processed"
_NO_LONGER = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})


class Rejections:
    """Counts rejections from its creation on; stays silent if it lacks the permissions."""

    def __init__(
        self,
        place: Place,
        deployed: Stack,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place = place
        self._deployed = deployed
        self._clock = clock
        self._sleep = sleep
        self._began = datetime.now(UTC)
        self._before = self._letters()

    def words(self, sent: int) -> str:
        """The message after `sent` records; waits for at most two seconds."""
        if self._before is None or not sent:
            return ""
        log = LogRetriever(self._place, self._deployed, config=_NO_LONGER)
        deadline = self._clock() + _PATIENCE
        while True:
            # In this order, because the function sends a batch's dead letters before it logs it.
            is_through = self._handled(log) >= sent
            letters = self._letters()
            if is_through or letters is None or self._clock() >= deadline:
                break
            self._sleep(_PAUSE)
        command = f"tweetpipe dead-letters list{options(self._place.target, self._deployed.name)}"
        if letters is not None and (new := letters - self._before) > 0:
            so_far = "" if is_through else ", so far"
            return (
                f"{counted(new, 'new dead letter')} since this run began{so_far}: records that "
                f"could not be stored. To see why, run:\n  {command}"
            )
        if is_through or letters is None:
            return ""
        return (
            "The function is still processing the records. To see what it rejects, run:\n"
            f"  {command}"
        )

    def _letters(self) -> int | None:
        """The approximate number of dead letters; None if it can't be read."""
        url = self._deployed.outputs.get("DeadLetterQueueUrl")
        if url is None:
            return None
        try:
            return sum(dead_letters.counts(self._place, url, config=_NO_LONGER))
        except (BotoCoreError, ClientError, TweetpipeError):
            return None

    def _handled(self, log: LogRetriever) -> int:
        """The records that the function has logged since then, within one page of the log."""
        pattern = "" if self._place.is_local else f'"{_BATCH}"'
        try:
            events = [*log.since(self._began, pattern=pattern, at_most=_LINES)]
        except (BotoCoreError, ClientError, TweetpipeError):
            return 0
        batches = [content for event in events if isinstance(content := content_of(event), dict)]
        return sum(
            records
            for batch in batches
            if batch.get("message") == _BATCH and isinstance(records := batch.get("records"), int)
        )
