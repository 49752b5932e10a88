from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.tweetpipe.live.doubles import refused, tweet
from tests.unit.tweetpipe.live.onlooker import Onlooker
from tweetpipe.aws.place import Target


@pytest.fixture
def onlooker() -> Onlooker:
    return Onlooker()


def test_a_tweet_is_shown_when_it_is_in_the_table(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.stack.put(tweet(1, author="Ada", text="hello"))
    assert onlooker.look().newest == ()

    onlooker.stack.store(tweet(1))
    onlooker.pass_time(1)

    [landed] = onlooker.look().newest
    assert (landed.key, landed.title, landed.text) == (("Ada", "1"), "Ada", "hello")
    assert (landed.shard, landed.sequence_number) == ("shard-0", "0")
    assert landed.time == "2018-10-10 20:19:24Z"


def test_latency_lies_between_the_last_look_that_missed_and_the_first_that_found(
    onlooker: Onlooker,
) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.stack.put(tweet(1))
    onlooker.look()
    onlooker.pass_time(0.5)
    onlooker.stack.store(tweet(1))
    onlooker.pass_time(0.5)

    snapshot = onlooker.look()

    assert snapshot.newest[0].latency_s == pytest.approx(0.625)
    assert snapshot.latest.p50_s == snapshot.latest.p99_s == pytest.approx(0.625)


def test_a_tweet_met_late_has_no_latency_to_tell(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.stack.put(tweet(1), shard="shard-1", ago=0.9)
    onlooker.stack.store(tweet(1))

    snapshot = onlooker.look()

    assert snapshot.newest[0].latency_s is None
    assert snapshot.latest.p50_s is None


def test_a_rejected_record_is_not_awaited(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.stack.put(b"no tweet")
    before = onlooker.stack.count("batch_get_item")
    onlooker.look()
    onlooker.pass_time(1)

    assert onlooker.stack.count("batch_get_item") == before


def test_records_are_counted_by_shard(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(2)
    for number in range(20):
        onlooker.stack.put(tweet(number))

    stream = onlooker.look().stream

    assert [shard.records_per_s for shard in stream.shards] == [10, 0]
    assert stream.records_per_s == 10


def test_a_shard_that_gives_more_than_a_sample_is_not_followed(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    for number in range(2 * onlooker.pace.records):
        onlooker.stack.put(tweet(number), ago=1 - number / (2 * onlooker.pace.records))
    rate = onlooker.look().stream.shards[0].records_per_s
    onlooker.pass_time(1)
    onlooker.stack.put(tweet(-1))
    onlooker.stack.store(tweet(-1))

    snapshot = onlooker.look()

    assert rate == pytest.approx(2 * onlooker.pace.records, rel=0.01)
    assert [landed.key[1] for landed in snapshot.newest] == ["-1"]


def test_how_far_the_function_is_behind_is_the_age_of_what_it_has_yet_to_store(
    onlooker: Onlooker,
) -> None:
    onlooker.look()
    for number in range(30):
        onlooker.stack.put(tweet(number))
        onlooker.look()
        onlooker.pass_time(1)

    function = onlooker.look().function

    assert function.iterator_age_s == pytest.approx(30)
    assert function.health.state == "warning"
    assert function.health.why == "It is 30 s behind the stream, and falling further behind."


def test_a_tweet_that_others_overtook_is_given_up(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.stack.put(tweet(0))
    for number in range(1, 40):
        onlooker.stack.put(tweet(number))
        onlooker.stack.store(tweet(number))
        snapshot = onlooker.look()
        onlooker.pass_time(1)

    assert snapshot.function.iterator_age_s == 0
    assert snapshot.function.health.state == "ok"
    keys = [key for keys in onlooker.looked_for()[-4:] for key in keys]
    assert ("Ada", "0") not in keys


def test_a_function_that_stores_nothing_for_long_stays_behind(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.stack.put(tweet(1))
    onlooker.stack.put(tweet(2))
    onlooker.look()
    for _ in range(20):
        onlooker.clock.now += 60
        function = onlooker.look().function

    assert function.iterator_age_s == pytest.approx(1200)
    assert function.health.state == "error"

    onlooker.stack.store(tweet(1))
    onlooker.pass_time(1)
    assert onlooker.look().function.iterator_age_s == 0


def test_what_the_log_says_of_batches_is_told_as_rates(onlooker: Onlooker) -> None:
    points = []
    for _ in range(10):
        onlooker.pass_time(1)
        onlooker.stack.batch(stored=5, rejected=1, milliseconds=30)
        snapshot = onlooker.look()
        points.append(snapshot.latest)

    assert snapshot.function.invocations_per_s == pytest.approx(1, abs=0.2)
    assert snapshot.function.duration_ms == 30
    assert snapshot.function.errors_per_s == 0
    assert sum(point.failed or 0 for point in points) == 0
    assert 5 < sum(point.rejected or 0 for point in points) <= 10


def test_a_failed_call_is_an_error_with_the_way_to_its_reason(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(2)
    onlooker.stack.log.append((onlooker.clock.now, "REPORT RequestId: 1\tStatus: timeout"))

    snapshot = onlooker.look()

    assert snapshot.function.health.state == "error"
    assert "See why: tweetpipe logs." in snapshot.function.health.why
    assert snapshot.latest.failed == 1
    assert onlooker.look().latest.failed == 0


def test_a_failed_call_that_only_its_exception_tells_of_is_counted_once(
    onlooker: Onlooker,
) -> None:
    onlooker.look()
    for ends_with in ("REPORT RequestId: 1\tDuration: 1 ms", "REPORT RequestId: 2\tStatus: error"):
        onlooker.pass_time(2)
        onlooker.say("START RequestId", "[ERROR] KeyError: 'Records'", ends_with)

    snapshot = onlooker.look()

    assert snapshot.function.health.why.startswith("2 calls failed")
    assert snapshot.latest.failed == 2


def test_a_call_that_failed_before_the_first_look_is_seen_by_it(onlooker: Onlooker) -> None:
    onlooker.say("[ERROR] KeyError: 'Records'", ago=30)

    snapshot = onlooker.look()

    assert snapshot.function.health.state == "error"
    assert snapshot.function.errors_per_s == 0
    assert snapshot.latest.failed == 0


@pytest.mark.parametrize("target", Target)
def test_of_a_log_full_of_the_time_before_the_first_look_the_newest_part_counts(
    target: Target,
) -> None:
    onlooker = Onlooker(target)
    for number in range(3000):
        onlooker.stack.log.append((onlooker.clock.now - 50 + number / 100, "END RequestId: 1"))
    onlooker.say("REPORT RequestId: 2\tStatus: error", ago=1)

    assert onlooker.look().function.health.state == "error"


def test_a_function_whose_last_call_failed_stays_in_error_until_one_succeeds(
    onlooker: Onlooker,
) -> None:
    onlooker.look()
    onlooker.say("REPORT RequestId: 1\tStatus: error")
    onlooker.pass_time(2)
    onlooker.look()
    onlooker.pass_time(120)
    assert onlooker.look().function.health.state == "error"

    onlooker.stack.batch(stored=1)
    onlooker.pass_time(2)
    onlooker.look()

    assert onlooker.look().function.health.state == "idle"


def test_calls_that_only_the_metrics_count_as_failed_are_an_error(onlooker: Onlooker) -> None:
    onlooker.stack.measured = {"errors": [3]}

    assert onlooker.look().function.health.why.startswith("3 calls failed")


def test_new_items_are_counted_where_the_count_is_live(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(2)
    for number in range(6):
        onlooker.stack.store(tweet(number))

    table = onlooker.look().table

    assert (table.items_per_s, table.total) == (3, 6)


def test_tweets_that_are_stored_a_second_time_tell_no_latency(onlooker: Onlooker) -> None:
    for number in range(20):
        onlooker.stack.store(tweet(number))
    onlooker.look()
    for number in range(20):
        onlooker.pass_time(1)
        onlooker.stack.put(tweet(number))
        onlooker.stack.batch(stored=1)
        snapshot = onlooker.look()

    assert len(snapshot.newest) == 20
    assert snapshot.table.items_per_s == pytest.approx(1, abs=0.2)
    assert snapshot.latest.p50_s is None
    assert snapshot.newest[0].latency_s is None


def test_tweets_that_were_stored_before_tell_no_latency_while_every_call_fails(
    onlooker: Onlooker,
) -> None:
    for number in range(30):
        onlooker.stack.store(tweet(number))
    onlooker.look()
    for number in range(30):
        onlooker.pass_time(1)
        onlooker.stack.put(tweet(number))
        onlooker.say("[ERROR] KeyError: 'Records'", "REPORT RequestId: 1")
        snapshot = onlooker.look()

    assert snapshot.function.health.state == "error"
    assert snapshot.table.health.state == "warning"
    assert snapshot.latest.p50_s is None


def test_a_quiet_stack_is_idle(onlooker: Onlooker) -> None:
    for _ in range(15):
        snapshot = onlooker.look()
        onlooker.pass_time(1)

    assert snapshot.stream.health.state == "idle"
    assert snapshot.function.health.state == "idle"
    assert snapshot.table.health.state == "idle"
    assert snapshot.dead_letters.health.state == "ok"
    assert (snapshot.dead_letters.rejected, snapshot.dead_letters.total) == (0, 0)


def test_dead_letters_are_counted_and_never_received(onlooker: Onlooker) -> None:
    onlooker.stack.letters = 2

    letters = onlooker.look().dead_letters

    assert letters.total == 2
    assert letters.health.state == "warning"
    assert "tweetpipe dead-letters list" in letters.health.why
    assert onlooker.stack.count("receive_message") == 0


@pytest.mark.parametrize(
    ("mapping", "state", "why"),
    [
        ("Disabled", "error", "The event source mapping is Disabled: it reads no records."),
        ("Enabling", "warning", "The event source mapping is Enabling"),
        ("", "error", "Run: tweetpipe deploy"),
    ],
)
def test_a_mapping_that_does_not_read_is_told(
    onlooker: Onlooker, mapping: str, state: str, why: str
) -> None:
    onlooker.stack.mapping = mapping

    health = onlooker.look().function.health

    assert health.state == state
    assert why in health.why


@pytest.mark.parametrize(
    ("target", "command"),
    [
        (Target.LOCAL, "Run: tweetpipe deploy"),
        (
            Target.AWS,
            "Run: aws lambda delete-function-concurrency --function-name "
            "tweets-DDBEventProcessor --region us-east-1",
        ),
    ],
)
def test_a_function_that_may_not_be_called_is_told_with_what_lifts_that(
    target: Target, command: str
) -> None:
    onlooker = Onlooker(target)
    onlooker.stack.concurrency = 0

    health = onlooker.look().function.health

    assert health.state == "error"
    assert health.why.endswith(command)


def test_what_lambda_says_of_the_last_batch_is_told(onlooker: Onlooker) -> None:
    onlooker.stack.last_result = "PROBLEM: Function call failed"

    health = onlooker.look().function.health

    assert (health.state, onlooker.stack.last_result in health.why) == ("error", True)


def test_what_is_not_known_is_not_ok(onlooker: Onlooker) -> None:
    onlooker.stack.failing["batch_get_item"] = refused("AccessDeniedException")
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.stack.put(tweet(1))

    snapshot = onlooker.look()

    assert snapshot.function.health.state == "unknown"
    assert snapshot.table.health.state == "unknown"
    assert snapshot.latest.failed is None


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        ("list_shards", "stream"),
        ("get_function_concurrency", "function"),
        ("get_records", "stream"),
        ("filter_log_events", "function"),
        ("describe_table", "table"),
        ("get_queue_attributes", "dead_letters"),
    ],
)
def test_a_part_that_refuses_is_told_and_the_others_are_read(
    onlooker: Onlooker, operation: str, part: str
) -> None:
    onlooker.stack.failing[operation] = refused("AccessDeniedException", operation)
    onlooker.look()
    onlooker.pass_time(2)

    snapshot = onlooker.look()

    states = {
        name: getattr(snapshot, name).health.state
        for name in ("stream", "function", "table", "dead_letters")
    }
    assert states.pop(part) == "unknown"
    assert "lack the permission" in getattr(snapshot, part).health.why
    assert set(states.values()) == {"ok"}


@pytest.mark.parametrize(
    ("operation", "code", "part"),
    [
        ("list_shards", "ResourceNotFoundException", "stream"),
        ("list_event_source_mappings", "ResourceNotFoundException", "function"),
        ("describe_table", "ResourceNotFoundException", "table"),
        ("get_queue_attributes", "QueueDoesNotExist", "dead_letters"),
    ],
)
def test_a_part_that_is_gone_is_an_error(
    onlooker: Onlooker, operation: str, code: str, part: str
) -> None:
    onlooker.stack.failing[operation] = refused(code, operation)

    health = onlooker.look().healths[part]

    assert health.state == "error"
    assert "missing. To create it again, run: tweetpipe deploy" in health.why


def test_figures_that_are_no_longer_had_are_not_shown_as_if_they_were(onlooker: Onlooker) -> None:
    assert onlooker.look().dead_letters.total == 0
    for operation in (
        "describe_table",
        "get_queue_attributes",
        "list_event_source_mappings",
        "get_function_concurrency",
        "describe_stream_summary",
    ):
        onlooker.stack.failing[operation] = refused("AccessDeniedException", operation)
    onlooker.pass_time(10)

    seen = onlooker.look()

    assert (seen.table.total, seen.table.items_per_s) == (None, None)
    assert (seen.dead_letters.total, seen.dead_letters.rejected) == (None, None)
    assert (seen.function.mapping, seen.function.reserved_concurrency) == (None, None)
    assert (seen.stream.status, seen.stream.open_shards) == (None, None)
    assert {health.state for health in seen.healths.values()} == {"unknown"}


def test_the_rate_of_a_shard_that_cannot_be_read_for_long_is_not_known(
    onlooker: Onlooker,
) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    assert onlooker.look().stream.records_per_s == 0
    throttled = refused("ProvisionedThroughputExceededException")
    onlooker.stack.failing["get_records"] = throttled
    for _ in range(15):
        onlooker.pass_time(1)
        stream = onlooker.look().stream

    assert stream.records_per_s is None
    assert stream.health.state == "unknown"


def test_that_the_table_is_gone_is_seen_by_looking_for_tweets_too(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.stack.put(tweet(1))
    onlooker.stack.failing["batch_get_item"] = refused("ResourceNotFoundException")

    assert onlooker.look().table.health.why.startswith("The table is missing.")


def test_that_nothing_answers_concerns_all_parts(onlooker: Onlooker) -> None:
    onlooker.stack.down = True

    with pytest.raises(EndpointConnectionError):
        onlooker.look()


def test_a_shard_that_was_read_too_often_is_left_to_the_function(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    throttled = refused("ProvisionedThroughputExceededException")
    onlooker.stack.failing["get_records"] = throttled
    onlooker.look()
    before = onlooker.stack.count("get_records")
    onlooker.pass_time(1)
    onlooker.look()
    assert onlooker.stack.count("get_records") == before

    onlooker.stack.failing.clear()
    onlooker.pass_time(5)
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.look()
    assert onlooker.stack.count("get_records") > before


def test_an_iterator_that_has_expired_is_replaced(onlooker: Onlooker) -> None:
    onlooker.look()
    onlooker.pass_time(1)
    onlooker.stack.failing["get_records"] = refused("ExpiredIteratorException")
    onlooker.look()
    onlooker.stack.failing.clear()
    onlooker.pass_time(1)
    onlooker.stack.put(tweet(1))
    onlooker.stack.store(tweet(1))

    assert [landed.key[1] for landed in onlooker.look().newest] == ["1"]


@pytest.mark.heavy
@pytest.mark.parametrize("target", Target)
def test_each_service_is_asked_no_more_often_than_its_bound(target: Target) -> None:
    onlooker = Onlooker(target)
    onlooker.stack.records |= {f"shard-{n}": [] for n in range(2, 40)}
    started = onlooker.clock.now
    for number in range(60):
        for shard in onlooker.stack.records:
            for other in range(10):
                onlooker.stack.put(tweet(1000 * number + other, author=shard), shard=shard)
        snapshot = onlooker.look()
        for service, limit in snapshot.reads.limit_per_s.items():
            assert snapshot.reads.per_s[service] <= max(limit, 0.1), service
        onlooker.pass_time(onlooker.pace.interval)

    seconds = onlooker.clock.now - started
    kinesis = ("list_shards", "get_shard_iterator", "get_records")
    asked = sum(onlooker.stack.count(operation) for operation in kinesis)
    assert asked / seconds <= onlooker.pace.limits["kinesis"]
    assert onlooker.stack.count("batch_get_item") / seconds <= onlooker.pace.limits["dynamodb"]


def test_all_shards_of_a_large_stream_have_their_turn(onlooker: Onlooker) -> None:
    onlooker.stack.records |= {f"shard-{n}": [] for n in range(2, 20)}
    for _ in range(100):
        snapshot = onlooker.look()
        onlooker.pass_time(1)

    assert len(snapshot.stream.shards) == 20
    assert None not in [shard.records_per_s for shard in snapshot.stream.shards]
