"""How LocalStack's Lambda reads a stream: without a pause for as long as batches are full.

LocalStack 4.9.2 waits after each batch of each shard, LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC
long. To make that shorter would keep an idle emulator busy.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

_LONGEST = 1.0  # seconds, since whoever disables or deletes the mapping waits for the end of it


def read_on_while_batches_are_full() -> None:
    """Change all of LocalStack's stream pollers."""
    from localstack.services.lambda_.event_source_mapping.pollers.stream_poller import StreamPoller

    poll_next_shard = StreamPoller.poll_events
    get_records = StreamPoller.get_records

    def noted(self: Any, shard_iterator: str) -> Any:
        answer = get_records(self, shard_iterator)
        self.was_full = len(answer.get("Records", ())) >= self.stream_parameters["BatchSize"]
        return answer

    def poll(self: Any) -> bool:
        self.was_full = False
        poll_next_shard(self)
        return bool(self.was_full)

    def poll_events(self: Any) -> None:
        deadline = monotonic() + _LONGEST
        # Each call is about the next shard; after a full batch the others have their turn too.
        others = len(self.shards) if poll(self) else 0
        while others > 0 and monotonic() < deadline:
            others = len(self.shards) if poll(self) else others - 1

    StreamPoller.get_records = noted
    StreamPoller.poll_events = poll_events
