"""One shard of a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import FutureTimestampError, SequenceNumberError
from .limits import ReadLimit, WriteLimit
from .log import Log
from .numbers import END, START, base_of, number_of, parts_of
from .record import Read, Record, StartingPosition

MAX_HASH_KEY = 2**128 - 1


@dataclass(eq=False, kw_only=True)
class Shard:
    """A range of hash keys, both ends included, and its records; guarded by the stream's lock."""

    index: int
    start: int
    end: int
    created: int
    """In seconds, at least one more than its parents'."""
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    closed: float | None = None
    is_gone: bool = False
    """Whether it has expired, or its stream has ended."""
    watchers: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    log: Log = field(default_factory=Log)
    writes: WriteLimit = field(default_factory=WriteLimit)
    reads: ReadLimit = field(default_factory=ReadLimit)

    def __post_init__(self) -> None:
        self.id = f"shardId-{self.index:012d}"
        self.base = base_of(self.created, self.index)

    @property
    def is_closed(self) -> bool:
        """Whether it no longer takes records."""
        return self.closed is not None

    @property
    def starting_sequence_number(self) -> str:
        """Less than the sequence number of each record."""
        return number_of(self.base, START, self.created)

    @property
    def ending_sequence_number(self) -> str | None:
        """Greater than the sequence number of each record; None while the shard is open."""
        return None if self.closed is None else number_of(self.base, END, int(self.closed))

    def is_worth_reading(self, position: int) -> bool:
        """Whether there is a record at a position, or there can't be one anymore."""
        return position < self.log.next or self.closed is not None or self.is_gone

    def notify(self) -> None:
        """Call the watchers whose position is now worth reading."""
        if self.watchers:
            called = [each for each in self.watchers if self.is_worth_reading(each[0])]
            self.watchers = [each for each in self.watchers if each not in called]
            for _, call in called:
                call()

    def position_of(self, number: str) -> int:
        """The position that a number stands for: a record's, START, or, if closed, END."""
        created, index, position, _ = parts_of(number)
        if (created, index) != (self.created, self.index):
            raise SequenceNumberError(number)
        if position >= self.log.next and number != self.ending_sequence_number:
            raise SequenceNumberError(number)
        return position

    def position_to_start(self, start: StartingPosition, now: float) -> int:
        """The position to start reading at; raises SequenceNumberError, FutureTimestampError."""
        match start.type:
            case "TRIM_HORIZON":
                return self.log.first
            case "LATEST":
                return self.log.next
            case "AT_TIMESTAMP":
                if start.timestamp > now:
                    raise FutureTimestampError(start.timestamp, now)
                return self.log.at_time(start.timestamp)
        position = self.position_of(start.sequence_number)
        position += start.type == "AFTER_SEQUENCE_NUMBER"
        return min(max(position, self.log.first), self.log.next)

    def read_tip(self, position: int, limit: int, max_bytes: int, now: float) -> Read | None:
        """Read from a position on; None if that is in a file."""
        if position < self.log.tip:
            return None
        return self.answer(position, self.log.read(position, limit, max_bytes), now)

    def answer(self, start: int, records: list[Record], now: float) -> Read:
        """What a read returns for these records, the first of which has this position."""
        position = self.log.after_gap(start + len(records))
        if position >= self.log.next:
            return Read(records, None if self.is_closed else position, 0)
        arrived = records[-1].arrived if records else now
        return Read(records, position, max(1, int((now - arrived) * 1000)))
