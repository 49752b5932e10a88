"""A mapping's life cycle: its states, as AWS shows them, and the engine that reads for it.

LocalStack makes a worker for each change of a mapping. All workers of a mapping share its place in
the stream, and each starts once the previous one has ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any

from ..metrics import Metrics
from ..streams import Read, Stream, arns
from ..streams.errors import NoSuchStreamError
from .destinations import Destination, MakeClient
from .engine import Engine
from .event import Events
from .filters import Filters
from .interfaces import Answer, Batch, Checkpoint, GivenUp, Reads
from .metrics import MappingMetrics
from .settings import Settings, destination_of, filters_of

LOG = logging.getLogger(__name__)

NO_STREAM = "PROBLEM: Stream not found"
NO_CONSUMER = "PROBLEM: Consumer not found"
NO_FUNCTION = "PROBLEM: Function not found"
_TAKING_OVER = Lock()
_LOOK_FOR_SOURCE_EVERY = 1.0  # second, while it is gone, or if it is a consumer, which may go


@dataclass
class Place:
    """Where a mapping is in its stream, and in which one, since a new one may reuse the name."""

    stream_created: float | None = None
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    worker: KinesisMappingWorker | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a worker needs from LocalStack."""

    find_stream: Callable[[str], Stream | None]
    function_exists: Callable[[str], bool]
    invoke: Callable[[str, bytes], Answer]  # with the function's ARN and the event
    make_client: MakeClient
    metrics: Metrics
    reads: Reads
    # The configurations that are shown, by UUID, for the ARN of the mappings' function.
    shown: Callable[[str], MutableMapping[str, Any]]
    places: dict[str, Place] = field(default_factory=dict)


class KinesisMappingWorker:
    """What LocalStack's Lambda provider uses as an EsmWorker."""

    def __init__(
        self, configuration: Mapping[str, Any], role_arn: str, enabled: bool, around: Surroundings
    ) -> None:
        self.esm_config = configuration
        self.enabled = enabled
        self.state_transition_reason = "User action"
        self._role_arn = role_arn
        self._around = around
        self._place = around.places.setdefault(self.uuid, Place())
        self.current_state = str(configuration.get("State", "Creating"))
        self._wake = Event()
        self._is_leaving = False
        self._is_stream_gone = False
        self._lock = Lock()
        self._thread: Thread | None = None
        self._metrics = MappingMetrics(
            around.metrics,
            self.function_arn,
            self.uuid,
            "EventCount" in (configuration.get("MetricsConfig") or {}).get("Metrics", ()),
        )

    @property
    def uuid(self) -> str:
        """The mapping's identifier."""
        return str(self.esm_config["UUID"])

    @property
    def function_arn(self) -> str:
        """The ARN of the function, or of a version or an alias of it."""
        return str(self.esm_config["FunctionArn"])

    def create(self) -> None:
        """Take over from the previous worker, if there is one, and start reading."""
        with _TAKING_OVER:  # up to the thread's start, since the next worker waits for its end
            before, self._place.worker = self._place.worker, self
            if before:
                before.stop()
            self._enter(self._first_state(before))
            self._thread = Thread(
                target=self._live, args=(before,), name=f"mapping {self.uuid}", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Start no more invocations; a running one may finish."""
        self._leave()

    stop_for_shutdown = stop

    def delete(self) -> None:
        """End the mapping, once a running invocation has finished."""
        self._enter("Deleting")
        self._leave()

    def wait_for_end(self) -> None:
        """Wait until nothing of this worker is running."""
        if self._thread:
            self._thread.join()

    def notice_function(self) -> None:
        """Stop reading if the function has been deleted."""
        if self.enabled and not self._around.function_exists(self.function_arn):
            self.enabled = False
            self._wake.set()

    def _first_state(self, before: KinesisMappingWorker | None) -> str:
        if before is None:
            return "Creating" if self.enabled else "Disabled"
        if before.enabled == self.enabled:
            return "Updating"
        return "Enabling" if self.enabled else "Disabling"

    def _leave(self) -> None:
        self._is_leaving = True
        self._wake.set()

    def _live(self, before: KinesisMappingWorker | None) -> None:
        if before:
            before.wait_for_end()
        was_enabled = self.enabled
        while self.enabled and not self._is_leaving:
            stream = self._source()
            if stream is None or stream.is_deleted:
                self.result(NO_CONSUMER if self._is_for_consumer else NO_STREAM)
                self._wake.wait(_LOOK_FOR_SOURCE_EVERY)
                self._wake.clear()
            else:
                self._read(stream)
        if was_enabled and not self.enabled:
            self.result(NO_FUNCTION)
        if not self._is_leaving:
            self._enter("Disabled")
            self._wait_to_leave()
        shown = self._around.shown(self.function_arn)
        if self.current_state == "Deleting":
            shown.pop(self.uuid, None)
        if self.uuid not in shown:  # also if LocalStack has been emptied
            self._around.places.pop(self.uuid, None)

    def _wait_to_leave(self) -> None:
        while not self._is_leaving:
            self._wake.wait()
            self._wake.clear()

    def _read(self, stream: Stream) -> None:
        """Have the engine read until something changes."""
        self._stream = stream
        engine = self._engine(stream)
        self._is_stream_gone = False
        try:
            engine.start()
        except NoSuchStreamError:
            return  # deleted since it was found
        self._enter("Enabled")
        while self.enabled and not self._is_leaving and not self._is_stream_gone:
            self._wake.wait(_LOOK_FOR_SOURCE_EVERY if self._is_for_consumer else None)
            self._wake.clear()
            if self._is_for_consumer and self._source() is not stream:
                break
        engine.stop()

    @property
    def _is_for_consumer(self) -> bool:
        return arns.is_of_consumer(self.esm_config["EventSourceArn"])

    def _source(self) -> Stream | None:
        return self._around.find_stream(self.esm_config["EventSourceArn"])

    def _engine(self, stream: Stream) -> Engine:
        configuration = self.esm_config
        source = configuration["EventSourceArn"]
        settings = Settings.of(configuration)
        place = self._place
        if place.stream_created != stream.created:
            if place.stream_created is not None:
                # Everything that the new stream has received so far is unread.
                settings = replace(settings, starting_position="TRIM_HORIZON")
                place.checkpoints = {}
            place.stream_created = stream.created
        events = Events(source, self._role_arn)
        patterns = [each["Pattern"] for each in filters_of(configuration)]
        destination = destination_of(configuration)
        deliver = (
            destination
            and Destination(
                arn=destination,
                mapping_id=self.uuid,
                function_arn=self.function_arn,
                stream_arn=arns.of_stream(source),
                events=events,
                make_client=self._around.make_client,
            ).deliver
        )

        def invoke(batch: Batch) -> Answer:
            return self._around.invoke(self.function_arn, events.of(batch))

        def give_up(given_up: GivenUp) -> None:
            if not deliver:
                return self._metrics.count("DroppedEventCount", len(given_up.batch.records))
            deliver(given_up)
            return self._metrics.count(
                "OnFailureDestinationDeliveredEventCount", len(given_up.batch.records)
            )

        return Engine(
            settings,
            stream,
            place.checkpoints,
            invoke=invoke,
            give_up=give_up,
            size=events.size,
            observe=self,
            matches=Filters(patterns).passes if patterns else None,
            shares_limits=not self._is_for_consumer,
        )

    # Called by the engine, as its observer.

    def read(self, shard_id: str, read: Read) -> None:
        if self._is_for_consumer:
            name = self.esm_config["EventSourceArn"].rpartition("/")[2].partition(":")[0]
            self._around.reads.sent(self._stream, name, read)
        else:
            self._around.reads.read(self._stream, shard_id, read)

    def refused_read(self, shard_id: str) -> None:
        self._around.reads.refused_read(self._stream, shard_id)

    def polled(self, records: int) -> None:
        self._metrics.count("PolledEventCount", records)

    def filtered_out(self, records: int) -> None:
        self._metrics.count("FilteredOutEventCount", records)

    def invoked(self, records: int, iterator_age_ms: float) -> None:
        self._metrics.iterator_age(iterator_age_ms)
        self._metrics.count("InvokedEventCount", records)

    def failed(self, records: int) -> None:
        self._metrics.count("FailedInvokeEventCount", records)

    def dropped(self, records: int) -> None:
        pass  # counted in `give_up`, which knows whether there is a destination

    def result(self, text: str) -> None:
        self._show(LastProcessingResult=text)

    def ended(self, reason: str) -> None:
        LOG.info("Mapping %s has nothing left to read: %s", self.uuid, reason)
        self._is_stream_gone = True
        self._wake.set()

    def _enter(self, state: str) -> None:
        with self._lock:
            if self.current_state == "Deleting":
                return
            self.current_state = state
            self._show(
                State=state,
                StateTransitionReason=self.state_transition_reason,
                LastModified=datetime.now(UTC),
            )

    def _show(self, **fields: Any) -> None:
        """Change the mapping's shown configuration, unless another worker has taken over."""
        if self._place.worker is self:
            shown = self._around.shown(self.function_arn).get(self.uuid)
            if shown is not None:
                shown.update(fields)
