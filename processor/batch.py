"""Processes the records of one event, and accounts for each."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from processor.aggregation import MAX_RECORDS
from processor.dead_letters import dead_letter
from processor.errors import Reason, Rejected, Retryable
from processor.lambda_event import Origin, payloads
from processor.table import Put
from processor.trial import Trial, try_out

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processor.dead_letters import DeadLetterQueue
    from processor.errors import CallFailed
    from processor.events import Events
    from processor.key import Item, KeyValue
    from processor.lambda_event import KinesisRecord
    from processor.table import Table
    from processor.turns import Turns

# Seconds reserved after writing: two thirds for the dead letters, one third for the answer. A
# function with a short timeout reserves a share of it instead.
RESERVE = 3.0
RESERVE_SHARE = 0.2

# Seconds of unsuccessful retries after which a batch's records are first tried in a child process:
# that costs as much CPU as reading them, and is not needed in normal operation.
PATIENCE = 60.0

# The most dead letters for the contents of one aggregated record. With more, it is rejected as a
# whole, in one letter: a batch of seven-byte records would make 640,000.
MAX_LETTERS = 100
# A batch full of garbage must not fill the memory or the log.
MAX_REJECTIONS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that can never be stored, and why."""

    origin: Origin
    why: Rejected


@dataclass(frozen=True, slots=True)
class BatchAccount:
    """The outcome of a batch: stored + duplicates + rejected + unhandled add up to its records.

    A record is anything that may become an item: each record in an aggregated one, but not the
    aggregated record itself, unless it is rejected as a whole or was not started. A duplicate is an
    earlier record with the key of a stored one. `unusable` counts the records that can never be
    stored, and `rejections` has the first of them; those that the queue didn't accept also count as
    `unhandled`. `repeats` counts resent items and dead letters, `failures` says why records are
    unhandled.
    """

    records: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    unusable: int = 0
    rejections: tuple[Rejection, ...] = ()
    unhandled: tuple[Origin, ...] = ()
    repeats: int = 0
    failures: tuple[CallFailed, ...] = ()

    def __add__(self, later: BatchAccount) -> BatchAccount:
        """The combined outcome of two parts of a batch."""
        return BatchAccount(
            records=self.records + later.records,
            stored=self.stored + later.stored,
            duplicates=self.duplicates + later.duplicates,
            rejected=self.rejected + later.rejected,
            unusable=self.unusable + later.unusable,
            rejections=(*self.rejections, *later.rejections)[:MAX_REJECTIONS_KEPT],
            unhandled=(*self.unhandled, *later.unhandled),
            repeats=self.repeats + later.repeats,
            failures=(*self.failures, *later.failures),
        )


def process(
    records: Sequence[KinesisRecord],
    *,
    events: Events,
    table: Table,
    queue: DeadLetterQueue,
    seconds_left: Callable[[], float],
    trial: Trial | None = None,
) -> BatchAccount:
    """Store the usable records, send the rest to the dead-letter queue, and account for all.

    After a trial, it skips records that would crash it, and records that were not tried.

    Returns before `seconds_left`, the time until Lambda ends the function, runs out. The contents
    of many aggregated records are processed in parts, in stream order. It stops after the first
    part with unhandled records, because Lambda retries everything after them anyway.
    """
    reserve = min(RESERVE, RESERVE_SHARE * seconds_left())
    trial = trial or Trial(len(records))
    account, begun = BatchAccount(), 0
    longest = 0.0  # seconds that a part took
    while begun < trial.end and not account.unhandled:
        before = seconds_left()
        if begun and before - reserve <= longest:
            break
        part = _sort(records, begun, events, trial, seconds_left)
        account += _settle(part, table, queue, seconds_left, reserve)
        begun = part.end
        longest = max(longest, before - seconds_left())
    return account + _left(records[begun:], is_late=not account.unhandled)


def tried(
    records: Sequence[KinesisRecord], *, events: Events, turns: Turns, now: float, seconds: float
) -> Trial:
    """Try reading the records in child processes, if they have waited so long that one may be
    fatal.

    `now` is in seconds since 1970. Takes at most two thirds of `seconds`.
    """
    if not records or turns.waiting(records[0], now) < PATIENCE:
        return Trial(len(records))
    read = partial(_read, events)
    return try_out(records, read, example=_record_of(events.example or b""), seconds=seconds)


def _left(records: Sequence[KinesisRecord], *, is_late: bool) -> BatchAccount:
    """The outcome of records that were not started."""
    if not records:
        return BatchAccount()
    late = Retryable("OutOfTime", f"{len(records)} records were not started when time ran out")
    return BatchAccount(
        records=len(records),
        unhandled=tuple(map(Origin, records)),
        failures=(late,) if is_late else (),
    )


def _settle(
    part: _Part,
    table: Table,
    queue: DeadLetterQueue,
    seconds_left: Callable[[], float],
    reserve: float,
) -> BatchAccount:
    """Write a part's puts, send its rejections, and account for both."""
    puts, rejections = part.puts, part.rejections
    unusable = len(rejections)
    writes = table.write(puts, time_left=lambda: seconds_left() - reserve)
    for put, error in writes.invalid:
        why = Rejected(Reason.VALIDATION, str(error))
        rejections.extend(Rejection(origin, why) for origin in put.origins)
    letters = [dead_letter(rejection.origin, rejection.why) for rejection in rejections]
    sends = queue.send(letters, time_left=lambda: seconds_left() - reserve / 3)

    unsent = [*sends.undone, *(letter for letter, _ in sends.invalid)]
    blamed = (writes.failure if writes.undone else None, sends.failure if unsent else None)
    unwritten = [origin for put in writes.undone for origin in put.origins]
    lost = {id(put) for put in writes.undone} | {id(put) for put, _ in writes.invalid}
    stored = [put for put in puts if id(put) not in lost]
    return BatchAccount(
        records=sum(len(put.origins) for put in puts) + unusable,
        stored=len(stored),
        duplicates=sum(len(put.origins) - 1 for put in stored),
        rejected=len(rejections) - len(unsent),
        unusable=len(rejections),
        rejections=tuple(rejections[:MAX_REJECTIONS_KEPT]),
        unhandled=(*unwritten, *(letter.origin for letter in unsent)),
        repeats=writes.repeats + sends.repeats,
        failures=tuple(failure for failure in blamed if failure),
    )


class _Part(NamedTuple):
    """The contents of some consecutive records, and the index of the next record."""

    puts: list[Put]
    rejections: list[Rejection]
    end: int


def _sort(
    records: Sequence[KinesisRecord],
    start: int,
    events: Events,
    trial: Trial,
    seconds_left: Callable[[], float],
) -> _Part:
    """Split the contents of the next records into puts, one for each key, and rejections.

    Takes at least one record, but at most MAX_RECORDS in all, or what can be read in half the time.
    BatchWriteItem refuses two puts with the same key, so the later record in the stream wins.
    """
    half = seconds_left() / 2
    puts: dict[KeyValue, Put] = {}
    rejections: list[Rejection] = []
    taken = 0
    for place in range(start, trial.end):
        if taken and seconds_left() < half:
            return _Part(list(puts.values()), rejections, place)
        record = records[place]
        contents: list[tuple[Origin, bytes]] | Rejected
        if place in trial.fatal:
            contents = Rejected(Reason.CRASH, trial.fatal[place])
        else:
            contents = _contents(record)
        size = 1 if isinstance(contents, Rejected) else len(contents)
        if taken and taken + size > MAX_RECORDS:
            return _Part(list(puts.values()), rejections, place)
        taken += size
        if isinstance(contents, Rejected):
            rejections.append(Rejection(Origin(record), contents))
            continue
        unusable: list[Rejection] = []
        for origin, data in contents:
            made = _item(events, data)
            if isinstance(made, Rejected):
                unusable.append(Rejection(origin, made))
                continue
            item, key = made
            earlier = puts[key].origins if key in puts else ()
            puts[key] = Put(item, (*earlier, origin))
        rejections += unusable if len(unusable) <= MAX_LETTERS else [_as_one(unusable, size)]
    return _Part(list(puts.values()), rejections, trial.end)


def _as_one(unusable: list[Rejection], size: int) -> Rejection:
    """The rejection of an aggregated record as a whole."""
    first = unusable[0].why
    detail = f"{len(unusable)} of its {size} records can't be stored; the first: {first}"
    return Rejection(Origin(unusable[0].origin.record), Rejected(Reason.BAD_AGGREGATE, detail))


def _record_of(data: bytes) -> KinesisRecord:
    """A record made from an event, without a stream."""
    return {
        "eventID": "",
        "eventSourceARN": "",
        "kinesis": {
            "sequenceNumber": "",
            "partitionKey": "",
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": 0.0,
        },
    }


def _read(events: Events, record: KinesisRecord) -> None:
    """Do everything for a record that needs no other record."""
    contents = _contents(record)
    if not isinstance(contents, Rejected):
        for _, data in contents:
            _item(events, data)


def _contents(record: KinesisRecord) -> list[tuple[Origin, bytes]] | Rejected:
    try:
        return payloads(record)
    except Rejected as rejected:
        return _anew(rejected)
    except Exception as error:
        payloads(_record_of(b""))  # which also raises if the code is at fault
        # No error may hold up the records after this one.
        return Rejected(Reason.UNEXPECTED, type(error).__name__)


def _item(events: Events, data: bytes) -> tuple[Item, KeyValue] | Rejected:
    try:
        return events.item(data)
    except Rejected as rejected:
        return _anew(rejected)


def _anew(rejected: Rejected) -> Rejected:
    """A new exception: the traceback of this one would keep all its frames and their data alive."""
    return Rejected(rejected.reason, rejected.detail)
