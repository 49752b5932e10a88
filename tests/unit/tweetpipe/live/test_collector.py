from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle
from threading import Thread

import pytest

from tests.unit.tweetpipe.live.doubles import Clock, FakeStack, fake_place, tweet
from tests.waiting import wait_for
from tweetpipe.aws.place import Place, Target
from tweetpipe.live.collector import Collector, Subscription
from tweetpipe.live.reads import Pace
from tweetpipe.live.snapshot import Snapshot
from tweetpipe.live.watching import Watching


@pytest.fixture
def stack() -> FakeStack:
    return FakeStack(Clock(time.time()))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks five times as often, at all there is."""
    pace = Pace.at(fake_place(FakeStack(Clock(0.0))))
    hurried = replace(
        pace,
        interval=pace.interval / 5,
        check=pace.check / 5,
        limits={service: 5 * limit for service, limit in pace.limits.items()},
    )
    monkeypatch.setattr(Pace, "at", lambda *_: hurried)


@pytest.fixture
def collector(stack: FakeStack) -> Iterator[Collector]:
    collector = Collector(fake_place(stack), "tweets")
    collector.start()
    yield collector
    collector.stop()


def next_of(subscription: Subscription) -> Snapshot:
    snapshot = subscription.wait(30)
    assert snapshot is not None
    return snapshot


def reached(subscription: Subscription, *, state: str) -> Snapshot:
    """The next snapshot that has reached the stack, or not."""

    def look() -> Snapshot | None:
        snapshot = subscription.wait(1)
        return snapshot if snapshot and snapshot.reachable.state == state else None

    found = wait_for(look, f"a snapshot that is {state}")
    assert found is not None
    return found


def test_nothing_is_read_until_somebody_looks_on(collector: Collector, stack: FakeStack) -> None:
    assert collector.latest() is None
    assert stack.calls == []

    subscription = collector.subscribe()

    assert next_of(subscription) == collector.latest()


@pytest.mark.usefixtures("often")
def test_nothing_is_read_when_nobody_looks_on_any_more(
    collector: Collector, stack: FakeStack
) -> None:
    subscription = collector.subscribe()
    next_of(subscription)
    subscription.close()
    # It rests once it has let go of what it followed.
    wait_for(lambda: collector._watching is None, "the collector to rest")
    asked = stack.count("describe_stacks")

    again = collector.subscribe()

    assert next_of(again).reachable.state == "ok"
    wait_for(lambda: stack.count("describe_stacks") > asked, "it to look for the stack anew")


def test_an_unseen_snapshot_is_given_once_and_none_is_queued(collector: Collector) -> None:
    subscription = collector.subscribe()
    first = next_of(subscription)
    other = collector.subscribe()
    wait_for(lambda: (latest := collector.latest()) and latest.at > first.at, "a newer one")
    wait_for(lambda: len(collector.history()) >= 3, "a third one")
    collector.stop()

    newest = next_of(subscription)

    assert newest == collector.latest()
    assert newest == next_of(other)
    assert subscription.wait(0) is None


def test_ten_onlookers_cost_no_more_reads_than_one(collector: Collector, stack: FakeStack) -> None:
    with ExitStack() as leaving:
        onlookers = [collector.subscribe() for _ in range(10)]
        for onlooker in onlookers:
            leaving.callback(onlooker.close)
        seen = [next_of(onlooker).at for _ in range(3) for onlooker in onlookers]
        collector.stop()

    assert set(seen) <= {point.at for point in collector.history()}
    looks = len(collector.history())
    assert stack.count("describe_table") <= looks
    assert stack.count("get_records") <= looks * len(stack.records)


@pytest.mark.usefixtures("often")
def test_it_says_that_nothing_answers_and_recovers_by_itself(
    collector: Collector, stack: FakeStack
) -> None:
    subscription = collector.subscribe()
    assert next_of(subscription).stream.name == "stream"

    stack.down = True
    gone = reached(subscription, state="error")
    assert "Could not connect to the endpoint" in gone.reachable.why
    assert gone.stream.health.state == "unknown"
    assert (gone.stream.name, gone.table.total) == ("stream", None)
    assert gone.latest.records_per_s is None

    stack.down = False
    assert reached(subscription, state="ok").table.total == 0


@pytest.mark.usefixtures("often")
def test_a_stack_deployed_anew_is_found_without_the_tweets_of_the_former(
    collector: Collector, stack: FakeStack
) -> None:
    subscription = collector.subscribe()
    next_of(subscription)
    stack.clock.now = time.time()
    stack.put(tweet(1))
    stack.store(tweet(1))
    wait_for(lambda: next_of(subscription).newest, "the tweet")

    stack.down = True
    reached(subscription, state="error")
    stack.down, stack.deployed = False, False
    gone = wait_for(
        lambda: (s := next_of(subscription)) and "There is no stack" in s.reachable.why and s,
        "it to say that there is no stack",
    )
    assert gone
    assert "tweetpipe deploy" in gone.reachable.why
    assert [landed.key[1] for landed in gone.newest] == ["1"]

    stack.deployed, stack.id = True, "arn:2"
    assert reached(subscription, state="ok").newest == ()


@pytest.mark.usefixtures("often")
def test_it_looks_where_the_emulator_is_found_again(stack: FakeStack) -> None:
    elsewhere = FakeStack(Clock(time.time()))
    elsewhere.stored = {("Ada", "1")}
    places: list[Place] = [
        replace(fake_place(stack), endpoint="http://127.0.0.1:1"),
        replace(fake_place(elsewhere), endpoint="http://127.0.0.1:2"),
    ]
    collector = Collector(places[0], "tweets", find_place=lambda: places[0])
    collector.start()
    try:
        subscription = collector.subscribe()
        first = next_of(subscription)
        assert (first.table.total, first.endpoint) == (0, "http://127.0.0.1:1")
        stack.down = True
        reached(subscription, state="error")
        del places[0]
        again = reached(subscription, state="ok")
        assert (again.table.total, again.endpoint) == (1, "http://127.0.0.1:2")
    finally:
        collector.stop()


@pytest.mark.usefixtures("often")
def test_a_mistake_does_not_end_it(collector: Collector, stack: FakeStack) -> None:
    subscription = collector.subscribe()
    next_of(subscription)
    records, stack.records = stack.records, {}
    stack.failing["describe_table"] = ZeroDivisionError("a slip")
    assert "a bug in tweetpipe" in reached(subscription, state="error").reachable.why

    stack.records = records
    stack.failing.clear()
    reached(subscription, state="ok")


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("error", [KeyError("Responses"), SystemExit(1)])
@pytest.mark.parametrize("method", ["check", "prepare", "snapshot"])
def test_nothing_unexpected_ends_the_thread(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, method: str, error: BaseException
) -> None:
    subscription = collector.subscribe()
    next_of(subscription)

    def break_off(*_: object) -> None:
        raise error

    # Again and again: a subscriber gets the latest snapshot alone, and may miss one in between.
    monkeypatch.setattr(Watching, method, break_off)

    told = reached(subscription, state="error")
    monkeypatch.undo()
    assert told.reachable.why.startswith(f"{type(error).__name__}: ")
    assert "a bug in tweetpipe" in told.reachable.why
    assert told.function.health.state == "unknown"
    reached(subscription, state="ok")


@pytest.mark.usefixtures("often")
def test_one_odd_answer_between_two_looks_is_told_and_survived(
    collector: Collector, stack: FakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = collector.subscribe()
    next_of(subscription)
    stack.clock.now = time.time()
    stack.put(tweet(1))
    # The tweet is looked for during the look that meets it, and then between two looks.
    answers: Iterator[dict[str, object]] = cycle([{"Responses": {}}, {}])
    monkeypatch.setattr(stack, "_batch_get_item", lambda RequestItems: next(answers))

    assert "KeyError: 'Responses'" in reached(subscription, state="error").reachable.why
    monkeypatch.undo()
    reached(subscription, state="ok")


def test_stopping_wakes_who_waits(collector: Collector, stack: FakeStack) -> None:
    subscription = collector.subscribe()
    next_of(subscription)
    waiting = Thread(target=lambda: [subscription.wait(60) for _ in range(2)])
    waiting.start()

    collector.stop()

    waiting.join(30)
    assert not waiting.is_alive()


@pytest.mark.parametrize(("target", "interval"), [(Target.LOCAL, 0.9), (Target.AWS, 1.9)])
def test_an_interval_that_would_read_too_often_is_refused(
    stack: FakeStack, target: Target, interval: float
) -> None:
    with pytest.raises(ValueError, match="at least"):
        Collector(fake_place(stack, target), "tweets", interval=interval)
