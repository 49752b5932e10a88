from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from producer.batches import Batch, Held
from producer.sending import Sender
from tests.unit.producer.doubles import (
    THROTTLED,
    Answer,
    FakeKinesis,
    accept,
    call_failure,
    contained,
    records,
    refuse,
)


class WatchedKinesis(FakeKinesis):
    """Keeps the entries of the last call."""

    def put_records(self, *, StreamName: str, Records: Any) -> dict[str, Any]:
        self.entries = list(Records)
        return super().put_records(StreamName=StreamName, Records=Records)


def sender(
    answer: Answer = accept, *, random: Callable[[], float] = lambda: 0.5
) -> tuple[Sender, WatchedKinesis]:
    kinesis = WatchedKinesis(answer)
    return Sender(
        client=kinesis.client,
        stream="tweets",
        give_up_after=60.0,
        clock=lambda: 100.0,
        random=random,
        aggregate=True,
    ), kinesis


def batch(count: int, *, size: int = 2000) -> Batch:
    outgoing = [record._replace(data=record.data.ljust(size)) for record in records(count)]
    return [Held(record, size=record.size, since=0.0) for record in outgoing]


def data_of(batch: Batch) -> list[bytes]:
    return [held.record.data for held in batch]


def test_a_call_holds_all_records_in_few_entries() -> None:
    aggregating, kinesis = sender()
    forty = batch(40)

    assert aggregating.send(forty) is None

    assert len(kinesis.entries) == 4
    assert contained(entry["Data"] for entry in kinesis.entries) == data_of(forty)


def test_each_aggregate_is_put_with_the_hash_key_that_its_records_name() -> None:
    aggregating, kinesis = sender()
    aggregating.send(batch(40))

    hash_keys = [entry["ExplicitHashKey"] for entry in kinesis.entries]

    assert len(set(hash_keys)) == 4
    for entry, hash_key in zip(kinesis.entries, hash_keys, strict=True):
        assert hash_key.encode() in entry["Data"]
        assert 1 <= len(entry["PartitionKey"]) <= 256


def test_a_record_alone_goes_as_it_is() -> None:
    aggregating, kinesis = sender()
    one = batch(1)

    aggregating.send(one)

    record = one[0].record
    assert kinesis.entries == [{"Data": record.data, "PartitionKey": record.partition_key}]


def test_a_record_too_large_to_share_goes_as_it_is() -> None:
    aggregating, kinesis = sender()
    large, small = batch(1, size=24_990), batch(2)

    aggregating.send([small[0], *large, small[1]])

    assert [entry["Data"] for entry in kinesis.entries] == data_of([small[0], *large, small[1]])
    assert not any("ExplicitHashKey" in entry for entry in kinesis.entries)


def test_a_refused_aggregate_gives_each_of_its_records_back() -> None:
    forty = batch(40)
    aggregating, _ = sender(lambda _: [None, THROTTLED, None, None])

    verdict = aggregating.send(forty)

    assert verdict is not None
    returned = [held for held, _ in verdict.later]
    assert len(returned) > 8
    first = forty.index(returned[0])
    assert returned == forty[first : first + len(returned)]
    assert verdict.errors == {THROTTLED: len(returned)}
    assert [held.attempts for held in forty].count(1) == len(returned)


def test_refused_records_are_grouped_anew_and_go_to_another_shard() -> None:
    draws = itertools.count(0.0, 0.125)
    aggregating, kinesis = sender(refuse, random=lambda: next(draws))
    five = batch(5)
    aggregating.send(five)
    (before,) = kinesis.entries

    aggregating.send(five[2:])

    (after,) = kinesis.entries
    assert contained([after["Data"]]) == data_of(five[2:])
    assert after["ExplicitHashKey"] != before["ExplicitHashKey"]


def test_a_call_that_fails_as_a_whole_gives_every_record_back() -> None:
    def broken(_: list[bytes]) -> list[str | None]:
        raise call_failure("InternalFailure", 500)

    verdict = sender(broken)[0].send(batch(40))

    assert verdict is not None
    assert len(verdict.later) == 40
    assert verdict.errors == {"InternalFailure": 40}


def test_an_answer_with_too_few_entries_acknowledges_no_record() -> None:
    class Forgetful(FakeKinesis):
        def put_records(self, **_: Any) -> dict[str, Any]:
            return {"Records": []}

    aggregating, _ = sender()

    verdict = replace(aggregating, client=Forgetful().client).send(batch(40))

    assert verdict is not None
    assert verdict.errors == {"IncompleteAnswer": 40}


def test_a_rejected_call_is_halved_until_the_record_that_spoils_it_is_given_up() -> None:
    def rejected(_: list[bytes]) -> list[str | None]:
        raise call_failure("ValidationException")

    aggregating, _ = sender(rejected)
    two = batch(2)

    verdict = aggregating.send(two)
    assert verdict is not None
    assert verdict.isolated == [two[:1], two[1:]]

    verdict = aggregating.send(verdict.isolated[0])
    assert verdict is not None
    assert verdict.given_up == two[:1]
