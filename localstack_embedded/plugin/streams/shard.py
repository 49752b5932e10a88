"""One shard of a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition

from .errors import SequenceNumberError
from .limits import ReadLimit, WriteLimit
from .log import Log
from .numbers import END, START, base_of, number_of, parts_of

MAX_HASH_KEY = 2**128 - 1


@dataclass(eq=False, kw_only=True)
class Shard:
    """A range of hash keys, both ends included, and the records in it; guarded by its stream."""

    index: int
    start: int
    end: int
    created: int
    """In seconds, at least one more than its parents'."""
    changed: Condition
    watchers: list[Callable[[], None]] = field(default_factory=list)
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    closed: float | None = None
    log: Log = field(default_factory=Log)
    writes: WriteLimit = field(default_factory=WriteLimit)
    reads: ReadLimit = field(default_factory=ReadLimit)

    def __post_init__(self) -> None:
        self.id = f"shardId-{self.index:012d}"
        self.base = base_of(self.created, self.index)

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more records."""
        return self.closed is not None

    @property
    def starting_sequence_number(self) -> str:
        """Less than that of each record."""
        return number_of(self.base, START, self.created)

    @property
    def ending_sequence_number(self) -> str | None:
        """More than that of each record; None while the shard is open."""
        return None if self.closed is None else number_of(self.base, END, int(self.closed))

    def notify(self) -> None:
        """Wake whoever waits for a record or for the end."""
        self.changed.notify_all()
        while self.watchers:
            self.watchers.pop()()

    def position_of(self, number: str) -> int:
        """The position of a record, START, or of a closed shard END."""
        created, index, position, _ = parts_of(number)
        if (created, index) != (self.created, self.index):
            raise SequenceNumberError(number)
        if position >= self.log.next and number != self.ending_sequence_number:
            raise SequenceNumberError(number)
        return position
