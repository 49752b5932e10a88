"""What the stream did not bring is searched for, and what can't be had is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tweets.x.quick import OFTEN, STACK, Quick, Run, is_searchable, quick, twice
from tests.waiting import wait_for
from tweets.fakes.x_api import Limits
from tweets.x import XApi, XRefused
from tweets.x.gaps import Gap
from tweets.x.lately import Lately, load

DROP = ["drop@40", "503x3"]
SHORTLY: dict[str, Any] = {"times": 50.0, "rate": 5.0}
"""Nobody is away for five minutes, however busy the machine is."""


def read_across(x: Quick, run: Run, *, connections: int = 2) -> float:
    """Wait until it reads again, and all was searched; the time until which it must have all."""
    wait_for(lambda: run.source.counts.connections >= connections, "a connection")
    return x.read_on(run.source)


def kept(x: Quick) -> Lately:
    state = load(x.path)
    assert state is not None
    return state


def lost(gaps: Sequence[Gap]) -> list[Gap]:
    return [gap for gap in gaps if not gap.searched]


@pytest.mark.parametrize("drop", ["drop@40", "reset@40"])
def test_posts_published_while_the_stream_was_down_are_found(drop: str, tmp_path: Path) -> None:
    with quick(tmp_path, faults=[drop, "503x3"]) as x:
        run = x.run()
        until = read_across(x, run)
        run.end()

    missed = [post for post in x.published(until=until) if post.index not in set(x.x.sent)]
    assert len(missed) > 10
    assert {post.tweet.id for post in missed} & set(run.ids)
    assert twice(run.ids) == []
    assert lost(run.source.gaps) == []
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []
    assert run.source.counts.recovered > 10
    assert run.source.counts.paid == run.source.counts.posts + run.source.counts.recovered


@pytest.mark.heavy
def test_what_x_ends_because_it_is_read_too_slowly_is_found(tmp_path: Path) -> None:
    with quick(tmp_path, rate=10.0, max_lag=0.2) as x:
        run = x.run(most_waiting=50_000)
        wait_for(lambda: len(run.ids) > 20, "posts")
        run.may_read.clear()
        wait_for(lambda: x.x.connections[0].ended is not None, "X to lose patience")
        run.may_read.set()
        until = read_across(x, run)
        run.end()

    assert x.x.connections[0].ended == "the reader was too slow"
    assert twice(run.ids) == []
    assert lost(run.source.gaps) == []
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []


def test_without_recovery_what_was_missed_is_a_named_gap(tmp_path: Path) -> None:
    with quick(tmp_path, faults=DROP) as x:
        run = x.run(max_recovered=0)
        until = read_across(x, run)
        run.end()

    [gap] = run.source.gaps
    assert gap.why == "recovery is turned off"
    missed = [post for post in x.published(until=until) if post.tweet.id not in set(run.ids)]
    assert len(missed) > 10
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []
    assert any("Some posts can't be recovered from 2027-01-15" in event for event in x.events)
    state = load(x.path)
    assert state is not None
    assert state.gaps == (gap,)


def test_a_killed_run_loses_nothing_that_it_had_not_delivered(tmp_path: Path) -> None:
    with quick(tmp_path) as x:
        first = x.run()
        wait_for(lambda: len(first.ids) > 50, "posts")
        first.end()
        killed = x.run(settles=False)
        wait_for(lambda: len(killed.ids) > 50, "posts that are not delivered")
        killed.end()
        down = x.time()
        wait_for(lambda: x.time() > down + 60, "posts that nobody reads")
        second = x.run()
        until = read_across(x, second, connections=1)
        second.end()

    delivered = first.ids + second.ids
    searchable = {post.tweet.id for post in x.published(until=until) if is_searchable(x.x, post)}
    assert set(killed.ids) & searchable <= set(delivered)
    assert x.unnamed(delivered, second.source.gaps, until=until) == []
    assert lost(second.source.gaps) == []


def test_a_search_that_is_interrupted_goes_on_in_the_next_run(tmp_path: Path) -> None:
    with quick(tmp_path, faults=["drop@40", "503x6"], limits=Limits(search=2)) as x:
        first = x.run()
        wait_for(lambda: first.source.counts.recovered >= 90, "a part of what was missed")
        first.end()
        state = load(x.path)
        assert state is not None
        assert state.windows
        x.x.windows["search"] = x.x.windows["token"]
        second = x.run()
        until = read_across(x, second, connections=1)
        second.end()

    ids = first.ids + second.ids
    assert x.unnamed(ids, first.source.gaps + second.source.gaps, until=until) == []
    assert lost(first.source.gaps + second.source.gaps) == []


@pytest.mark.heavy
def test_too_many_requests_are_waited_for_and_the_stream_goes_on_meanwhile(
    tmp_path: Path,
) -> None:
    with quick(tmp_path, faults=["drop@40", "503x4"], limits=Limits(search=1)) as x:
        run = x.run()
        wait_for(lambda: any("failed: X refuses (429)" in said for said in x.events), "a 429")
        count = len(run.ids)
        wait_for(lambda: len(run.ids) > count + 50, "posts of the stream")
        until = read_across(x, run)
        run.end()

    assert x.unnamed(run.ids, run.source.gaps, until=until) == []
    assert lost(run.source.gaps) == []


def test_the_limit_of_recovery_is_kept_and_the_rest_is_named(tmp_path: Path) -> None:
    with quick(tmp_path, faults=["drop@40", "503x5"]) as x:
        run = x.run(max_recovered=50)
        until = read_across(x, run)
        run.end()

    assert 40 < run.source.counts.recovered <= 50
    whys = {gap.why for gap in lost(run.source.gaps)}
    assert whys == {"the limit of 50 recovered posts is reached"}
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []


def test_recovered_posts_count_for_the_limit_of_posts(tmp_path: Path) -> None:
    with quick(tmp_path, faults=DROP) as x:
        run = x.run(max_posts=150)
        run.wait_to_end()

    # The stream goes on while a search is under way.
    assert 150 <= run.source.counts.paid < 200
    assert len(run.ids) == run.source.counts.paid - run.source.counts.duplicates
    state = load(x.path)
    assert state is not None
    assert (state.seen, state.windows) == (None, ())


def test_a_rule_that_can_t_be_searched_is_a_gap_of_its_own(tmp_path: Path) -> None:
    sampled = "the sample:50"
    with quick(tmp_path, faults=DROP) as x:
        run = x.run([OFTEN, sampled])
        until = read_across(x, run)
        run.end()

    [gap] = lost(run.source.gaps)
    assert gap.rules == (sampled,)
    assert gap.why == "recent search does not support sample:"
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []


def test_of_several_rules_the_one_that_x_does_not_take_is_named_and_the_others_are_searched(
    tmp_path: Path,
) -> None:
    long = " OR ".join(f"word{number}" for number in range(80))
    with quick(tmp_path, faults=DROP) as x:
        run = x.run([OFTEN, long])
        until = read_across(x, run)
        run.end()

    [gap] = lost(run.source.gaps)
    assert gap.rules == (long,)
    assert "512" in gap.why
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []


def test_backfill_is_found_out_once_and_then_spares_the_search(tmp_path: Path) -> None:
    options = SHORTLY | {"limits": Limits(backfill=5)}
    with quick(tmp_path, faults=["drop@60", "drop@20", "drop@20"], **options) as x:
        run = x.run()
        until = read_across(x, run, connections=4)
        run.end()

    state = load(x.path)
    assert state is not None
    assert state.backfill is True
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []
    assert run.source.counts.duplicates > 0
    blind = [gap for gap in run.source.gaps if gap.searched]
    assert len(blind) == 1, "only what was missed before it was known"


def test_an_app_that_may_not_ask_for_backfill_does_so_once(tmp_path: Path) -> None:
    with quick(tmp_path, faults=["drop@20", "drop@20", "drop@20"], **SHORTLY) as x:
        run = x.run()
        until = read_across(x, run, connections=4)
        run.end()
        state = load(x.path)

    assert state is not None
    assert state.backfill is False
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []
    left = int(x.x.windows["stream"].headers()["x-rate-limit-remaining"])
    assert left == 50 - len(x.x.connections) - 1, "one connect was refused"


def test_a_connection_of_ours_that_x_still_counts_is_ended(tmp_path: Path) -> None:
    with quick(tmp_path, faults=["stale:100000@40"]) as x:
        run = x.run()
        until = read_across(x, run)
        run.end()

    assert any("still counted our connection" in event for event in x.events)
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []


def test_a_connection_that_a_killed_run_has_left_is_ended(tmp_path: Path) -> None:
    with quick(tmp_path, faults=["stale:100000@40", "503x20"]) as x:
        first = x.run()
        wait_for(lambda: len(first.ids) == 40, "posts")
        first.end()
        x.x.script.clear()
        second = x.run()
        read_across(x, second, connections=1)
        second.end()

    assert any("still counted our connection" in event for event in x.events)


def test_a_connection_of_somebody_else_is_left_alone_and_named(tmp_path: Path) -> None:
    with quick(tmp_path) as x:
        other = x.x.connected(("192.0.2.7", 1))
        run = x.run()
        wait_for(lambda: any("from 192.0.2.7, and X" in said for said in x.events), "its name")
        assert other.ended is None
        x.x.ended(other, "it left")
        read_across(x, run, connections=1)
        run.end()


def test_the_state_is_of_this_stack_and_another_one_starts_anew(tmp_path: Path) -> None:
    with quick(tmp_path) as x:
        first = x.run()
        wait_for(lambda: len(first.ids) > 20, "posts")
        first.end()

    state = load(x.path)
    assert state is not None
    assert state.stack == STACK
    assert state.seen is not None
    assert state.last_id in first.ids


def test_a_search_that_is_refused_for_good_is_a_gap_with_x_s_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise XRefused(403, {"detail": "Not for you"}, reset=None)

    monkeypatch.setattr(XApi, "authorized", refuse)
    with quick(tmp_path, faults=DROP) as x:
        run = x.run()
        until = read_across(x, run)
        run.end()

    [gap] = lost(run.source.gaps)
    assert "Not for you" in gap.why
    assert x.unnamed(run.ids, run.source.gaps, until=until) == []


def test_a_run_that_is_killed_before_its_first_post_has_kept_when_it_connected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it were killed before it is kept for another reason.
    monkeypatch.setattr("tweets.x.recovering._SAVED_EVERY", 1e9)
    with quick(tmp_path) as x:
        killed = x.run(["nothing that anybody says"], settles=False)
        wait_for(
            lambda: (state := load(x.path)) and state.seen is not None,
            "what is kept of the connect",
        )
        killed.end()


def test_without_recovery_what_an_earlier_run_has_left_to_search_is_a_named_gap(
    tmp_path: Path,
) -> None:
    with quick(tmp_path, faults=DROP) as x:
        first = x.run()
        wait_for(lambda: len(first.source.lately.windows) > 0, "what is to be searched")
        first.end()
        left = kept(x)
        second = x.run(max_recovered=0)
        until = read_across(x, second, connections=1)
        second.end()
        assert kept(x).windows == ()

    assert left.windows
    assert "recovery is turned off" in {gap.why for gap in second.source.gaps}
    ids = first.ids + second.ids
    assert x.unnamed(ids, first.source.gaps + second.source.gaps, until=until) == []
