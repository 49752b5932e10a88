"""The changes that a page may make: redrive dead letters, or delete them for good."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from tweetpipe import dead_letters
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.dashboard.door import Door
from tweetpipe.dead_letters.redrive import Redriven, redrive

MAX_AT_ONCE = 500  # letters; more take another press of the button


class NotAllowed(TweetpipeError):
    """This dashboard is read-only."""


class Busy(TweetpipeError):
    """Another action is running."""


class Ending(TweetpipeError):
    """The server is stopping: remaining letters stay in the queue."""


class Actions:
    """One action at a time, with the command line's own code.

    `options` select the stack in a suggested command.
    """

    def __init__(self, door: Door, *, allowed: bool, options: str = "") -> None:
        self.allowed = allowed
        self.options = options
        self._door = door
        self._at_work = threading.Lock()
        self._ending = False

    def stop(self) -> None:
        """Start no further letter."""
        self._ending = True

    def redrive(self, ids: Collection[str] | None) -> dict[str, Any]:
        """Redrive these letters, or all with None, and return the outcome.

        Raises NotAllowed, Busy, Ending, and whatever redriving raises.
        """

        def check(_: Redriven) -> None:
            if self._ending:
                raise Ending(
                    "The dashboard is stopping. Letters that were not redriven are still "
                    "in the queue."
                )

        with self._alone(), self._door.stack() as (place, stack):
            outcomes = redrive(
                place,
                stack,
                wanted=lambda letter: ids is None or letter.id in ids,
                on_outcome=check,
                at_most=MAX_AT_ONCE if ids is None else len(ids),
            )
        return {
            "done": sum(outcome.is_done for outcome in outcomes),
            "stored": sum(outcome.stored for outcome in outcomes),
            "rejected": sum(outcome.rejected for outcome in outcomes),
            "missed": 0 if ids is None else len(ids) - len(outcomes),
            "kept": [
                {"id": outcome.letter.id, "why": _with_command(outcome)}
                for outcome in outcomes
                if not outcome.is_done
            ],
        }

    def purge(self, ids: Collection[str]) -> dict[str, Any]:
        """Delete these letters for good; raises like `redrive`."""
        with self._alone(), self._door.stack() as (place, stack):
            url, bucket = stack.outputs["DeadLetterQueueUrl"], dead_letters.bucket_of(stack)
            deleted = dead_letters.purge(place, url, ids, bucket=bucket)
        return {"deleted": deleted, "missed": len(ids) - deleted}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self.allowed:
            raise NotAllowed(
                "This dashboard is read-only. To make changes here, stop it and run: tweetpipe "
                f"dashboard{self.options} --allow-actions"
            )
        if not self._at_work.acquire(blocking=False):
            raise Busy(
                "Another redrive is running, from this page or another. Wait until it is "
                "done, then try again."
            )
        try:
            yield
        finally:
            self._at_work.release()


def _with_command(outcome: Redriven) -> str:
    return f"{outcome.why}: {outcome.command}" if outcome.command else outcome.why
