"""In which order LocalStack's poller, here a stand-in for it, looks at the shards of a stream."""

from __future__ import annotations

import itertools
import sys
from types import ModuleType
from typing import Any

import pytest

from localstack_embedded.plugin.polling import read_on_while_batches_are_full

BATCH = 10
MODULE = "localstack.services.lambda_.event_source_mapping.pollers.stream_poller"


@pytest.fixture
def poller_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes pollers of streams with so many records in each shard."""

    class StreamPoller:
        stream_parameters = {"BatchSize": BATCH}  # noqa: RUF012

        def __init__(self, *waiting: int) -> None:
            self.shards = dict(enumerate(waiting))
            self.turn = itertools.cycle(self.shards)
            self.read: list[tuple[int, int]] = []

        def get_records(self, shard: int) -> dict[str, Any]:
            records = range(min(BATCH, self.shards[shard]))
            self.shards[shard] -= len(records)
            self.read.append((shard, len(records)))
            return {"Records": records}

        def poll_events(self) -> None:
            self.get_records(next(self.turn))

    for name in itertools.accumulate(MODULE.split("."), lambda a, b: f"{a}.{b}"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules[MODULE], "StreamPoller", StreamPoller, raising=False)
    read_on_while_batches_are_full()
    return StreamPoller


def test_an_idle_stream_is_asked_for_one_shard_at_a_time(poller_of: Any) -> None:
    poller = poller_of(0, 0)

    poller.poll_events()

    assert poller.read == [(0, 0)]


def test_a_batch_that_is_not_full_is_no_reason_to_read_on(poller_of: Any) -> None:
    poller = poller_of(BATCH - 1, BATCH)

    poller.poll_events()

    assert poller.read == [(0, BATCH - 1)]


def test_a_backlog_is_read_to_its_end_each_shard_in_turn(poller_of: Any) -> None:
    poller = poller_of(3 * BATCH, 1, BATCH + 5)

    poller.poll_events()

    assert poller.shards == {0: 0, 1: 0, 2: 0}
    assert poller.read[:4] == [(0, BATCH), (1, 1), (2, BATCH), (0, BATCH)]


def test_reading_on_comes_to_an_end_where_records_do_not(
    poller_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count(0.0, 0.25)
    monkeypatch.setattr("localstack_embedded.plugin.polling.monotonic", lambda: next(seconds))
    poller = poller_of(1_000 * BATCH)

    poller.poll_events()

    assert 1 < len(poller.read) < 10
