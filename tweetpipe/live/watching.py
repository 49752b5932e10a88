"""Looks at one deployed stack, part by part, each as often as the pace says.

A part that refuses is told as that part's state. Only that nothing answers any more, which concerns
all of them, leaves here as an exception.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from tweetpipe import dead_letters, metrics
from tweetpipe import table as tables
from tweetpipe.errors import NothingThere
from tweetpipe.explain import explain
from tweetpipe.live import judging
from tweetpipe.live.calls import CallLog, Calls
from tweetpipe.live.judging import FunctionFigures
from tweetpipe.live.landing import Landing
from tweetpipe.live.reads import MeteredPlace, Pace
from tweetpipe.live.shards import StreamReader
from tweetpipe.live.snapshot import (
    DeadLetters,
    Function,
    Health,
    Landed,
    Point,
    Shard,
    Snapshot,
    Stream,
    TableState,
)
from tweetpipe.metrics import WINDOW, Metrics
from tweetpipe.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTS = 10  # of the table's items, that a rate is taken over
_GONE = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)


class Watching:
    """The stack's readers, and what they found."""

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
        self.is_doubtful = False  # whether something of the stack was not there
        self._place = place
        self._pace = pace
        self._outputs: Mapping[str, str] = deployed.outputs
        self._stream = StreamReader(place, deployed.outputs["KinesisStream"], pace)
        self._landing = Landing(pace, newest=newest)
        self._log = CallLog(place, deployed, pace, since=now)
        self._due: dict[str, float] = {}
        self._troubles: dict[str, str] = {}  # by part, why it could not be read
        self._counts: deque[tuple[float, int]] = deque(maxlen=_COUNTS)
        self._letters: int | None = None
        self._mapping: str | None = None
        self._metrics = Metrics()
        self._ages: deque[float] = deque(maxlen=4)
        self._last_record = now
        self._errors = 0

    def prepare(self, now: float) -> None:
        """To be called a little before `look`."""
        self._try("end of the stream", lambda: self._stream.prepare(now))

    def check(self, now: Callable[[], float]) -> None:
        """Looks whether awaited tweets are in the table."""
        keys = self._landing.keys()
        if keys and self._place.meter.allows("dynamodb"):
            self._try("table", lambda: self._find(keys, now))

    def look(self, now: Callable[[], float]) -> None:
        """Reads all that is due."""
        at = now()
        self._try("stream", lambda: self._sample(now))
        self.check(now)
        self._at_times("count", "dynamodb", self._pace.count, at, self._count)
        self._at_times("function", "logs", self._pace.log, at, self._log.read)
        self._at_times("mapping", "lambda", self._pace.mapping, at, self._read_mapping)
        self._at_times("letters", "sqs", self._pace.queue, at, self._read_queue)
        if not self._place.is_local:
            # An emulator's CloudWatch knows nothing of this.
            self._at_times("metrics", "cloudwatch", self._pace.metrics, at, self._measure)

    def snapshot(self, now: float) -> Snapshot:
        """What is known at this moment."""
        calls = self._log.calls(now)
        self._landing.is_rewriting = self._is_rewriting(calls)
        stream = self._stream_state(now)
        items_per_s = self._items_per_s(calls)
        function = self._function_state(stream, calls)
        point = Point(
            at=now,
            records_per_s=stream.records_per_s,
            items_per_s=items_per_s,
            p50_s=_rounded(self._landing.latency(0.5, now)),
            p99_s=_rounded(self._landing.latency(0.99, now)),
            errors=self._new_errors(),
        )
        idle = stream.health.state == "idle"
        failing = function.health.state in ("warning", "error")
        table = judging.table(items_per_s=items_per_s, idle=idle, failing=failing)
        return Snapshot(
            at=now,
            target="local" if self._place.is_local else "aws",
            region=self._place.region,
            stack=self.deployed.name,
            reachable=judging.OK,
            stream=stream,
            function=function,
            table=TableState(
                name=self._outputs["EventDataTable"],
                health=self._trouble("table", "count") or table,
                items_per_s=items_per_s,
                total=self._counts[-1][1] if self._counts else None,
            ),
            dead_letters=self._letters_state(),
            newest=self._landing.newest(),
            latest=point,
            reads=self._place.meter.reads(),
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

    def _count(self, at: float) -> None:
        table = self._outputs["EventDataTable"]
        found = self._place.dynamodb().describe_table(TableName=table)["Table"]
        self._counts.append((at, found.get("ItemCount", 0)))

    def _read_mapping(self, at: float) -> None:
        name = self._outputs["DDBEventProcessor"]
        found = self._place.lambda_().list_event_source_mappings(FunctionName=name)
        mapping = next(iter(found["EventSourceMappings"]), None) or {}
        self._mapping = mapping.get("State", "missing")

    def _read_queue(self, at: float) -> None:
        self._letters = sum(dead_letters.counts(self._place, self._outputs["DeadLetterQueueUrl"]))

    def _measure(self, at: float) -> None:
        self._metrics = metrics.measure(self._place, self.deployed)

    def _at_times(
        self, part: str, service: str, every: float, at: float, read: Callable[[float], None]
    ) -> None:
        if at >= self._due.get(part, 0) and self._place.meter.allows(service):
            self._due[part] = at + every
            self._try(part, lambda: read(at))

    def _try(self, part: str, read: Callable[[], None]) -> None:
        try:
            read()
        except (ConnectionError, HTTPClientError):
            raise
        except (BotoCoreError, ClientError) as error:
            self.is_doubtful = self.is_doubtful or _is_gone(error)
            self._troubles[part] = explain(error)
        except NothingThere as error:
            self._troubles[part] = str(error)
        else:
            self._troubles.pop(part, None)

    def _trouble(self, *parts: str) -> Health | None:
        for part in parts:
            if why := self._troubles.get(part):
                return Health("unknown", why)
        return None

    def _stream_state(self, now: float) -> Stream:
        shards = tuple(
            Shard(name, _rounded(rate), _rounded(self._landing.behind(name, now)))
            for name, rate in self._stream.shards()
        )
        health = judging.stream(
            shards, quiet_for=now - self._last_record, is_local=self._place.is_local
        )
        return Stream(
            name=self._outputs["KinesisStream"],
            health=self._trouble("stream") or health,
            shards=shards,
            records_per_s=_rounded(self._stream.records_per_s()),
        )

    def _function_state(self, stream: Stream, calls: Calls) -> Function:
        seen = [age for shard in stream.shards if (age := shard.iterator_age_s) is not None]
        # CloudWatch's is minutes old, so it only serves where nothing was seen.
        age = max(seen) if seen else self._metrics.iterator_age
        self._ages.append(age or 0.0)
        found = FunctionFigures(
            calls=calls,
            metrics=self._metrics,
            mapping=self._mapping,
            age=age,
            rising=_rises(self._ages),
            window=float(self.deployed.parameters.get("BatchWindowSeconds") or 0),
            idle=stream.health.state == "idle" and not age,
        )
        return Function(
            name=self._outputs["DDBEventProcessor"],
            health=self._trouble("function", "mapping") or judging.function(found),
            invocations_per_s=_rounded(calls.per_s),
            errors_per_s=_rounded(calls.failed_per_s),
            duration_ms=_rounded(calls.milliseconds),
            iterator_age_s=_rounded(age),
        )

    def _items_per_s(self, calls: Calls) -> float | None:
        if calls.stored_per_s is not None:
            return _rounded(calls.stored_per_s)
        if self._place.is_local:
            return _rounded(self._new_items_per_s())
        stored = self._metrics.stored
        return None if stored is None else _rounded(stored / WINDOW.total_seconds())

    def _new_items_per_s(self) -> float | None:
        """Of an emulator, that counts at once; AWS counts a table's items every six hours."""
        if not self._place.is_local or len(self._counts) < 2:
            return None
        (start, before), (end, after) = self._counts[0], self._counts[-1]
        # Fewer than before: some were deleted.
        return max(after - before, 0) / (end - start)

    def _is_rewriting(self, calls: Calls) -> bool:
        new = self._new_items_per_s()
        return new is not None and new < (calls.stored_per_s or 0) / 2

    def _letters_state(self) -> DeadLetters:
        health = Health("unknown", "Not counted yet.")
        if self._letters is not None:
            health = judging.dead_letters(self._letters)
        return DeadLetters(
            health=self._trouble("letters") or health,
            # Which of the two a message is, only receiving it tells, and that hides it.
            rejected=0 if self._letters == 0 else None,
            exhausted=0 if self._letters == 0 else None,
            total=self._letters,
        )

    def _new_errors(self) -> float:
        before, self._errors = self._errors, self._log.failed + self._log.rejected
        return float(self._errors - before)


def _is_gone(error: BotoCoreError | ClientError) -> bool:
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _GONE


def _rises(ages: deque[float]) -> bool:
    return len(ages) == ages.maxlen and list(ages) == sorted(set(ages))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
