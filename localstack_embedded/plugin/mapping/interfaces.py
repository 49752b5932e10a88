"""What a mapping's engine is given, and what it passes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..streams import Read, Stream

MAX_PAYLOAD = 6 * 2**20  # bytes: Lambda's quota for a synchronous invocation


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
    """A tumbling window as an invocation sees it; times are in epoch seconds."""

    start: float
    end: float
    state: Any  # JSON; {} in a window's first invocation
    is_final: bool = False
    is_terminated_early: bool = False


@dataclass(frozen=True)
class Batch:
    """What the function is invoked with; it has no records only at the end of a window."""

    shard_id: str
    records: Sequence[Record]
    window: Window | None = None


@dataclass(frozen=True)
class Answer:
    """The outcome of an invocation.

    `failure` is None if the function ran to its end, whatever it answered; `function` if it
    raised, timed out, or exited; `throttled` or `service` if it wasn't reached at all.
    """

    response: Any = None  # the JSON value; None also for an empty response
    failure: Literal["function", "throttled", "service"] | None = None
    request_id: str = ""
    status_code: int = 200
    executed_version: str = "$LATEST"
    function_error: str | None = None  # "Unhandled", as in Lambda's X-Amz-Function-Error


@dataclass(frozen=True)
class GivenUp:
    """A batch that won't be tried again, for the OnFailure destination."""

    batch: Batch
    condition: Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]
    invoke_count: int  # as AWS counts: one more than took place if the records expired
    answer: Answer | None  # the last one; None if the records expired or are too large to send


@dataclass(frozen=True)
class Checkpoint:
    """How far a shard is done: all records up to `done`, except those in `open`.

    `open` is needed because the lanes of a shard progress at different speeds. A `done` of "" means
    that the shard is read from its start. An open tumbling window has its start and its state here.
    """

    done: str = ""
    open: tuple[str, ...] = ()
    window_start: float | None = None
    window_state: Any = field(default_factory=dict)


class Observer(Protocol):
    """Is told what happens, in the engine's thread; must return immediately."""

    def read(self, shard_id: str, read: Read) -> None:
        """A call has read a shard."""

    def refused_read(self, shard_id: str) -> None:
        """A call exceeded the shard's limits."""

    def polled(self, records: int) -> None: ...
    def filtered_out(self, records: int) -> None: ...
    def invoked(self, records: int, iterator_age_ms: float) -> None:
        """An invocation starts; the age is that of its last record."""

    def failed(self, records: int) -> None:
        """An invocation failed, wholly or with item failures."""

    def dropped(self, records: int) -> None:
        """Records were given up; the destination, if there is one, has them."""

    def result(self, text: str) -> None:
        """The mapping's LastProcessingResult changes."""

    def ended(self, reason: str) -> None:
        """The stream was deleted, so there is nothing left to read."""


class Reads(Protocol):
    """Counts what is read from a stream, for the stream's metrics."""

    def read(self, stream: Stream, shard_id: str, read: Read) -> None: ...
    def refused_read(self, stream: Stream, shard_id: str) -> None: ...
    def sent(self, stream: Stream, consumer: str, read: Read) -> None: ...


Invoke = Callable[[Batch], Answer]
GiveUp = Callable[[GivenUp], None]  # raises if the destination can't take it: called again
Matches = Callable[[Record], bool]  # the filter
Size = Callable[[Record], int]  # bytes that a record takes in the event
