"""Sends many items in parallel calls, with retries, until all are done or time is up.

A round groups the remaining items into calls, makes them on a thread pool and collects the answers.
After a round with a temporary failure, it pauses: exponential backoff with full jitter.
"""

from __future__ import annotations

import random
import time
from concurrent.futures import CancelledError, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from processor.errors import CallFailed, Invalid, Refused, Retryable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")

# Seconds. The base is a few round trips within a region; the cap leaves time for many attempts
# within one invocation.
BACKOFF_BASE = 0.05
BACKOFF_CAP = 3.0


@dataclass(frozen=True, slots=True)
class SendAnswer(Generic[T]):
    """What one call left undone: items to resend, and items AWS will never accept."""

    again: Sequence[T] = ()
    invalid: Sequence[tuple[T, Invalid]] = ()


@dataclass(slots=True)
class SendOutcome(Generic[T]):
    """The items that are not done.

    `repeats` counts each resend of an item. `failure` is the one that ended the run, or else the
    last one seen, even if a retry succeeded.
    """

    undone: list[T] = field(default_factory=list)
    invalid: list[tuple[T, Invalid]] = field(default_factory=list)
    repeats: int = 0
    failure: CallFailed | None = None


@dataclass(frozen=True, slots=True)
class Rounds:
    """The threads for calls, and the pauses between rounds."""

    pool: ThreadPoolExecutor
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform

    def run(
        self,
        items: Sequence[T],
        *,
        group: Callable[[Sequence[T]], list[list[T]]],
        send: Callable[[list[T]], SendAnswer[T]],
        time_left: Callable[[], float],
    ) -> SendOutcome[T]:
        """Send until everything is done or `time_left` (seconds) has run out.

        `group` splits items into calls. `send` makes one call, on a thread, and raises CallFailed:
        after Retryable, its items are resent; after Invalid, they are resent one by one to find the
        bad ones; after Refused, nothing more is sent. A call still running when time runs out is
        left to its own timeouts; its items count as undone.
        """
        work = _Work(waiting=list(items))
        pauses = 0
        while work.unfinished() and time_left() > 0:
            calls = {self.pool.submit(send, batch): batch for batch in work.take(group)}
            if not _collect(calls, work, time_left()):
                continue
            # The exponent is bounded because 2**1100 overflows a float.
            pause = self.uniform(0, min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(pauses, 10)))
            if pause >= time_left():
                break
            self.sleep(pause)
            pauses += 1
        work.outcome.undone = [*work.waiting, *work.alone]
        return work.outcome


@dataclass(slots=True)
class _Work(Generic[T]):
    """The remaining items of a run; those in `alone` must not share a call."""

    waiting: list[T]
    alone: list[T] = field(default_factory=list)
    outcome: SendOutcome[T] = field(default_factory=SendOutcome)
    begun: bool = False
    stopped: bool = False

    def unfinished(self) -> bool:
        return bool(self.waiting or self.alone) and not self.stopped

    def take(self, group: Callable[[Sequence[T]], list[list[T]]]) -> list[list[T]]:
        """Return all remaining items as the calls of one round."""
        if self.begun:
            self.outcome.repeats += len(self.waiting) + len(self.alone)
        self.begun = True
        batches = [*group(self.waiting), *([item] for item in self.alone)]
        self.waiting, self.alone = [], []
        return batches

    def settle(self, batch: list[T], call: Future[SendAnswer[T]]) -> bool:
        """Take back what a call left undone; return whether the failure is temporary."""
        # An item sent alone stays alone: it may be the bad one.
        again = self.waiting if len(batch) > 1 else self.alone
        try:
            answer = call.result()
        except Retryable as error:
            self._note(error)
            again.extend(batch)
            return True
        except Invalid as error:
            if len(batch) > 1:
                self.alone.extend(batch)
                return False
            answer = SendAnswer(invalid=[(batch[0], error)])
        except Refused as error:
            self.stop(batch, error)
            return False
        except CancelledError:
            self.waiting.extend(batch)
            return False
        except Exception as error:
            # An unexpected answer: only its own items are undone.
            self._note(Retryable(type(error).__name__, str(error)))
            again.extend(batch)
            return True
        if answer.invalid:
            self._note(answer.invalid[-1][1])
        if answer.again:
            self._note(Retryable("Unprocessed", f"{len(answer.again)} items"))
        self.outcome.invalid.extend(answer.invalid)
        again.extend(answer.again)
        return bool(answer.again)

    def stop(self, batch: list[T], failure: CallFailed) -> None:
        """Keep a batch as undone, and stop sending."""
        self._note(failure)
        self.stopped = True
        self.waiting.extend(batch)

    def _note(self, failure: CallFailed) -> None:
        if not self.stopped:
            self.outcome.failure = failure


def _collect(calls: dict[Future[SendAnswer[T]], list[T]], work: _Work[T], seconds: float) -> bool:
    """Process every call of a round; return whether to pause before the next."""
    running = dict(calls)
    may_pass = False
    try:
        for call in as_completed(calls, timeout=max(0.0, seconds)):
            may_pass |= work.settle(running.pop(call), call)
            if work.stopped:
                for other in running:
                    other.cancel()
    except TimeoutError:
        for call, batch in running.items():
            call.cancel()
            work.stop(batch, Retryable("NoAnswer", "still waiting when time ran out"))
    return may_pass and not work.stopped
