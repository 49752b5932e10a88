"""What differs on AWS: smaller samples, CloudWatch, and a count of items that is hours old."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.tweetpipe.live.doubles import tweet
from tests.unit.tweetpipe.live.onlooker import Onlooker
from tweetpipe.aws.place import Target


@pytest.fixture
def onlooker() -> Onlooker:
    return Onlooker(Target.AWS)


def requests(onlooker: Onlooker, operation: str) -> list[dict[str, Any]]:
    return [request for name, request in onlooker.stack.calls if name == operation]


def test_samples_are_small(onlooker: Onlooker) -> None:
    onlooker.look()
    for number in range(300):
        onlooker.stack.put(tweet(number))
    onlooker.pass_time(2)
    onlooker.look()

    [*reads] = requests(onlooker, "get_records")
    assert {read["Limit"] for read in reads} == {100}
    for request in requests(onlooker, "batch_get_item"):
        [table] = request["RequestItems"].values()
        assert len(table["Keys"]) <= 8
        assert not table["ConsistentRead"]


def test_only_lines_that_count_are_asked_of_the_log(onlooker: Onlooker) -> None:
    onlooker.look()

    [asked] = requests(onlooker, "filter_log_events")
    assert '?"batch processed"' in asked["filterPattern"]


def test_stored_items_are_counted_from_the_log(onlooker: Onlooker) -> None:
    for _ in range(30):
        onlooker.stack.batch(stored=4)
        onlooker.pass_time(2)
        snapshot = onlooker.look()

    assert snapshot.table.items_per_s == pytest.approx(2, rel=0.2)


def test_cloudwatch_serves_where_the_log_says_nothing(onlooker: Onlooker) -> None:
    onlooker.stack.measured = {"stored": [300, 300], "iterator_age": [90_000], "throttles": [3]}

    snapshot = onlooker.look()

    assert snapshot.table.items_per_s == 2
    assert snapshot.function.iterator_age_s == 90
    assert "Lambda refused 3 calls" in snapshot.function.health.why
    assert snapshot.function.invocations_per_s is None


def test_of_a_log_that_is_too_much_a_sample_is_read(onlooker: Onlooker) -> None:
    onlooker.look()
    for _ in range(4):
        for _ in range(2500):
            onlooker.clock.now += 0.002
            onlooker.stack.batch(stored=3)
        snapshot = onlooker.look()

    assert snapshot.function.invocations_per_s == pytest.approx(500, rel=0.01)
    assert snapshot.table.items_per_s == pytest.approx(1500, rel=0.01)


def test_a_nearly_full_shard_is_told() -> None:
    onlooker = Onlooker(Target.AWS)
    onlooker.look()
    for _ in range(4):
        for number in range(2000):
            onlooker.stack.put(tweet(number), ago=2 - number / 1000)
        snapshot = onlooker.look()
        onlooker.pass_time(2)

    assert snapshot.stream.health.state == "warning"
    assert "Raise ShardCount" in snapshot.stream.health.why
