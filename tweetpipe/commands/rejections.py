"""What is known, when a run of the producer ends, of what the function rejected meanwhile.

The queue of dead letters is counted before and after, which costs two calls whatever was sent.
The function's log tells when it has got through what was sent, so that nobody waits for longer.
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
"""Seconds for the function to get through what was sent, and between two looks."""
_LINES = 1000
_BATCH = "batch processed"
_NO_LONGER = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})


class Rejections:
    """Looks from when it is made on; where it may not look, it says nothing."""

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
        """What there is to say after so many records were sent; waits for two seconds at most."""
        if self._before is None or not sent:
            return ""
        log = LogRetriever(self._place, self._deployed, config=_NO_LONGER)
        deadline = self._clock() + _PATIENCE
        while True:
            # In this order: the letters of a batch are sent before its line is written.
            is_through = self._handled(log) >= sent
            letters = self._letters()
            if is_through or letters is None or self._clock() >= deadline:
                break
            self._sleep(_PAUSE)
        command = f"tweetpipe dead-letters list{options(self._place.target, self._deployed.name)}"
        if letters is not None and (new := letters - self._before) > 0:
            has = "has" if new == 1 else "have"
            so_far = "" if is_through else " so far"
            return (
                f"{counted(new, 'dead letter')} {has} come since this run began{so_far}: "
                f"what could not be stored. See why: {command}"
            )
        if is_through or letters is None:
            return ""
        return f"The function is not through with it yet. What it rejects is shown by: {command}"

    def _letters(self) -> int | None:
        """About how many dead letters there are; None if that can't be asked."""
        url = self._deployed.outputs.get("DeadLetterQueueUrl")
        if url is None:
            return None
        try:
            return sum(dead_letters.counts(self._place, url, config=_NO_LONGER))
        except (BotoCoreError, ClientError, TweetpipeError):
            return None

    def _handled(self, log: LogRetriever) -> int:
        """How many records the function has told of since then, as far as one page of log tells."""
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
