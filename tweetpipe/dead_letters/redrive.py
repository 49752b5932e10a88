"""Brings dead letters home: has their records stored, then deletes the messages.

A message leaves the queue only after its records are stored, and storing a record twice changes
nothing: so this may be stopped at any moment, and run again, or by two people at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from processor.aggregation import deaggregate
from processor.batch import MAX_LETTERS
from processor.errors import Reason, Rejected
from processor.trial import try_out
from tweetpipe import events
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.dead_letters.bucket import Objects, bucket_of
from tweetpipe.dead_letters.finding import peek, purge
from tweetpipe.dead_letters.function import (
    PATIENT,
    Function,
    NotStored,
    calls,
    store,
    store_in_parts,
)
from tweetpipe.dead_letters.letter import DeadLetter, Kind, StreamPosition
from tweetpipe.dead_letters.queue import Hold
from tweetpipe.dead_letters.stream import StreamRecord, read_again, read_since
from tweetpipe.words import counted

_TRIAL = 60.0  # seconds in which to read the records of a call of the function

_NOWHERE = StreamPosition(stream_arn="", shard="", first="", last="")


@dataclass(frozen=True, kw_only=True)
class Redriven:
    """What became of a dead letter: it is gone, or `why` says why it is still in the queue.

    `stored` counts records that are in the table now, `rejected` those of a batch that the function
    sent back as dead letters of their own.
    """

    letter: DeadLetter
    stored: int = 0
    rejected: int = 0
    why: str = ""

    @property
    def is_done(self) -> bool:
        return not self.why


def redrive(
    place: Place,
    stack: Stack,
    *,
    wanted: Callable[[DeadLetter], bool] | None = None,
    on_outcome: Callable[[Redriven], None] = lambda _: None,
    edited: Mapping[str, bytes] | None = None,
    at_most: int | None = None,
) -> list[Redriven]:
    """Has the records of all wanted letters stored, and says of each letter what became of it.

    Of all that were in the queue when this began. `edited` has new payloads for rejected records,
    by the letter's id. With `at_most` the search ends after so many wanted letters. Those not
    wanted are back in the queue before the first is stored, those that are kept, also when an
    exception leaves, when this returns.
    """
    outcomes: list[Redriven] = []
    worker = _Worker(place, stack)
    with Hold(place, stack.outputs["DeadLetterQueueUrl"], bucket=bucket_of(stack)) as hold:
        for letter in hold.wanted(wanted, at_most) if wanted else hold.letters(at_most):
            outcome = worker.store(letter, (edited or {}).get(letter.id))
            if outcome.is_done:
                hold.delete([letter.id])
            outcomes.append(outcome)
            on_outcome(outcome)
    return outcomes


def redrive_since(
    place: Place, stack: Stack, start: datetime
) -> Iterator[tuple[StreamRecord, list[str]]]:
    """Has what arrived in the stream since then processed again; raises NotStored.

    It finds what no letter tells of, since the queue was gone. Yields each record once it is done
    with, and for each event in it why it was rejected, empty where it is stored. Leaves out what
    could only be rejected, and has a dead letter for each of its events already; letters of what is
    processed again are deleted, since the function has sent them anew.
    """
    queue_url, stream = stack.outputs["DeadLetterQueueUrl"], stack.outputs["KinesisStream"]
    known = _known(place, queue_url, stream)
    replaced: list[str] = []
    worker = _Worker(place, stack)
    try:
        for shard in read_since(place, stream, start):
            unknown = (
                record
                for record in shard
                if not _is_told(record, known.get((record.shard, record.sequence_number), {}))
            )
            for group in worker.stored(unknown):
                for record in group:
                    letters = known.get((record.shard, record.sequence_number), {})
                    replaced += [id_ for ids in letters.values() for id_ in ids]
                yield from zip(group, _refusals([r.data for r in group]), strict=True)
    finally:
        if replaced:
            purge(place, queue_url, replaced)


Letters = Mapping[int | None, Sequence[str]]
"""The ids of a record's letters, by the subsequence number in it; None for all of it."""


def _known(place: Place, queue_url: str, stream: str) -> dict[tuple[str, str], Letters]:
    """The letters of rejected records, by shard and sequence number."""
    found, _ = peek(place, queue_url, sys.maxsize)
    known: dict[tuple[str, str], dict[int | None, list[str]]] = {}
    for letter in found:
        position = letter.position
        if letter.kind is Kind.REJECTED and position and position.stream == stream:
            of_record = known.setdefault((position.shard, position.first), {})
            of_record.setdefault(letter.subsequence_number, []).append(letter.id)
    return {**known}


def _is_told(record: StreamRecord, letters: Letters) -> bool:
    """Whether nothing of a record can be stored, and letters tell of all of it."""
    if not letters:
        return False
    [refusals] = _refusals([record.data])
    return all(refusals) and (None in letters or set(range(len(refusals))) <= letters.keys())


def payload(place: Place, letter: DeadLetter) -> bytes | None:
    """A rejected record's bytes, from the stream where the message has none; None if it is gone."""
    if letter.payload is not None:
        return letter.payload
    record = next(read_again(place, letter), None)
    if record is None or letter.subsequence_number is None:
        return record.data if record else None
    return _contained(record.data, letter.subsequence_number)


class _Worker:
    """Stores the records of letters of one stack."""

    def __init__(self, place: Place, stack: Stack) -> None:
        self._place = place
        self._stream = stack.outputs["KinesisStream"]
        self._function = Function(
            place.lambda_(PATIENT),
            stack.outputs["DDBEventProcessor"],
            options(place.target, stack.name),
        )
        bucket = bucket_of(stack)
        self._objects = Objects(place, bucket) if bucket else None

    def store(self, letter: DeadLetter, edited: bytes | None) -> Redriven:
        if letter.kind is Kind.REJECTED and letter.position is None:
            return self._store_record(letter, _NOWHERE, edited)
        if letter.position is None:
            unknown = "not written by this stack, so nobody knows its use"
            return Redriven(letter=letter, why=letter.reason if letter.key else unknown)
        if letter.position.stream != self._stream:
            return Redriven(letter=letter, why=f"it comes from {letter.position.stream_arn}")
        if letter.kind is Kind.EXHAUSTED:
            return self._store_batch(letter, letter.position)
        return self._store_record(letter, letter.position, edited)

    def _store_record(
        self, letter: DeadLetter, position: StreamPosition, edited: bytes | None
    ) -> Redriven:
        data = payload(self._place, letter) if edited is None else edited
        if data is None and letter.position is None:
            return Redriven(letter=letter, why="its message has neither its data nor its position")
        if data is None:
            return Redriven(
                letter=letter, why="too large for its message, and no longer in the stream"
            )
        [refusals] = _refusals([data])
        refused = [refusal for refusal in refusals if refusal]
        # Of an aggregated record rejected as a whole, what can be stored is stored.
        if all(refusals) or len(refused) > MAX_LETTERS:
            return Redriven(letter=letter, why=f"it would be rejected again: {refused[0]}")
        arrived = letter.arrived
        record = StreamRecord(
            stream_arn=position.stream_arn,
            shard=position.shard,
            sequence_number=position.first,
            partition_key=str(letter.body["partitionKey"]),
            arrived=arrived.timestamp() if arrived else 0.0,
            data=data,
        )
        try:
            store(self._function, [record])
        except NotStored as error:
            return Redriven(letter=letter, why=str(error))
        stored = refusals.count("")
        return Redriven(letter=letter, stored=stored, rejected=len(refusals) - stored)

    def stored(self, records: Iterable[StreamRecord]) -> Iterator[Sequence[StreamRecord]]:
        """The records of one shard in groups, each once it is done with; raises NotStored."""
        for group in calls(records):
            yield from store_in_parts(self._function, group)

    def _store_batch(self, letter: DeadLetter, position: StreamPosition) -> Redriven:
        found = stored = rejected = 0
        first = last = None
        try:
            for group in self.stored(self._records(letter)):
                first = group[0].sequence_number if first is None else first
                last = group[-1].sequence_number
                each = _refusals([record.data for record in group])
                refusals = [refusal for of_record in each for refusal in of_record]
                found += len(group)
                stored += refusals.count("")
                rejected += len(refusals) - refusals.count("")
        except NotStored as error:
            return Redriven(letter=letter, stored=stored, rejected=rejected, why=str(error))
        if first is not None and last is not None:
            complete = (int(first), int(last)) == (int(position.first), int(position.last))
        else:
            complete = False
        return Redriven(
            letter=letter,
            stored=stored,
            rejected=rejected,
            why="" if complete else _no_longer_there(letter, found),
        )

    def _records(self, letter: DeadLetter) -> Iterable[StreamRecord]:
        """A batch's records: from its object, else from the stream."""
        kept = self._objects.records(letter) if self._objects and letter.key else None
        return read_again(self._place, letter) if kept is None else kept


def _no_longer_there(letter: DeadLetter, found: int) -> str:
    if letter.key:
        return (
            f"its object, {letter.key}, does not hold the batch, and the stream has {found:,} of "
            f"its {counted(letter.records, 'record')}"
        )
    if not found:
        return "the stream no longer has its records: they are older than its retention"
    return (
        f"the stream has only {found:,} of its {counted(letter.records, 'record')}, which are "
        "stored now: the others are older than its retention"
    )


def _contained(data: bytes, place: int) -> bytes | None:
    """The record at a place in an aggregated one; None where the stream has something else now."""
    try:
        contents = deaggregate(data) or []
    except Rejected:
        return None
    return contents[place].data if place < len(contents) else None


def _refusals(records: Sequence[bytes]) -> list[list[str]]:
    """For each record, for each event in it, why the function would reject it; empty if it won't.

    What would end the function would end this process as well, and is only read in another.
    """
    example = events.chosen().function.example or b""
    fatal = try_out(records, _read, example=example, seconds=_TRIAL).fatal
    return [
        [f"{Reason.CRASH}: {fatal[place]}"] if place in fatal else _read(data)
        for place, data in enumerate(records)
    ]


def _read(data: bytes) -> list[str]:
    try:
        contents = deaggregate(data)
    except Rejected as rejected:
        return [str(rejected)]
    if contents is None:
        return [_refusal(data)]
    return [_refusal(contained.data) for contained in contents]


def _refusal(data: bytes) -> str:
    try:
        events.chosen().function.item(data)
    except Rejected as rejected:
        return str(rejected)
    except Exception as error:
        # As the function does: whatever it is, it is the record's fault.
        return f"{Reason.UNEXPECTED}: {type(error).__name__}"
    return ""
