from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.unit.tweetpipe.dashboard.doubles import (
    BreakingCollector,
    FakeCollector,
    dashboard,
    landed,
    point,
    snapshot,
)
from tests.unit.tweetpipe.dashboard.reading import events, get, snapshots
from tests.waiting import wait_for
from tweetpipe.dashboard import pages
from tweetpipe.live.snapshot import Health


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_AGAIN", 0.05)
    monkeypatch.setattr(pages, "_WAIT", 0.05)


def test_a_page_gets_each_snapshot_as_it_comes() -> None:
    with dashboard() as served, events(served) as found:
        for reason in ("first", "second"):
            served.collector.push(snapshot(reachable=Health("error", reason)))
            assert next(snapshots(found))["reachable"] == {"state": "error", "why": reason}


def test_a_tweet_is_sent_to_a_page_once() -> None:
    with dashboard() as served, events(served) as found:
        served.collector.push(snapshot(landed(1, landed_at=1.0)))
        first = next(snapshots(found))
        served.collector.push(snapshot(landed(2, landed_at=2.0), landed(1, landed_at=1.0)))
        second = next(snapshots(found))

    assert [tweet["key"][1] for tweet in first["newest"]] == ["1"]
    assert [tweet["key"][1] for tweet in second["newest"]] == ["2"]


def test_a_page_opened_later_gets_what_there_is_already() -> None:
    with dashboard() as served:
        served.collector.push(snapshot(landed(1), latest=point(10.0, p99_s=None)))
        served.collector.push(snapshot(landed(2), latest=point(11.0)))
        now = get(served, "/api/now")

    assert [tweet["key"][1] for tweet in now["snapshot"]["newest"]] == ["2"]
    assert now["history"]["at"] == [10.0, 11.0]
    assert now["history"]["p99_s"] == [None, 0.64]


def test_before_the_first_snapshot_there_is_none() -> None:
    with dashboard() as served:
        now = get(served, "/api/now")

    assert now["snapshot"] is None
    assert now["history"]["at"] == []


def test_what_was_seen_long_ago_is_not_shown_as_what_is() -> None:
    with dashboard() as served:
        served.collector.push(snapshot(at=1000.0))

        assert get(served, "/api/now")["snapshot"] is None


def test_what_a_rested_collector_saw_last_is_not_shown_either() -> None:
    collector = FakeCollector()
    collector.push(snapshot(landed(1), at=1000.0))
    with dashboard(collector=collector, beat=0.05) as served, events(served) as found:
        assert {next(found)[0] for _ in range(5)} == {"beat"}
        collector.push(snapshot(landed(2)))
        assert next(snapshots(found))["newest"][0]["key"][1] == "2"


@pytest.mark.parametrize("error", [KeyError("Responses"), RuntimeError("odd"), SystemExit(1)])
def test_what_breaks_the_reading_is_told_to_the_pages_and_over_with_the_next_look(
    error: BaseException,
) -> None:
    collector = BreakingCollector()
    collector.push(snapshot(landed(1)))
    with dashboard(collector=collector) as served, events(served) as found:
        next(snapshots(found))
        collector.error = error
        collector.push(snapshot(landed(2)))

        why = next(data for name, data in found if name == "trouble")
        assert why.startswith(f"{type(error).__name__}: ")
        assert "a bug in tweetpipe" in why
        collector.error = None
        collector.push(snapshot(landed(3)))
        assert any(seen["newest"][0]["key"][1] == "3" for seen in snapshots(found))


def test_ten_pages_look_through_one_subscription() -> None:
    with dashboard() as served:
        with ExitStack() as leaving:
            opened = [leaving.enter_context(events(served)) for _ in range(10)]
            served.collector.push(snapshot(landed(1)))
            got = [next(snapshots(found))["newest"][0]["key"][1] for found in opened]
            assert served.collector.most_subscribed == 1
        assert got == ["1"] * 10
        wait_for(lambda: served.collector.subscribed == 0, "the end of the reading")


def test_without_a_page_nobody_looks() -> None:
    with dashboard() as served:
        get(served, "/api/now")

        assert served.collector.most_subscribed == 0


def test_reading_begins_anew_with_the_next_page() -> None:
    with dashboard() as served:
        for number in (1, 2):
            with events(served) as found:
                served.collector.push(snapshot(landed(number)))
                ids = (tweet["key"][1] for seen in snapshots(found) for tweet in seen["newest"])
                assert str(number) in ids
            wait_for(lambda: served.collector.subscribed == 0, "the end of the reading")


def test_silence_is_broken_by_signs_of_life() -> None:
    with dashboard(beat=0.05) as served, events(served) as found:
        assert [next(found)[0] for _ in range(3)] == ["beat"] * 3


def test_a_page_is_told_that_the_server_ends() -> None:
    with ExitStack() as page:
        with dashboard() as served:
            found = page.enter_context(events(served))
            assert next(found)[0] == "beat"
        assert [name for name, _ in found][-1] == "end"


def test_of_an_endless_message_only_the_beginning_is_sent() -> None:
    with dashboard() as served:
        served.collector.push(snapshot(landed(1, text="x" * 300_000)))
        message = get(served, "/api/now")["snapshot"]["newest"][0]["text"]

    assert len(message) < 2000
    assert message.endswith("…")


def test_whatever_a_tweet_holds_an_event_is_one_line() -> None:
    hostile = "a\r\nevent: end\n\ndata: \u2028\u2029\x85\ud800</script>"
    with dashboard() as served, events(served) as found:
        served.collector.push(snapshot(landed(1, text=hostile)))
        assert next(snapshots(found))["newest"][0]["text"] == hostile


def test_a_slow_page_gets_the_newest_snapshot_and_no_backlog() -> None:
    collector = FakeCollector()
    big = tuple(landed(n, text="x" * 1000) for n in range(100))
    with dashboard(collector=collector) as served, events(served) as found:
        next(found)
        for number in range(300):
            collector.push(snapshot(*big, latest=point(float(number))))
        seen = []
        for shot in snapshots(found):
            seen.append(shot["latest"]["at"])
            if seen[-1] == 299.0:
                break

    assert seen == sorted(set(seen))
