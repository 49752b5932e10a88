"""A mapping on a stream of the model: its states, and its position over pauses and changes."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from localstack_embedded.plugin.mapping.interfaces import Answer
from localstack_embedded.plugin.mapping.worker import KinesisMappingWorker, Surroundings
from localstack_embedded.plugin.metrics import Metrics
from localstack_embedded.plugin.streams import Entry, Read, Stream, Streams
from localstack_embedded.tests.waiting import wait_for

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:letters"
MAPPING = "0ee1b3b7-1a3c-4c5a-9d0f-1f2e3d4c5b6a"


class World:
    """Streams, a function, and a mapping that is changed as LocalStack's provider changes it."""

    def __init__(self) -> None:
        self.streams = Streams()
        self.shown: dict[str, dict[str, Any]] = {}
        self.has_function = True
        self.has_consumer = True
        self.seen: list[str] = []
        self.letters: list[dict[str, Any]] = []
        self.counted: dict[str, float] = {}
        self.reads: Counter[str] = Counter()
        self.fails = False
        self.invoked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.held: threading.Thread | None = None
        self.is_held, self.may_show = threading.Event(), threading.Event()
        self.workers: list[KinesisMappingWorker] = []
        self.around = Surroundings(
            find_stream=self._find_stream,
            function_exists=lambda _: self.has_function,
            invoke=self._invoke,
            make_client=lambda *_: self,
            metrics=Metrics(self._count, pause=lambda: None),
            reads=self,
            shown=self._shown,
        )

    def put(self, *texts: str) -> None:
        stream = self.streams.find(STREAM)
        assert isinstance(stream, Stream)
        stream.put([Entry(text.encode(), "key") for text in texts])

    def create(self, *, enabled: bool = True, **parameters: Any) -> KinesisMappingWorker:
        configuration = {
            "UUID": MAPPING,
            "EventSourceArn": STREAM,
            "FunctionArn": FUNCTION,
            "StartingPosition": "TRIM_HORIZON",
            "LastProcessingResult": "No records processed",
            "State": "Creating" if enabled else "Disabled",
        }
        return self._worker(configuration | parameters, enabled)

    def update(self, *, enabled: bool | None = None, **parameters: Any) -> KinesisMappingWorker:
        before = self.workers[-1]
        return self._worker(
            self.shown[MAPPING] | parameters, before.enabled if enabled is None else enabled, before
        )

    def wait_for_state(self, state: str) -> None:
        wait_for(lambda: self.shown[MAPPING]["State"] == state, f"the state {state}")
        assert self.workers[-1].current_state == state

    def wait_for_records(self, *texts: str) -> None:
        wait_for(lambda: len(self.seen) >= len(texts), "the records")
        assert self.seen == list(texts)

    def get_queue_url(self, **_: str) -> dict[str, str]:
        return {"QueueUrl": "http://letters"}

    def send_message(self, **message: str) -> None:
        self.letters.append(json.loads(message["MessageBody"]))

    def _worker(
        self, configuration: dict[str, Any], enabled: bool, before: Any = None
    ) -> KinesisMappingWorker:
        self.shown[MAPPING] = configuration
        worker = KinesisMappingWorker(configuration, "arn:aws:iam::1:role/r", enabled, self.around)
        self.workers.append(worker)
        if before:
            before.stop()
        worker.create()
        return worker

    def _shown(self, _function_arn: str) -> dict[str, dict[str, Any]]:
        if threading.current_thread() is self.held:
            self.is_held.set()
            self.may_show.wait()
        return self.shown

    def _find_stream(self, arn: str) -> Stream | None:
        stream_arn, is_consumer, _ = arn.partition("/consumer/")
        return self.streams.find(stream_arn) if self.has_consumer or not is_consumer else None

    def _invoke(self, function_arn: str, event: bytes) -> Answer:
        assert function_arn == FUNCTION
        self.invoked.set()
        self.may_answer.wait()
        if self.fails:
            return Answer(failure="function", function_error="Unhandled", request_id="r")
        for record in json.loads(event)["Records"]:
            self.seen.append(base64.b64decode(record["kinesis"]["data"]).decode())
        return Answer()

    def read(self, stream: Stream, shard_id: str, read: Read) -> None:
        self.reads[f"{stream.name} {shard_id}"] += len(read.records)

    def refused_read(self, stream: Stream, shard_id: str) -> None:
        raise AssertionError("nothing is limited")

    def sent(self, stream: Stream, consumer: str, read: Read) -> None:
        self.reads[f"{stream.name} {consumer}"] += len(read.records)

    def _count(self, _account: str, _region: str, data: list[dict[str, Any]]) -> None:
        for metric in data:
            total = metric["StatisticValues"]["Sum"]
            self.counted[metric["MetricName"]] = self.counted.get(metric["MetricName"], 0) + total


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.streams.add(STREAM, 1)
    yield world
    world.may_answer.set()
    world.may_show.set()
    for worker in world.workers:
        worker.delete()
    for worker in world.workers:
        worker.wait_for_end()


def test_a_mapping_becomes_enabled_and_tells_how_it_went(world: World) -> None:
    world.create()
    world.wait_for_state("Enabled")
    assert world.shown[MAPPING]["LastProcessingResult"] == "No records processed"

    world.put("a", "b")

    world.wait_for_records("a", "b")
    wait_for(lambda: world.shown[MAPPING]["LastProcessingResult"] == "OK", "the result")
    assert world.shown[MAPPING]["StateTransitionReason"] == "User action"


def test_a_mapping_made_disabled_reads_once_it_is_enabled(world: World) -> None:
    world.create(enabled=False)
    world.wait_for_state("Disabled")
    world.put("a")

    world.update(enabled=True)

    world.wait_for_state("Enabled")
    world.wait_for_records("a")


@pytest.mark.parametrize("position", ["TRIM_HORIZON", "LATEST"])
def test_a_pause_neither_loses_nor_repeats(world: World, position: str) -> None:
    world.create(StartingPosition=position)
    world.wait_for_state("Enabled")
    world.put("a")
    world.wait_for_records("a")

    world.update(enabled=False)
    world.wait_for_state("Disabled")
    world.put("b", "c")
    world.update(enabled=True)

    world.wait_for_records("a", "b", "c")


def test_a_change_waits_for_the_running_invocation(world: World) -> None:
    world.may_answer.clear()
    world.create(BatchSize=1)
    world.put("a", "b")
    assert world.invoked.wait(60)

    world.update(BatchSize=10)
    assert world.shown[MAPPING]["State"] == "Updating"
    world.may_answer.set()

    world.wait_for_state("Enabled")
    world.wait_for_records("a", "b")
    world.put("c")
    world.wait_for_records("a", "b", "c")


def test_disabling_lasts_as_long_as_the_running_invocation(world: World) -> None:
    world.may_answer.clear()
    world.create()
    world.wait_for_state("Enabled")
    world.put("a")
    assert world.invoked.wait(60)

    world.update(enabled=False)
    assert world.shown[MAPPING]["State"] == "Disabling"
    world.may_answer.set()

    world.wait_for_state("Disabled")


def test_an_update_of_a_disabled_mapping_leaves_it_disabled(world: World) -> None:
    world.create(enabled=False)
    world.wait_for_state("Disabled")

    world.update(BatchSize=3)

    world.wait_for_state("Disabled")


def test_updates_in_a_row_leave_one_reader(world: World) -> None:
    world.create()
    for size in range(1, 20):
        world.update(BatchSize=size)
        world.put(str(size))
    world.wait_for_state("Enabled")

    world.wait_for_records(*map(str, range(1, 20)))


def test_an_update_in_the_middle_of_another_waits_for_the_reader_before_both(world: World) -> None:
    world.create()
    world.wait_for_state("Enabled")
    world.may_answer.clear()
    world.put("a")
    assert world.invoked.wait(60)
    world.invoked.clear()

    world.held = threading.Thread(target=world.update, kwargs={"BatchSize": 2})
    world.held.start()
    assert world.is_held.wait(60)
    other = threading.Thread(target=world.update, kwargs={"BatchSize": 3})
    other.start()
    assert not world.invoked.wait(0.2)
    world.may_show.set()
    for update in (world.held, other):
        update.join()
    world.may_answer.set()
    world.put("b")

    world.wait_for_records("a", "b")


def test_a_deleted_mapping_is_gone(world: World) -> None:
    worker = world.create()
    world.wait_for_state("Enabled")

    worker.delete()
    worker.wait_for_end()

    assert MAPPING not in world.shown
    assert MAPPING not in world.around.places


def test_nothing_is_kept_of_a_mapping_that_localstack_has_dropped(world: World) -> None:
    worker = world.create()
    world.wait_for_state("Enabled")

    world.shown.clear()
    worker.stop_for_shutdown()
    worker.wait_for_end()

    assert MAPPING not in world.around.places


@pytest.mark.parametrize("enabled", [True, False])
def test_a_mapping_deleted_while_it_changes_is_gone(world: World, enabled: bool) -> None:
    world.may_answer.clear()
    world.create()
    world.wait_for_state("Enabled")
    world.put("a")
    assert world.invoked.wait(60)
    worker = world.update(enabled=enabled)

    worker.delete()
    assert world.shown[MAPPING]["State"] == "Deleting"
    world.may_answer.set()
    worker.wait_for_end()

    assert MAPPING not in world.shown


def test_a_recreated_streams_records_are_read(world: World) -> None:
    world.create(StartingPosition="LATEST")
    world.wait_for_state("Enabled")
    world.put("old")
    world.wait_for_records("old")

    world.streams.remove(STREAM)
    wait_for(
        lambda: world.shown[MAPPING]["LastProcessingResult"] == "PROBLEM: Stream not found",
        "word of the deleted stream",
    )
    world.streams.add(STREAM, 2)
    world.put("new")

    world.wait_for_records("old", "new")


def test_a_mapping_without_its_function_is_disabled(world: World) -> None:
    worker = world.create()
    world.wait_for_state("Enabled")

    worker.notice_function()
    assert worker.current_state == "Enabled"
    world.has_function = False
    worker.notice_function()

    world.wait_for_state("Disabled")
    assert world.shown[MAPPING]["LastProcessingResult"] == "PROBLEM: Function not found"


def test_filters_and_counts(world: World) -> None:
    world.create(
        FilterCriteria={"Filters": [{"Pattern": '{"data": {"n": [{"numeric": [">", 1]}]}}'}]},
        MetricsConfig={"Metrics": ["EventCount"]},
    )
    world.put('{"n": 1}', '{"n":  2}', "plain")

    world.wait_for_records('{"n":  2}')
    wait_for(lambda: world.counted.get("FilteredOutEventCount") == 2, "the counts")
    wait_for(lambda: world.counted.get("InvokedEventCount") == 1, "the counts")
    wait_for(lambda: world.counted.get("PolledEventCount") == 3, "the counts")
    wait_for(lambda: "IteratorAge" in world.counted, "the age")


@pytest.mark.parametrize(
    ("destination", "counted"),
    [
        ({}, "DroppedEventCount"),
        ({"OnFailure": {"Destination": QUEUE}}, "OnFailureDestinationDeliveredEventCount"),
    ],
)
def test_a_batch_that_is_given_up(world: World, destination: Any, counted: str) -> None:
    world.fails = True
    world.create(
        DestinationConfig=destination,
        MaximumRetryAttempts=0,
        MetricsConfig={"Metrics": ["EventCount"]},
    )
    world.put("poison")

    wait_for(lambda: world.counted.get(counted) == 1, "the count")
    assert world.counted.get("FailedInvokeEventCount", 1) == 1
    batches = [letter["KinesisBatchInfo"]["batchSize"] for letter in world.letters]
    assert batches == ([1] if destination else [])


def test_what_is_read_counts_for_the_shard(world: World) -> None:
    world.create()
    world.put("a", "b")

    world.wait_for_records("a", "b")
    assert world.reads == {"s shardId-000000000000": 2}


def test_a_consumer_leads_to_its_stream_and_what_it_gets_is_counted_as_its_own(
    world: World,
) -> None:
    world.create(EventSourceArn=f"{STREAM}/consumer/fast:1")
    world.put("a")

    world.wait_for_records("a")
    assert world.reads == {"s fast": 1}


def test_without_its_consumer_a_mapping_reads_nothing(world: World) -> None:
    world.create(EventSourceArn=f"{STREAM}/consumer/fast:1")
    world.put("a")
    world.wait_for_records("a")

    world.has_consumer = False
    wait_for(
        lambda: world.shown[MAPPING]["LastProcessingResult"] == "PROBLEM: Consumer not found",
        "word of the consumer that is gone",
    )
    world.put("b")
    assert world.seen == ["a"]

    world.has_consumer = True
    world.wait_for_records("a", "b")
