"""What happens to the records of one event, from bytes to an account of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from processor.dead_letters import dead_letter
from processor.errors import Reason, Rejected
from processor.records import Source, payloads
from processor.table import Put, key_of
from processor.tweet import to_item

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processor.dead_letters import DeadLetterQueue
    from processor.errors import CallFailed
    from processor.records import KinesisRecord
    from processor.table import Table

A = TypeVar("A")
B = TypeVar("B")

# Seconds kept back from writing: two thirds for the dead letters, one third for the answer. A
# function with a short timeout keeps back a share of it instead.
RESERVE = 3.0
RESERVE_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Rejection:
    """What can never be stored, and why."""

    source: Source
    why: Rejected


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a batch: stored + duplicates + rejected + unhandled make its records.

    A record is what may become an item: each one in an aggregated record, and not that one itself
    unless it is rejected as a whole. A duplicate is an earlier record with the key of a stored one.
    `rejections` are all records found unusable; those the queue didn't accept are among the
    `unhandled` as well. `repeats` counts items and dead letters sent again, `failures` tells why
    records are unhandled.
    """

    records: int
    stored: int
    duplicates: int
    rejected: int
    rejections: tuple[Rejection, ...]
    unhandled: tuple[Source, ...]
    repeats: int
    failures: tuple[CallFailed, ...]


def process(
    records: Sequence[KinesisRecord],
    *,
    table: Table,
    queue: DeadLetterQueue,
    seconds_left: Callable[[], float],
) -> Account:
    """Store what can be stored, send the rest to the dead-letter queue, and account for all.

    Comes back before `seconds_left`, the time until Lambda ends the function, has run out.
    """
    reserve = min(RESERVE, RESERVE_SHARE * seconds_left())
    puts, rejections = _sort(records)
    unusable = len(rejections)
    writes = table.write(puts, time_left=lambda: seconds_left() - reserve)
    for put, error in writes.invalid:
        why = Rejected(Reason.VALIDATION, str(error))
        rejections.extend(Rejection(source, why) for source in put.sources)
    letters = [dead_letter(rejection.source, rejection.why) for rejection in rejections]
    sends = queue.send(letters, time_left=lambda: seconds_left() - reserve / 3)

    unsent = [*sends.undone, *(letter for letter, _ in sends.invalid)]
    blamed = (writes.failure if writes.undone else None, sends.failure if unsent else None)
    unwritten = [source for put in writes.undone for source in put.sources]
    lost = {id(put) for put in writes.undone} | {id(put) for put, _ in writes.invalid}
    stored = [put for put in puts if id(put) not in lost]
    return Account(
        records=sum(len(put.sources) for put in puts) + unusable,
        stored=len(stored),
        duplicates=sum(len(put.sources) - 1 for put in stored),
        rejected=len(rejections) - len(unsent),
        rejections=tuple(rejections),
        unhandled=(*unwritten, *(letter.source for letter in unsent)),
        repeats=writes.repeats + sends.repeats,
        failures=tuple(failure for failure in blamed if failure),
    )


def _sort(records: Sequence[KinesisRecord]) -> tuple[list[Put], list[Rejection]]:
    """Part what the records hold into puts, one for each key, and rejections.

    BatchWriteItem refuses two puts with the same key. The later one in the stream wins.
    """
    puts: dict[tuple[str, str], Put] = {}
    rejections: list[Rejection] = []
    for record in records:
        contents = _or_why_not(payloads, record)
        if isinstance(contents, Rejected):
            rejections.append(Rejection(Source(record), contents))
            continue
        for source, data in contents:
            item = _or_why_not(to_item, data)
            if isinstance(item, Rejected):
                rejections.append(Rejection(source, item))
                continue
            key = key_of(item)
            earlier = puts[key].sources if key in puts else ()
            puts[key] = Put(item, (*earlier, source))
    return list(puts.values()), rejections


def _or_why_not(make: Callable[[A], B], value: A) -> B | Rejected:
    try:
        return make(value)
    except Rejected as rejected:
        return rejected
    except Exception as error:
        # Whatever it is, it must not hold up the records behind it.
        return Rejected(Reason.UNEXPECTED, type(error).__name__)
