"""Redrives dead letters: stores their records, then deletes the messages.

A message is deleted only after its records are stored, and storing a record twice changes nothing.
So this can be stopped at any moment, repeated, and run by two people at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from processor.batch import MAX_LETTERS
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.dead_letters import reading
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

_NOWHERE = StreamPosition(stream_arn="", shard="", first="", last="")
REJECTED_AGAIN = "it would be rejected again"
"""How the reason begins for a letter whose record would be rejected again."""


@dataclass(frozen=True, kw_only=True)
class Redriven:
    """The outcome for a dead letter: it was deleted, or `why` says why it is still in the queue.

    `command` is what to run before it is redriven again, if anything.
    `stored` counts the records now in the table, `rejected` those of a batch that the function
    rejected again, as dead letters of their own.
    """

    letter: DeadLetter
    stored: int = 0
    rejected: int = 0
    why: str = ""
    command: str = ""

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
    """Store the records of all wanted letters, and yield the outcome for each.

    Covers the letters that were in the queue at the start. `edited` has new payloads for rejected
    records, by letter id. `at_most` ends the search after this many wanted letters. Unwanted
    letters are back in the queue before the first is stored, letters not redriven when this returns
    or raises.
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
    """Process what arrived in the stream since then again; raises NotStored.

    It finds records without a letter, lost while the queue was gone. Yields each finished record,
    with the reason why each event in it was rejected, empty if stored. Skips records that would
    only be rejected again and have a letter for each of their events; deletes the letters of
    reprocessed records, because the function has sent new ones.
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
                yield from zip(group, reading.refusals([r.data for r in group]), strict=True)
    finally:
        if replaced:
            purge(place, queue_url, replaced)


Letters = Mapping[int | None, Sequence[str]]
"""The ids of a record's letters, by subsequence number; None for the whole record."""


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
    """Whether no event of a record can be stored, and letters cover all of them."""
    if not letters:
        return False
    [refusals] = reading.refusals([record.data])
    return all(refusals) and (None in letters or set(range(len(refusals))) <= letters.keys())


def payload(place: Place, letter: DeadLetter) -> bytes | None:
    """A rejected record's bytes, from the stream if the message has none; None if lost."""
    if letter.payload is not None:
        return letter.payload
    record = next(read_again(place, letter), None)
    if record is None or letter.subsequence_number is None:
        return record.data if record else None
    return reading.contained(record.data, letter.subsequence_number)


class _Worker:
    """Stores the records of one stack's letters."""

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
            unknown = "another program wrote it, so it can't be redriven"
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
            return Redriven(
                letter=letter,
                why="its message contains neither its data nor its position in the stream",
            )
        if data is None:
            return Redriven(
                letter=letter,
                why="it was too large for its message, and the stream no longer has it",
            )
        [refusals] = reading.refusals([data])
        refused = [refusal for refusal in refusals if refusal]
        # Store the usable records of an aggregated record that was rejected as a whole.
        if all(refusals) or len(refused) > MAX_LETTERS:
            return Redriven(letter=letter, why=f"{REJECTED_AGAIN}: {refused[0]}")
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
            return Redriven(letter=letter, why=str(error), command=error.command)
        stored = refusals.count("")
        return Redriven(letter=letter, stored=stored, rejected=len(refusals) - stored)

    def stored(self, records: Iterable[StreamRecord]) -> Iterator[Sequence[StreamRecord]]:
        """The records of one shard in groups, each once it is finished; raises NotStored."""
        for group in calls(records):
            yield from store_in_parts(self._function, group)

    def _store_batch(self, letter: DeadLetter, position: StreamPosition) -> Redriven:
        found = stored = rejected = 0
        first = last = None
        try:
            for group in self.stored(self._records(letter)):
                first = group[0].sequence_number if first is None else first
                last = group[-1].sequence_number
                each = reading.refusals([record.data for record in group])
                refusals = [refusal for of_record in each for refusal in of_record]
                found += len(group)
                stored += refusals.count("")
                rejected += len(refusals) - refusals.count("")
        except NotStored as error:
            return Redriven(
                letter=letter,
                stored=stored,
                rejected=rejected,
                why=str(error),
                command=error.command,
            )
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
        """A batch's records, from its object or else from the stream."""
        kept = self._objects.records(letter) if self._objects and letter.key else None
        return read_again(self._place, letter) if kept is None else kept


def _no_longer_there(letter: DeadLetter, found: int) -> str:
    if letter.key:
        return (
            f"its object, {letter.key}, does not contain the batch, and the stream has {found:,} "
            f"of its {counted(letter.records, 'record')}"
        )
    if not found:
        return "the stream no longer has its records: they are older than its retention period"
    return (
        f"the stream has only {found:,} of its {counted(letter.records, 'record')}, now stored; "
        "the others are older than its retention period"
    )
