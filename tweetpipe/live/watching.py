"""Reads one deployed stack part by part, each as often as the pace allows.

A part that can't be read shows that as its state. Only if nothing answers, which concerns all
parts, an exception is raised.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from tweetpipe.aws.stack import Stack, options
from tweetpipe.live import judging
from tweetpipe.live.attempts import Attempts
from tweetpipe.live.calls import CallLog, Calls
from tweetpipe.live.described import Described
from tweetpipe.live.judging import FunctionFigures
from tweetpipe.live.landing import Landing
from tweetpipe.live.reads import MeteredPlace, Pace
from tweetpipe.live.shards import StreamReader
from tweetpipe.live.snapshot import (
    DeadLettersState,
    FunctionState,
    Landed,
    Point,
    Shard,
    Snapshot,
    StreamState,
    TableState,
)
from tweetpipe.looking import table as tables
from tweetpipe.looking.metrics import WINDOW, Metrics


class Watching:
    """The stack's readers and their results."""

    def __init__(
        self,
        place: MeteredPlace,
        deployed: Stack,
        pace: Pace,
        *,
        now: float,
        newest: tuple[Landed, ...] = (),
    ) -> None:
        self.deployed = deployed
        self._place = place
        self._pace = pace
        self._outputs: Mapping[str, str] = deployed.outputs
        self._options = options(place.target, deployed.name)
        self._attempts = Attempts(place.meter, self._options)
        self._stream = StreamReader(place, deployed.outputs["KinesisStream"], pace)
        self._landing = Landing(pace, newest=newest)
        self._described = Described(place, deployed, pace, self._attempts)
        self._log = CallLog(place, deployed, pace, since=now)
        self._ages: deque[float] = deque(maxlen=4)
        self._last_record = now
        self._failed = self._rejected = 0

    @property
    def measured(self) -> Metrics:
        """CloudWatch's figures of the last minutes, as last read."""
        return self._described.measured.window

    def is_doubtful(self) -> bool:
        """Whether part of the stack was missing since the last call."""
        doubtful, self._attempts.is_doubtful = self._attempts.is_doubtful, False
        return doubtful

    def prepare(self, now: float) -> None:
        """Call this shortly before `look`."""
        self._attempts.make("end of the stream", lambda: self._stream.prepare(now))

    def check(self, now: Callable[[], float]) -> None:
        """Check whether awaited events are in the table."""
        keys = self._landing.keys()
        if keys and self._place.meter.allows("dynamodb"):
            self._attempts.make("table's items", lambda: self._find(keys, now))

    def look(self, now: Callable[[], float]) -> None:
        """Read everything that is due."""
        at = now()
        self._attempts.make("stream", lambda: self._sample(now))
        self.check(now)
        self._described.look(at)
        self._attempts.at_times("log", "logs", self._pace.log, at, self._log.read)

    def snapshot(self, now: float) -> Snapshot:
        """The current snapshot."""
        calls = self._log.calls(now)
        self._landing.is_rewriting = self._is_rewriting(calls)
        stream = self._stream_state(now)
        items_per_s = self._items_per_s(calls)
        function = self._function_state(stream, calls)
        failed, rejected = self._new_errors(calls)
        point = Point(
            at=now,
            records_per_s=stream.records_per_s,
            items_per_s=items_per_s,
            p50_s=_rounded(self._landing.latency(0.5, now)),
            p99_s=_rounded(self._landing.latency(0.99, now)),
            failed=failed,
            rejected=rejected,
        )
        return Snapshot(
            at=now,
            target="local" if self._place.is_local else "aws",
            region=self._place.region,
            stack=self.deployed.name,
            reachable=judging.OK,
            stream=stream,
            function=function,
            table=self._table_state(items_per_s, stream, function),
            dead_letters=self._letters_state(),
            newest=self._landing.newest(),
            latest=point,
            reads=self._place.meter.reads(),
            endpoint=self._place.address,
        )

    def _sample(self, now: Callable[[], float]) -> None:
        samples = self._stream.read(now())
        at = now()
        if samples:
            self._last_record = at
        self._landing.expect(samples, at)

    def _find(self, keys: list[tables.Key], now: Callable[[], float]) -> None:
        table = self._outputs["EventDataTable"]
        present = tables.present(self._place, table, keys, consistently=self._place.is_local)
        self._landing.found(keys, present, now())

    def _stream_state(self, now: float) -> StreamState:
        shards = tuple(
            Shard(name, _rounded(rate), _rounded(self._landing.behind(name, now)))
            for name, rate in self._stream.shards()
        )
        health = judging.stream(
            shards, quiet_for=now - self._last_record, is_local=self._place.is_local
        )
        found = self._described
        return StreamState(
            name=self._outputs["KinesisStream"],
            health=self._attempts.judged(health, "stream", "stream's description"),
            shards=shards,
            records_per_s=_rounded(self._stream.records_per_s()),
            status=found.stream_status,
            mode=found.stream_mode,
            open_shards=found.shards,
        )

    def _function_state(self, stream: StreamState, calls: Calls) -> FunctionState:
        seen = [age for shard in stream.shards if (age := shard.iterator_age_s) is not None]
        described = self._described
        # CloudWatch's figure is minutes old, so it is used only if nothing was sampled.
        age = max(seen) if seen else described.metrics.iterator_age
        self._ages.append(age or 0.0)
        name = self._outputs["DDBEventProcessor"]
        figures = FunctionFigures(
            options=self._options,
            unreserve=self._unreserve(name),
            calls=calls,
            metrics=described.metrics,
            mapping=described.mapping,
            last_result=described.last_result or "",
            concurrency=described.concurrency,
            age=age,
            rising=_rises(self._ages),
            window=float(self.deployed.parameters.get("BatchWindowSeconds") or 0),
            idle=stream.health.state == "idle" and not age,
            flowing=bool(stream.records_per_s),
        )
        health = judging.function(figures)
        return FunctionState(
            name=name,
            health=self._attempts.judged(health, "function", "event source mapping", "log"),
            invocations_per_s=_rounded(calls.per_s),
            errors_per_s=_rounded(calls.failed_per_s),
            duration_ms=_rounded(calls.milliseconds),
            iterator_age_s=_rounded(age),
            rejected_per_s=_rounded(calls.rejected_per_s),
            mapping=described.mapping,
            last_result=described.last_result,
            reserved_concurrency=described.concurrency,
            counted=described.measured.window.mapping,
        )

    def _unreserve(self, function: str) -> str:
        if self._place.is_local:
            # Without the emulator's address, the AWS CLI would call a real AWS account.
            return f"tweetpipe deploy{self._options}"
        return (
            f"aws lambda delete-function-concurrency --function-name {function} "
            f"--region {self._place.region}"
        )

    def _table_state(
        self, items_per_s: float | None, stream: StreamState, function: FunctionState
    ) -> TableState:
        health = judging.table(
            items_per_s=items_per_s,
            idle=stream.health.state == "idle",
            flowing=bool(stream.records_per_s),
            failing=function.health.state in ("warning", "error"),
        )
        return TableState(
            name=self._outputs["EventDataTable"],
            health=self._attempts.judged(health, "table", "table's items"),
            items_per_s=items_per_s,
            total=self._described.items,
        )

    def _items_per_s(self, calls: Calls) -> float | None:
        if calls.stored_per_s is not None:
            return _rounded(calls.stored_per_s)
        if self._place.is_local:
            return _rounded(self._new_items_per_s())
        stored = self._described.metrics.stored
        return None if stored is None else _rounded(stored / WINDOW.total_seconds())

    def _new_items_per_s(self) -> float | None:
        """For an emulator, which counts at once; AWS counts a table's items every six hours."""
        counts = self._described.counts
        if not self._place.is_local or len(counts) < 2:
            return None
        (start, before), (end, after) = counts[0], counts[-1]
        # Fewer than before: items were deleted.
        return max(after - before, 0) / (end - start)

    def _is_rewriting(self, calls: Calls) -> bool:
        """Whether stored or landed events add no new items to the table."""
        new = self._new_items_per_s()
        if new is None:
            return False
        landed = self._landing.landed_of(since=self._described.counts[0][0])
        return new < (calls.stored_per_s or 0) / 2 or (new == 0 and landed > 0)

    def _letters_state(self) -> DeadLettersState:
        letters = self._described.letters
        health = judging.dead_letters(letters, options=self._options)
        return DeadLettersState(
            health=self._attempts.judged(health, "dead-letter queue"),
            # Only receiving a message tells which of the two it is, and that hides it.
            rejected=0 if letters == 0 else None,
            exhausted=0 if letters == 0 else None,
            total=letters,
        )

    def _new_errors(self, calls: Calls) -> tuple[int | None, int | None]:
        if calls.per_s is None:
            return None, None
        failed, self._failed = self._log.failed - self._failed, self._log.failed
        rejected, self._rejected = self._log.rejected - self._rejected, self._log.rejected
        return failed, rejected


def _rises(ages: deque[float]) -> bool:
    return len(ages) == ages.maxlen and list(ages) == sorted(set(ages))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
