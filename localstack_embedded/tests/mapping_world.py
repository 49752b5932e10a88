"""A stream, a mapping, and its function, in a time that passes only when a test lets it."""

from __future__ import annotations

import asyncio
import selectors
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from localstack_embedded.plugin.mapping.engine import Engine
from localstack_embedded.plugin.mapping.interfaces import (
    Answer,
    Batch,
    Checkpoint,
    GivenUp,
    Matches,
    Record,
)
from localstack_embedded.plugin.mapping.settings import Settings
from localstack_embedded.plugin.streams import Accepted, Entry, Read, Streams

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"
NOON = 1_800_000_000.0
FAILED = Answer(failure="function", function_error="Unhandled")
DONE = Answer()


class _TimeLapse(selectors.SelectSelector):
    """Lets time pass instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing will ever happen"
            self.now += timeout
        return ready


class World:
    """`answer` is the function, which takes `takes` seconds; destinations raise a `refusal`."""

    def __init__(self, shards: int = 1) -> None:
        self._time = _TimeLapse()
        self.loop = asyncio.SelectorEventLoop(self._time)
        self.loop.time = lambda: self._time.now  # type: ignore[method-assign]
        self.streams = Streams(clock=self.clock)
        self.stream = self.streams.add(ARN, shards)
        self.answer: Callable[[Batch], Answer] = lambda batch: DONE
        self.takes = 0.0
        self.refusal: type[Exception] | None = None
        self.checkpoints: dict[str, Checkpoint] = {}
        self.batches: list[Batch] = []
        self.times: list[float] = []
        self.given_up: list[GivenUp] = []
        self.counts: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()
        self.ages: list[float] = []
        self.results: list[str] = []
        self.running = self.most_running = 0
        self.running_keys: Counter[str | None] = Counter()
        self.clashes: list[Batch] = []
        self._engine: Engine | None = None
        self._task: asyncio.Task[None] | None = None

    def clock(self) -> float:
        return NOON + self._time.now

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self._time.now

    def put(self, *data: str, key: str | None = "key") -> list[str]:
        """Put records with this key, or the one before a colon; returns their sequence numbers."""
        entries = [Entry(one.encode(), one.split(":")[0] if ":" in one else key) for one in data]
        accepted = [one for one in self.stream.put(entries) if isinstance(one, Accepted)]
        assert len(accepted) == len(data)
        return [one.sequence_number for one in accepted]

    def start(
        self,
        *,
        matches: Matches | None = None,
        size: int = 100,
        shares_limits: bool = True,
        **settings: Any,
    ) -> Engine:
        """Start a mapping at the checkpoints; `settings` are named as on AWS."""
        assert self._task is None
        self._engine = Engine(
            Settings.of(settings),
            self.stream,
            self.checkpoints,
            invoke=self._invoke,
            give_up=self._give_up,
            size=lambda record: size + len(record.data),
            observe=self,
            matches=matches,
            shares_limits=shares_limits,
            clock=self.clock,
            call=self._call,
        )
        self._engine.resolve()
        self._task = self.loop.create_task(self._engine.run())
        return self._engine

    def wait(self, seconds: float = 1.0) -> None:
        """Let time pass."""
        self.loop.run_until_complete(asyncio.sleep(seconds))
        assert self._task is None or not self._task.done() or self._task.exception() is None

    def halt(self) -> None:
        """Keep the mapping from starting anything new."""
        assert self._engine is not None
        self._engine.halt()

    def stop(self) -> None:
        """Stop the mapping."""
        assert self._task is not None
        self.halt()
        self.loop.run_until_complete(self._task)
        self._task = self._engine = None

    def close(self) -> None:
        try:
            if self._task is not None:
                self.takes = 0.0
                self.stop()
        finally:
            self.loop.close()

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def sent(self) -> list[str]:
        """The data of each invocation's records, joined."""
        return [texts(batch.records) for batch in self.batches]

    @property
    def lost(self) -> list[str]:
        """The data of each batch that was given up."""
        return [texts(one.batch.records) for one in self.given_up]

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if function == self._give_up:
            return function(*arguments)
        batch: Batch = arguments[0]
        keys = Counter({record.partition_key for record in batch.records} - {None})
        if self.running_keys & keys:
            self.clashes.append(batch)
        self.running_keys += keys
        self.batches.append(batch)
        self.times.append(self.now)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await asyncio.sleep(self.takes)
            return function(*arguments)
        finally:
            self.running -= 1
            self.running_keys -= keys

    def _invoke(self, batch: Batch) -> Answer:
        return self.answer(batch)

    def _give_up(self, given_up: GivenUp) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.given_up.append(given_up)

    def read(self, shard_id: str, read: Read) -> None:
        self.reads["read"] += 1

    def refused_read(self, shard_id: str) -> None:
        self.reads["refused"] += 1

    def polled(self, records: int) -> None:
        self.counts["polled"] += records

    def filtered_out(self, records: int) -> None:
        self.counts["filtered_out"] += records

    def invoked(self, records: int, iterator_age_ms: float) -> None:
        self.counts["invoked"] += records
        self.ages.append(iterator_age_ms)

    def failed(self, records: int) -> None:
        self.counts["failed"] += records

    def dropped(self, records: int) -> None:
        self.counts["dropped"] += records

    def result(self, text: str) -> None:
        self.results.append(text)

    def ended(self, reason: str) -> None:
        self.results.append(reason)


def texts(records: Iterable[Record]) -> str:
    """The data of the records, joined."""
    return " ".join(record.data.decode() for record in records)


def item_failures(*identifiers: object) -> Answer:
    """A partial success that reports these records as failed."""
    return Answer({"batchItemFailures": [{"itemIdentifier": one} for one in identifiers]})


def fails_at(bad: Sequence[str]) -> Callable[[Batch], Answer]:
    """A function that reports its first bad record."""

    def answer(batch: Batch) -> Answer:
        return item_failures(
            *[one.sequence_number for one in batch.records if one.data.decode() in bad][:1]
        )

    return answer


def raises_at(bad: Sequence[str]) -> Callable[[Batch], Answer]:
    """A function that raises if there is a bad record in its batch."""
    return lambda batch: FAILED if any(r.data.decode() in bad for r in batch.records) else DONE
