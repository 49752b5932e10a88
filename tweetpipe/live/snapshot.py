"""What was seen of a stack at one moment; values only.

A figure that could not be had is None, which is not 0. Times are in seconds since 1970.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from tweetpipe.looking.metrics import MappingCounts

State = Literal["ok", "idle", "warning", "error", "unknown"]

MAX_NEWEST = 100


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a part, and why, in one sentence; nothing needs saying of one that is ok."""

    state: State
    why: str = ""


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of the stream; `iterator_age_s` says how far the function is behind on it."""

    id: str
    records_per_s: float | None
    iterator_age_s: float | None


@dataclass(frozen=True, slots=True)
class StreamState:
    """The stream, with those of its shards that were looked at; `status` and `mode` are Kinesis's.

    `open_shards` is how many there are in all.
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

    `mapping` is the state of what reads the stream for it, and `last_result` what Lambda says of
    its last batch; `counted` is what AWS has counted there in the last minutes.
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
    """The table; `total` is the number of its items as DynamoDB has it, on AWS hours old."""

    name: str
    health: Health
    items_per_s: float | None
    total: int | None


@dataclass(frozen=True, slots=True)
class DeadLettersState:
    """The queue: records that can never be stored, and batches whose retries are exhausted.

    How many it holds of each is only known when it is empty: asking would hide them from others.
    """

    health: Health
    rejected: int | None
    exhausted: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Landed:
    """An event that was seen in the table: its key there, and what a person sees of it.

    Its latency counts from its arrival in the stream; None where that was not seen closely enough.
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
    """One moment of the time series.

    The latencies are end to end, from the stream to the table, of the last minute. `failed` calls
    and `rejected` records are those since the point before.
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
    """Our own calls a second by service, and the most there can be."""

    per_s: dict[str, float]
    limit_per_s: dict[str, float]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole stack; `newest` are at most MAX_NEWEST events, the newest first.

    `endpoint` is the emulator's, or what stands in AWS's place.
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
        """Each part's, by the name that the part has here."""
        return {
            "stream": self.stream.health,
            "function": self.function.health,
            "table": self.table.health,
            "dead_letters": self.dead_letters.health,
        }


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as plain JSON, with the names that the values have here."""
    return asdict(snapshot)
