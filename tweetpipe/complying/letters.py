"""Goes through the dead letters, and removes what may not be kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from processor.aggregation import deaggregate
from processor.dead_letters import MAX_BYTES
from processor.errors import Rejected
from producer import OutgoingRecord
from producer.sending.aggregation import aggregated
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.complying.account import Account
from tweetpipe.complying.judge import Judge
from tweetpipe.dead_letters import DeadLetter, Hold, Kind, bucket_of
from tweetpipe.dead_letters.bucket import Objects
from tweetpipe.dead_letters.stream import StreamRecord

WHERE = "dead letters"


@dataclass(kw_only=True)
class Revised:
    """How many letters were checked; `unread` names objects of the bucket that can't be read."""

    letters: int = 0
    unread: list[str] = field(default_factory=list)


def revise(place: Place, stack: Stack, judge: Judge, *, account: Account) -> Revised:
    """Delete letters that may not be kept, and replace those that also hold other records."""
    revised = Revised()
    bucket, queue_url = bucket_of(stack), stack.outputs["DeadLetterQueueUrl"]
    objects = Objects(place, bucket) if bucket else None
    with Hold(place, queue_url, bucket=bucket) as hold:
        for letter in hold.letters():
            revised.letters += 1
            if letter.kind is Kind.EXHAUSTED and letter.key and objects:
                records = objects.records(letter)
                if records is None:
                    revised.unread.append(letter.key)
                else:
                    _revise_object(objects, letter, records, judge, account)
            elif letter.kind is Kind.REJECTED and letter.payload is not None:
                left = record_left(letter.payload, judge.revised)
                if left == letter.payload:
                    continue
                _note(account, letter, judge, letter.payload, left)
                if not account.is_kept:
                    continue
                if left is not None:
                    # Before deleting the old one: two for a moment do no harm.
                    place.sqs().send_message(QueueUrl=queue_url, MessageBody=_with(letter, left))
                hold.delete([letter.id])
    return revised


def record_left(data: bytes, revised: Callable[[bytes], bytes | None]) -> bytes | None:
    """The part of a record, aggregated or not, that may be kept; None if nothing may."""
    try:
        contained = deaggregate(data)
    except Rejected:
        contained = None
    if contained is None:
        return revised(data)
    left = [(record.partition_key, revised(record.data)) for record in contained]
    if [data for _, data in left] == [record.data for record in contained]:
        return data
    kept = [OutgoingRecord(data, key) for key, data in left if data is not None]
    return aggregated(kept, hash_key="0") if kept else None


def _revise_object(
    objects: Objects,
    letter: DeadLetter,
    records: list[StreamRecord],
    judge: Judge,
    account: Account,
) -> None:
    left = {record.sequence_number: record_left(record.data, judge.revised) for record in records}
    changed = [r for r in records if left[r.sequence_number] != r.data]
    if not changed:
        return
    for record in changed:
        _note(account, letter, judge, record.data, left[record.sequence_number])
    if not account.is_kept:
        return
    if all(data is None for data in left.values()):
        objects.delete([letter.key])
    else:
        objects.rewrite(letter, left)


def _note(
    account: Account, letter: DeadLetter, judge: Judge, data: bytes, left: bytes | None
) -> None:
    ids = sorted(judge.ids_in(data))
    account.note(
        [
            {
                "id": ", ".join(ids),
                "did": "deleted" if left is None else "changed",
                "why": ", ".join(sorted({why for id_ in ids if (why := judge.why_gone(id_))})),
                "where": WHERE,
                "letter": letter.id,
            }
        ]
    )


def _with(letter: DeadLetter, payload: bytes) -> str:
    """The letter's message with another payload."""
    body = letter.body | {"payloadBytes": len(payload)}
    text = json.dumps(body | {"payload": base64.b64encode(payload).decode()})
    return text if len(text) <= MAX_BYTES else json.dumps(body | {"payload": None})
