from __future__ import annotations

from typing import Any

from producer.sending.batches import Batch, Group, Held
from producer.sending.sender import Sender
from tests.unit.producer.doubles import (
    THROTTLED,
    Answer,
    FakeKinesis,
    accept,
    contained,
    records,
)


class WatchedKinesis(FakeKinesis):
    """Keeps the entries of the last call."""

    def put_records(self, *, StreamName: str, Records: Any) -> dict[str, Any]:
        self.entries = list(Records)
        return super().put_records(StreamName=StreamName, Records=Records)


def sender(answer: Answer = accept) -> tuple[Sender, WatchedKinesis]:
    kinesis = WatchedKinesis(answer)
    return Sender(client=kinesis.client, stream="tweets"), kinesis


def held(count: int) -> list[Held]:
    return [Held(record, size=record.size, since=0.0) for record in records(count)]


def group_of(members: list[Held], *, hash_key: int = 7) -> Group:
    group = Group(hash_key=hash_key)
    for one in members:
        assert group.add(one)
    return group


def test_a_record_goes_as_it_is() -> None:
    sending, kinesis = sender()
    one = held(1)

    sending.send([*one])

    record = one[0].record
    assert kinesis.entries == [{"Data": record.data, "PartitionKey": record.partition_key}]


def test_a_group_is_put_with_the_hash_key_that_its_records_name() -> None:
    sending, kinesis = sender()
    members = held(3)

    sending.send([group_of(members, hash_key=2**100)])

    (entry,) = kinesis.entries
    assert contained([entry["Data"]]) == [one.record.data for one in members]
    assert entry["ExplicitHashKey"] == str(2**100)
    assert entry["ExplicitHashKey"].encode() in entry["Data"]
    assert 1 <= len(entry["PartitionKey"]) <= 256


def test_each_parcel_has_its_code() -> None:
    sending, _ = sender(lambda _: [None, THROTTLED])
    parcels: Batch = [group_of(held(3)), *held(1)]

    assert sending.send(parcels).codes == [None, THROTTLED]
