"""A mapping in real time, with a function that may run in many threads at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.engine import Engine
from localstack_embedded.plugin.mapping.interfaces import Answer, Batch, Checkpoint
from localstack_embedded.plugin.mapping.settings import Settings
from localstack_embedded.plugin.streams import Entry, Stream, Streams
from localstack_embedded.tests.waiting import wait_for

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/tweets"


class Observer:
    """Records why mappings end."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def ended(self, reason: str) -> None:
        self.reasons.append(reason)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


class Mapping:
    """A mapping whose function waits while `gate` is closed."""

    def __init__(self, shards: int = 4) -> None:
        self.stream: Stream = Streams().add(ARN, shards)
        self.checkpoints: dict[str, Checkpoint] = {}
        self.seen: list[str] = []
        self.began: list[Batch] = []
        self.ended: list[Batch] = []
        self.gate = threading.Event()
        self.gate.set()
        self.observer = Observer()
        self.engines: list[Engine] = []

    def start(self, **settings: Any) -> Engine:
        engine = Engine(
            Settings.of(settings),
            self.stream,
            self.checkpoints,
            invoke=self._invoke,
            give_up=lambda given_up: None,
            size=lambda record: len(record.data),
            observe=self.observer,
        )
        self.engines.append(engine)
        engine.start()
        return engine

    @property
    def running(self) -> int:
        """How many invocations are running."""
        return len(self.began) - len(self.ended)

    def put(self, *data: str) -> None:
        self.stream.put([Entry(one.encode(), one) for one in data])

    def _invoke(self, batch: Batch) -> Answer:
        self.began.append(batch)
        self.gate.wait()
        self.ended.append(batch)
        self.seen += [record.data.decode() for record in batch.records]
        return Answer()


def threads() -> list[str]:
    """The names of all mappings' threads."""
    return [one.name for one in threading.enumerate() if one.name.startswith("mapping")]


@pytest.fixture
def mapping() -> Iterator[Mapping]:
    mapping = Mapping()
    yield mapping
    mapping.gate.set()
    assert all([engine.stop(60) for engine in mapping.engines])


def test_records_of_all_shards_arrive(mapping: Mapping) -> None:
    mapping.start()
    sent = [f"record {number}" for number in range(1000)]
    for start in range(0, 1000, 100):
        mapping.put(*sent[start : start + 100])
    wait_for(lambda: len(mapping.seen) == 1000, "all records")
    assert sorted(mapping.seen) == sorted(sent)


def test_as_many_batches_run_at_once_as_there_are_lanes(mapping: Mapping) -> None:
    mapping.gate.clear()
    mapping.start(ParallelizationFactor=10, BatchSize=1)
    mapping.put(*(str(number) for number in range(1000)))
    wait_for(lambda: mapping.running == 40, "40 invocations at once")


def test_an_idle_mapping_has_one_thread_and_does_nothing() -> None:
    mapping = Mapping(shards=200)
    engine = mapping.start(ParallelizationFactor=10)
    mapping.put("a")
    wait_for(lambda: mapping.seen == ["a"], "the record")
    wait_for(lambda: threads() == ["mapping"], "the end of the function's thread")
    # Of the CPU, so that a busy machine changes nothing.
    began = time.process_time()
    time.sleep(0.2)
    assert time.process_time() - began < 0.1
    assert engine.stop(60)
    assert threads() == []


def test_a_stop_waits_for_what_runs_and_no_longer_than_it_may(mapping: Mapping) -> None:
    mapping.gate.clear()
    engine = mapping.start(BatchSize=1)
    mapping.put("a")
    wait_for(lambda: mapping.running == 1, "the invocation")
    mapping.put(*"bcdefgh")
    assert not engine.stop(0.01)
    mapping.gate.set()
    assert engine.stop(60)
    assert 1 <= len(mapping.seen) <= 4
    mapping.start()
    wait_for(lambda: len(mapping.seen) == 8, "all records")
    assert sorted(mapping.seen) == list("abcdefgh")


def test_a_mapping_that_never_began_stops(mapping: Mapping) -> None:
    engine = mapping.start()
    assert engine.stop(60)
    assert engine.stop(60)
    never = Engine(
        Settings(),
        mapping.stream,
        {},
        invoke=lambda batch: Answer(),
        give_up=lambda given_up: None,
        size=lambda record: 1,
        observe=mapping.observer,
    )
    assert never.stop()


def test_a_deleted_stream_is_noticed_at_once(mapping: Mapping) -> None:
    mapping.start()
    mapping.put("a")
    wait_for(lambda: mapping.seen == ["a"], "the record")
    mapping.stream.delete()
    wait_for(lambda: mapping.observer.reasons == ["The stream was deleted."], "the end")


def test_puts_succeed_after_the_end_of_a_mapping(mapping: Mapping) -> None:
    engine = mapping.start()
    assert engine.stop(60)
    mapping.put("a")
    assert mapping.seen == []
