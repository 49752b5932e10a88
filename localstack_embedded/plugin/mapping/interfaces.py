"""What the engine of a mapping is given, and what it hands out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..streams import Read, Stream

MAX_PAYLOAD = 6 * 2**20  # bytes of an invocation: Lambda's quota for synchronous ones


class Record(Protocol):
    """A record of a stream."""

    @property
    def data(self) -> bytes: ...
    @property
    def partition_key(self) -> str | None: ...
    @property
    def arrived(self) -> float: ...
    @property
    def sequence_number(self) -> str: ...


@dataclass(frozen=True)
class Window:
    """A tumbling window as an invocation sees it: times in epoch seconds."""

    start: float
    end: float
    state: Any  # JSON; {} in a window's first invocation
    is_final: bool = False
    is_terminated_early: bool = False


@dataclass(frozen=True)
class Batch:
    """What the function is invoked with; without records only at the end of a window."""

    shard_id: str
    records: Sequence[Record]
    window: Window | None = None


@dataclass(frozen=True)
class Answer:
    """What came of an invocation.

    `failure` is None where the function has run to its end, whatever it answered; `function`
    where it raised, timed out or exited; `throttled` or `service` where it wasn't reached at all.
    """

    response: Any = None  # the JSON value; None also for an empty response
    failure: Literal["function", "throttled", "service"] | None = None
    request_id: str = ""
    status_code: int = 200
    executed_version: str = "$LATEST"
    function_error: str | None = None  # "Unhandled", as in Lambda's X-Amz-Function-Error


@dataclass(frozen=True)
class GivenUp:
    """A batch that is not tried again, for the OnFailure destination."""

    batch: Batch
    condition: Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]
    invoke_count: int  # 0 where the records were too old before the function was ever invoked
    answer: Answer | None  # the last one; None with an invoke_count of 0


@dataclass(frozen=True)
class Checkpoint:
    """How far a shard is done: all records up to `done`, but for those `open`.

    Lanes of one shard get on at their own pace, therefore `open`. A `done` of "" means that the
    shard is read from its start. A tumbling window that is open keeps its start and its state.
    """

    done: str = ""
    open: tuple[str, ...] = ()
    window_start: float | None = None
    window_state: Any = field(default_factory=dict)


class Observer(Protocol):
    """Is told of what happens, from the engine's thread: must return at once."""

    def read(self, shard_id: str, read: Read) -> None:
        """A call has read a shard."""

    def refused_read(self, shard_id: str) -> None:
        """A call was one more than the shard's limits allow."""

    def polled(self, records: int) -> None: ...
    def filtered_out(self, records: int) -> None: ...
    def invoked(self, records: int, iterator_age_ms: float) -> None:
        """An invocation starts; the age is that of its last record."""

    def failed(self, records: int) -> None:
        """An invocation failed, wholly or with item failures."""

    def dropped(self, records: int) -> None:
        """Records are given up, and the destination has them."""

    def result(self, text: str) -> None:
        """The mapping's LastProcessingResult changes."""

    def ended(self, reason: str) -> None:
        """The stream was deleted, so that there is nothing left to read."""


class Reads(Protocol):
    """Counts what is read of a stream, for the stream's own metrics."""

    def read(self, stream: Stream, shard_id: str, read: Read) -> None: ...
    def refused_read(self, stream: Stream, shard_id: str) -> None: ...
    def sent(self, stream: Stream, consumer: str, read: Read) -> None: ...


Invoke = Callable[[Batch], Answer]
GiveUp = Callable[[GivenUp], None]  # raises where the destination can't take it: tried again
Matches = Callable[[Record], bool]  # the filter
Size = Callable[[Record], int]  # bytes that a record takes in the event
