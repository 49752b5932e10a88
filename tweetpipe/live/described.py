"""Reads the services' own descriptions of the stack's parts."""

from __future__ import annotations

from collections import deque

from tweetpipe import dead_letters
from tweetpipe.aws.stack import Stack
from tweetpipe.live.attempts import Attempts
from tweetpipe.live.reads import MeteredPlace, Pace
from tweetpipe.looking import metrics
from tweetpipe.looking.metrics import MeasuredMinutes, Metrics

_COUNTS = 10  # of the table's items, that a rate is taken over


class Described:
    """The last answers; None if not read yet, or if the last read failed."""

    def __init__(
        self, place: MeteredPlace, deployed: Stack, pace: Pace, attempts: Attempts
    ) -> None:
        self.stream_status: str | None = None
        self.stream_mode: str | None = None
        self.shards: int | None = None
        self.mapping: str | None = None
        self.mapping_id: str | None = None
        self.last_result: str | None = None
        self.concurrency: int | None = None
        self.letters: int | None = None
        self.measured = MeasuredMinutes()
        self.counts: deque[tuple[float, int]] = deque(maxlen=_COUNTS)
        self._place = place
        self._deployed = deployed
        self._outputs = deployed.outputs
        self._pace = pace
        self._attempts = attempts

    @property
    def items(self) -> int | None:
        """DynamoDB's item count: current on an emulator, hours old on AWS."""
        return self.counts[-1][1] if self.counts else None

    @property
    def metrics(self) -> Metrics:
        """The latest figures available: current on an emulator, minutes old on AWS."""
        return self.measured.minute if self._place.is_local else self.measured.window

    def look(self, at: float) -> None:
        """Read what is due."""
        pace, at_times = self._pace, self._attempts.at_times
        at_times("table", "dynamodb", pace.count, at, self._count)
        at_times("event source mapping", "lambda", pace.mapping, at, self._read_mapping)
        at_times("function", "lambda", pace.mapping, at, self._read_function)
        at_times("dead-letter queue", "sqs", pace.queue, at, self._read_queue)
        at_times("metrics", "cloudwatch", pace.metrics, at, self._measure)
        at_times("stream's description", "kinesis", pace.mapping, at, self._describe_stream)

    def _count(self, at: float) -> None:
        counts, self.counts = self.counts, deque(maxlen=_COUNTS)
        found = self._place.dynamodb().describe_table(TableName=self._outputs["EventDataTable"])
        counts.append((at, found["Table"]["ItemCount"]))
        self.counts = counts

    def _read_mapping(self, at: float) -> None:
        self.mapping = self.mapping_id = self.last_result = None
        name = self._outputs["DDBEventProcessor"]
        found = self._place.lambda_().list_event_source_mappings(FunctionName=name)
        # LocalStack also lists mappings of functions whose names end the same way.
        ours = [m for m in found["EventSourceMappings"] if m["FunctionArn"].endswith(f":{name}")]
        self.mapping = ours[0]["State"] if ours else "missing"
        self.mapping_id = ours[0].get("UUID") if ours else None
        self.last_result = ours[0].get("LastProcessingResult") if ours else None

    def _read_function(self, at: float) -> None:
        self.concurrency = None
        name = self._outputs["DDBEventProcessor"]
        found = self._place.lambda_().get_function_concurrency(FunctionName=name)
        self.concurrency = found.get("ReservedConcurrentExecutions")

    def _read_queue(self, at: float) -> None:
        self.letters = None
        url, bucket = self._outputs["DeadLetterQueueUrl"], dead_letters.bucket_of(self._deployed)
        self.letters = sum(dead_letters.counts(self._place, url, bucket=bucket))

    def _measure(self, at: float) -> None:
        self.measured = metrics.measure(self._place, self._deployed, mapping=self.mapping_id)

    def _describe_stream(self, at: float) -> None:
        self.stream_status = self.stream_mode = self.shards = None
        name = self._outputs["KinesisStream"]
        found = self._place.kinesis().describe_stream_summary(StreamName=name)
        summary = found["StreamDescriptionSummary"]
        self.stream_status = summary["StreamStatus"]
        self.stream_mode = summary.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
        self.shards = summary["OpenShardCount"]
