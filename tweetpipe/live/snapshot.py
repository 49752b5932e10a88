"""The state of a stack at one moment; values only.

A figure that could not be read is None, which is not 0. Times are in seconds since 1970.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from tweetpipe.looking.metrics import MappingCounts

State = Literal["ok", "idle", "warning", "error", "unknown"]

MAX_NEWEST = 100


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a part, and why, in one sentence; `why` is empty if the part is ok."""

    state: State
    why: str = ""


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of the stream; `iterator_age_s` is how far the function is behind on it."""

    id: str
    records_per_s: float | None
    iterator_age_s: float | None


@dataclass(frozen=True, slots=True)
class StreamState:
    """The stream, with its sampled shards; `status` and `mode` are Kinesis's.

    `open_shards` is the total number of open shards.
    """

    name: str
    health: Health
    shards: tuple[Shard, ...]
    records_per_s: float | None
    status: str | None = None
    mode: str | None = None
    open_shards: int | None = None


@dataclass(frozen=True, slots=True)
class FunctionState:
    """The function; `duration_ms` is the average of its invocations.

    `mapping` is the state of its event source mapping, and `last_result` is Lambda's result of the
    last batch; `counted` are AWS's counts of the mapping in the last minutes.
    """

    name: str
    health: Health
    invocations_per_s: float | None
    errors_per_s: float | None
    duration_ms: float | None
    iterator_age_s: float | None
    rejected_per_s: float | None = None
    mapping: str | None = None
    last_result: str | None = None
    reserved_concurrency: int | None = None
    counted: MappingCounts | None = None


@dataclass(frozen=True, slots=True)
class TableState:
    """The table; `total` is DynamoDB's item count, hours old on AWS."""

    name: str
    health: Health
    items_per_s: float | None
    total: int | None


@dataclass(frozen=True, slots=True)
class DeadLettersState:
    """The queue: records that can never be stored, and batches whose retries are exhausted.

    How many of each is only known if it is empty: reading would hide messages from other readers.
    """

    health: Health
    rejected: int | None
    exhausted: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Landed:
    """An event found in the table: its key, and what is shown of it.

    The latency counts from its arrival in the stream; None if it was not sampled soon enough.
    """

    key: tuple[str, str]
    title: str
    time: str
    text: str
    shard: str | None
    sequence_number: str | None
    latency_s: float | None
    landed_at: float


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the time series.

    The latencies are end to end, from the stream to the table, of the last minute. `failed` calls
    and `rejected` records are those since the previous point.
    """

    at: float
    records_per_s: float | None
    items_per_s: float | None
    p50_s: float | None
    p99_s: float | None
    failed: int | None
    rejected: int | None


@dataclass(frozen=True, slots=True)
class Reads:
    """Our own calls a second by service, and their upper limit."""

    per_s: dict[str, float]
    limit_per_s: dict[str, float]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole stack; `newest` are at most MAX_NEWEST events, newest first.

    `endpoint` is the emulator's, or another endpoint used instead of AWS's.
    """

    at: float
    target: Literal["local", "aws"]
    region: str
    stack: str
    reachable: Health
    stream: StreamState
    function: FunctionState
    table: TableState
    dead_letters: DeadLettersState
    newest: tuple[Landed, ...]
    latest: Point
    reads: Reads
    endpoint: str | None = None

    @property
    def healths(self) -> dict[str, Health]:
        """The health of each part, by field name."""
        return {
            "stream": self.stream.health,
            "function": self.function.health,
            "table": self.table.health,
            "dead_letters": self.dead_letters.health,
        }


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as plain JSON, with the names of these fields."""
    return asdict(snapshot)
