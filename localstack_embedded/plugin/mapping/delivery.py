"""Invokes the function with batches, as often as needed.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

from .answers import done_of
from .context import Context, backoff
from .interfaces import Answer, Batch, GivenUp, Record
from .progress import Progress
from .settings import FOREVER
from .window import Tumbling

LOG = logging.getLogger(__name__)

OK = "OK"
PROBLEM = "PROBLEM: Function call failed"

_TICK = 0.001  # seconds added to a wait, so that a record has then expired by every clock


class Delivery:
    """Delivers the batches of one lane, one after another."""

    def __init__(
        self, context: Context, shard_id: str, progress: Progress, window: Tumbling | None
    ) -> None:
        self._context = context
        self._settings = context.settings
        self._shard_id = shard_id
        self._progress = progress
        self._window = window

    async def deliver(self, records: Sequence[Record]) -> None:
        """Deliver records until all are done or given up; raises Stopped."""
        waiting = [records]
        while waiting:
            waiting += reversed(await self._try(waiting.pop()))

    async def _try(self, records: Sequence[Record]) -> list[Sequence[Record]]:
        """Invoke until all records are done or given up; returns parts to try separately.

        The rest after a partial success, and each half of a split batch, is a new batch, which is
        tried immediately and with all retries. Failures to reach the function don't count as
        retries.
        """
        invocations = retries = failures = 0
        while records:
            if too_old := self._too_old(records):
                await self._give_up_expired(records[:too_old], invocations)
                records = records[too_old:]
                continue
            answer = await self._invoke(records)
            invocations += 1
            done = self._done(answer, records)
            if done:
                await self._finish(answer, records[:done])
                return [records[done:]] if done < len(records) else []
            if answer.failure is None or answer.failure == "function":
                if self._settings.bisects and len(records) > 1:
                    half = len(records) // 2
                    return [records[:half], records[half:]]
                if retries == self._settings.maximum_retries:
                    await self.give_up(records, "RetryAttemptsExhausted", invocations, answer)
                    break
                retries += 1
            failures += 1
            await self._context.pause(min(backoff(failures), self._left(records[0]) + _TICK))
        return []

    async def close_window(self, *, is_early: bool = False) -> None:
        """Invoke the function with the window's result until it succeeds; raises Stopped.

        "If invocation is unsuccessful, your Lambda function suspends further processing until a
        successful invocation." The answer needs no state; AWS's examples have none.
        """
        assert self._window is not None
        failures = 0
        window = self._window.for_batch(is_final=True, is_terminated_early=is_early)
        while (await self._call(Batch(self._shard_id, (), window))).failure is not None:
            self._context.note(PROBLEM)
            failures += 1
            await self._context.pause(backoff(failures))
        self._window.close(is_early=is_early)
        self._context.note(OK)

    async def give_up(
        self,
        records: Sequence[Record],
        condition: Literal["RetryAttemptsExhausted", "RecordAgeExceeded"],
        invocations: int,
        answer: Answer | None,
    ) -> None:
        """Send the records to the destination until it accepts them; raises Stopped."""
        failures = 0
        given_up = GivenUp(Batch(self._shard_id, records), condition, invocations, answer)
        while True:
            try:
                await self._context.call(self._context.give_up, given_up)
                break
            except Exception:
                LOG.warning(
                    "Can't send a failed batch to its destination; trying again.", exc_info=True
                )
                failures += 1
                await self._context.pause(backoff(failures))
        self._progress.finish(records)
        self._context.observe.dropped(len(records))

    async def _give_up_expired(self, records: Sequence[Record], invocations: int) -> None:
        """Like AWS, count the invocation that no longer takes place, and report no answer."""
        await self.give_up(records, "RecordAgeExceeded", invocations + 1, None)

    async def _invoke(self, records: Sequence[Record]) -> Answer:
        age = (self._context.clock() - records[-1].arrived) * 1000
        self._context.check()
        self._context.observe.invoked(len(records), max(age, 0.0))
        window = self._window.for_batch() if self._window else None
        return await self._call(Batch(self._shard_id, records, window))

    async def _call(self, batch: Batch) -> Answer:
        self._context.check()
        try:
            answer: Answer = await self._context.call(self._context.invoke, batch)
        except Exception:
            LOG.exception("The function could not be invoked.")
            answer = Answer(failure="service")
        return answer

    def _done(self, answer: Answer, records: Sequence[Record]) -> int:
        done = done_of(
            answer,
            records,
            reports_item_failures=self._settings.reports_item_failures,
            has_state=self._window is not None,
        )
        self._context.note(OK if done == len(records) else PROBLEM)
        if done < len(records):
            self._context.observe.failed(len(records) - done)
        return done

    async def _finish(self, answer: Answer, records: Sequence[Record]) -> None:
        if self._window:
            self._window.keep(answer.response["state"])
        self._progress.finish(records)
        if self._window and self._window.has_to_end:
            await self.close_window(is_early=True)

    def _too_old(self, records: Sequence[Record]) -> int:
        """How many records, from the first on, are too old to be sent."""
        return next((at for at, one in enumerate(records) if self._left(one) > 0), len(records))

    def _left(self, record: Record) -> float:
        """Seconds left to send the record, by the maximum age and the stream's retention."""
        limit: float = self._context.stream.retention_hours * 3600
        if self._settings.maximum_age != FOREVER:
            limit = min(limit, self._settings.maximum_age)
        return record.arrived + limit - self._context.clock()
