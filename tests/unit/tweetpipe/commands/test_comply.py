"""What `tweetpipe comply` says and does, by what X answers, on a table and a queue in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.commands import run_here
from tests.unit.tweetpipe.complying.doubles import FakeTable, Queue, StoredPlace
from tests.unit.tweetpipe.dead_letters.doubles import STACK, rejected
from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.commands import comply as comply_command
from tweets.fakes import Tweet, render
from tweets.fakes.x_api import FakeX, serving

WITH_TABLE = complete_stack(**STACK.outputs, EventDataTable="tweets-EventData")
FILES = f"compliance-{WITH_TABLE.name}"

Comply = Callable[..., CompletedProcess[str]]


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def queue() -> Queue:
    return Queue({})


@pytest.fixture
def fake() -> FakeX:
    return FakeX()


@pytest.fixture
def comply(
    table: FakeTable,
    queue: Queue,
    fake: FakeX,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Any:
    place = StoredPlace.of(table=table, queue=queue)
    monkeypatch.setattr(comply_command, "open_stack", lambda *_: (place, WITH_TABLE))
    with serving(fake) as served:
        settings = {"X_API_URL": served.url, "bearer_token": fake.credentials.bearer_token}
        yield lambda *arguments: run_here(
            "comply", *arguments, folder=tmp_path, environment=settings
        )


def published(fake: FakeX, wanted: Callable[[Tweet], object] = bool) -> Tweet:
    """The next post that is wanted."""
    while (index := fake.publish()) is not None:
        if wanted(tweet := fake.tweet(index)):
            return tweet
    raise AssertionError("no such post")


def test_a_retweet_goes_with_its_original_from_the_table_and_the_dead_letters(
    comply: Comply, fake: FakeX, table: FakeTable, queue: Queue
) -> None:
    """X's job says so of the retweet's own id: an item doesn't hold the original's."""
    retweet = published(fake, lambda tweet: tweet.retweet_of)
    another = published(fake, lambda tweet: tweet.retweet_of)
    assert retweet.retweet_of
    table.put(retweet.id)
    table.put(another.id)
    queue.put("letter", rejected(render(retweet, "v2")))
    fake.changes.delete(retweet.retweet_of.id)

    outcome = comply()

    assert outcome.returncode == 0, outcome.stderr
    assert list(table.items) == [another.id]
    assert not queue.bodies


def test_an_action_that_nobody_has_heard_of_is_no_success(
    comply: Comply, fake: FakeX, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    tweet = published(fake)
    table.put(tweet.id)
    odd = {"id": tweet.id, "action": "age_gate\x1b[2J", "reason": "new"}
    monkeypatch.setattr(fake.changes, "event", lambda _: odd)

    outcome = comply("--json")

    assert outcome.returncode == 1
    assert "1 line that tweetpipe doesn't understand (action age_gate [2J)" in outcome.stderr
    assert json.loads(outcome.stdout)["results_not_understood"] == 1
    assert list(table.items) == [tweet.id]


def test_where_nothing_is_kept_the_count_of_x_counts_for_the_limit(
    comply: Comply, fake: FakeX, table: FakeTable
) -> None:
    """As in a container that is made anew for each run."""
    tweet = published(fake)
    table.put(tweet.id)
    fake.changes.edit(tweet.id, "mended", quiet=True)
    fake.usage.charge(map(str, range(1000)))

    outcome = comply("--monthly-limit", "5")

    assert outcome.returncode == 1
    assert "The monthly limit left no room for 1 edited post" in outcome.stderr
    assert list(table.items) == [tweet.id]


def test_after_a_job_no_other_is_advised(
    comply: Comply, fake: FakeX, table: FakeTable, tmp_path: Path
) -> None:
    table.put(published(fake).id)
    (tmp_path / "compliance.ndjson").write_text('{"user_delete": {"id": 7}}\n')

    outcome = comply("--json")

    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["ids_asked"] == 1
    assert "Only a job at X can tell" not in outcome.stderr
    assert "Only a job at X can tell" in comply("--no-job").stderr


def test_a_log_in_a_folder_that_is_not_there_is_wrong_usage(comply: Comply) -> None:
    outcome = comply("--no-job", "--log", "no/such/folder/compliance.ndjson")

    assert outcome.returncode == 2
    assert "there is no folder no/such/folder" in outcome.stderr


def test_a_folder_that_can_not_be_written_is_named(comply: Comply, tmp_path: Path) -> None:
    (tmp_path / f"{FILES}.lock").mkdir()

    outcome = comply("--no-job")

    assert outcome.returncode == 1
    assert f"{FILES}.lock can't be written" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_an_empty_table_asks_x_nothing(comply: Comply, fake: FakeX) -> None:
    outcome = comply()

    assert outcome.returncode == 0, outcome.stderr
    assert "Changed nothing. Checked 0 items, 0 dead letters." in outcome.stderr
    assert not fake.jobs.jobs


@pytest.mark.parametrize("step", ["review", "replace_stale", "revise", "tell"])
def test_a_run_that_was_killed_between_two_steps_is_finished_by_the_next(
    step: str,
    comply: Comply,
    fake: FakeX,
    table: FakeTable,
    queue: Queue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deleted, edited, kept, lettered = (published(fake) for _ in range(4))
    for tweet in (deleted, edited, kept):
        table.put(tweet.id)
    queue.put("letter", rejected(render(lettered, "v2")))
    fake.changes.delete(deleted.id)
    fake.changes.delete(lettered.id)
    fake.changes.edit(edited.id, "mended")

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(comply_command, step, killed)
        with pytest.raises(Killed):
            comply()
    outcome = comply()

    assert outcome.returncode == 0, outcome.stderr
    assert list(table.items) == [kept.id]
    assert not queue.bodies
    assert "Changed nothing" in comply().stderr


class Killed(BaseException):
    """Nothing may catch it."""
