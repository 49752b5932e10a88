"""What X says of posts since, applied to a stack: the fake X, its jobs, the function, EventData."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack_fixtures import PARAMETERS, Command, deployed_stack
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.events import Item
from tweetpipe.looking import table
from tweets.fakes import FakeTweets, render
from tweets.fakes.x_api import Credentials, FakeX, Served, serving

OFTEN = "RT OR is OR a OR the"  # a quarter of the fake tweets
SECRETS = Credentials(bearer_token="secret-bearer-token")


@pytest.fixture(scope="module")
def stack(place: Place) -> Iterator[Stack]:
    with deployed_stack(place, PARAMETERS) as stack:
        yield stack


@pytest.fixture
def x() -> Iterator[Served]:
    with serving(FakeX(seed=71, rate=2000.0, credentials=SECRETS)) as served:
        yield served


def items(place: Place, stack: Stack) -> dict[str, Item]:
    return {item["Id"]: item for item in table.scan(place, stack.outputs["EventDataTable"])}


def put(place: Place, stack: Stack, data: bytes) -> None:
    place.kinesis().put_record(
        StreamName=stack.outputs["KinesisStream"], Data=data, PartitionKey="k"
    )


def letters(place: Place, stack: Stack) -> list[bytes | None]:
    found, _ = dead_letters.peek(place, stack.outputs["DeadLetterQueueUrl"], 100)
    return [letter.payload for letter in found]


def read_posts(x: Served, stack: Stack, place: Place, command: Command, count: int) -> list[str]:
    """Reads so many posts from X, and waits until they are stored; the ids of all sent so far."""
    before = items(place, stack).keys()
    outcome = command(
        *("produce", "twitter", "--track", OFTEN, "--max-tweets", str(count)),
        *("--stack", stack.name),
        **environment(x),
    )
    assert outcome.returncode == 0, outcome.stderr
    wait_for(lambda: len(items(place, stack).keys() - before) >= count, "the posts")
    return [x.fake.tweet(index).id for index in x.fake.sent]


def environment(x: Served) -> dict[str, str]:
    return {"X_API_URL": x.url, "bearer_token": SECRETS.bearer_token}


def test_deletes_edits_and_the_like_come_to_the_table_and_the_dead_letters(
    x: Served,
    place: Place,
    stack: Stack,
    tweetpipe_command: Command,
    command_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """Told by the stream or by the job alone; killed in the middle, two at once, and run twice."""
    changes, at = x.fake.changes, ("--stack", stack.name)
    ids = read_posts(x, stack, place, tweetpipe_command, 30)
    told, quiet, edited, refreshed, hidden, rejected, *rest = ids
    broken = json.dumps(
        {"data": {"id": rejected, "author_id": "1", "created_at": "?", "text": "t"}}
    )
    put(place, stack, broken.encode())
    wait_for(lambda: letters(place, stack) == [broken.encode()], "the dead letter")
    changes.delete(told)
    newest = changes.edit(edited, "OR RT is a the edited text")
    changes.withhold(hidden, ["DE"])
    changes.delete(quiet, quiet=True)
    changes.delete(rejected, quiet=True)
    changed = changes.edit(refreshed, "a text that only a look-up has", quiet=True)
    read_posts(x, stack, place, tweetpipe_command, 5)
    wait_for(lambda: newest in items(place, stack), "the newer version")
    log = tmp_path / "compliance.ndjson"
    assert len(log.read_text().splitlines()) == 3
    before = items(place, stack)

    tried = tweetpipe_command("comply", "--dry-run", *at, **environment(x))
    assert tried.returncode == 0, tried.stderr
    assert items(place, stack) == before
    assert letters(place, stack) == [broken.encode()]

    x.fake.jobs.seconds = 3600
    with subprocess.Popen(
        [sys.executable, "-m", "tweetpipe", "comply", *at],
        cwd=tmp_path,
        env=command_environment | environment(x),
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_for(lambda: len(x.fake.jobs.jobs) == 2 and x.fake.jobs.jobs[1].ids, "the job")
        second = tweetpipe_command("comply", *at, **environment(x))
        process.send_signal(signal.SIGKILL)
    x.fake.jobs.seconds = x.fake.jobs.jobs[1].ready_at = 0
    assert second.returncode == 1
    assert "Another tweetpipe comply is already running for this stack" in second.stderr

    done = tweetpipe_command("comply", "--json", *at, **environment(x))

    assert done.returncode == 0, done.stderr
    assert len(x.fake.jobs.jobs) == 2
    left = items(place, stack)
    assert not {told, quiet, edited, refreshed, rejected} & left.keys()
    assert left[newest]["Message"] == "OR RT is a the edited text"
    assert left[changed]["Message"] == "a text that only a look-up has"
    assert left[hidden]["WithheldIn"] == ["DE"]
    assert all(left[id_] == before[id_] for id_ in rest if id_ in before)
    assert letters(place, stack) == []
    outcome = json.loads(done.stdout)
    assert outcome["told_but_not_stored"] == 0
    account = (tmp_path / f"compliance-{stack.name}.account.ndjson").read_text()
    why = {line["id"]: line["why"] for line in map(json.loads, account.splitlines())}
    assert why == {
        **dict.fromkeys((told, quiet, rejected), "deleted"),
        **dict.fromkeys((edited, refreshed), "edited"),
        hidden: "DE",
    }
    assert_nothing_secret(x, tmp_path, tried.stderr, second.stderr, done.stderr, done.stdout)

    again = tweetpipe_command("comply", *at, **environment(x))
    assert again.returncode == 0, again.stderr
    assert "Changed nothing" in again.stderr
    assert items(place, stack) == left

    # A retry, a redrive, or a file may bring it back at any time.
    [index] = [index for index in x.fake.sent if x.fake.tweet(index).id == told]
    put(place, stack, render(x.fake.tweet(index), "v2"))
    wait_for(lambda: told in items(place, stack), "the late post")
    late = tweetpipe_command("comply", "--no-job", "--read-units", "2", *at)
    assert late.returncode == 0, late.stderr
    assert items(place, stack) == left


def assert_nothing_secret(x: Served, folder: Path, *said: str) -> None:
    kept = "".join(path.read_text() for path in folder.iterdir())
    tokens = [job.token for job in x.fake.jobs.jobs]
    assert not any(secret in f"{kept}{said}" for secret in [*tokens, SECRETS.bearer_token])


def test_a_recorded_stream_is_applied_without_asking_x(
    place: Place, stack: Stack, tweetpipe_command: Command, tmp_path: Path
) -> None:
    def tweet(number: int) -> dict[str, Any]:
        user = {"name": "Recorded", "screen_name": "recorded"}
        return {"id_str": str(number), "text": "t", "user": user, "created_at": CREATED}

    recorded = tmp_path / "recorded.ndjson"
    lines = [
        {"delete": {"status": {"id": 501, "id_str": "501", "user_id": 3}}},  # before its post
        *(tweet(number) for number in (501, 502, 503)),
        {"status_withheld": {"id": 503, "user_id": 3, "withheld_in_countries": ["FR"]}},
        {"user_protect": {"id": 3}},
    ]
    recorded.write_text("".join(json.dumps(line) + "\n" for line in lines))
    at = ("--stack", stack.name)
    sent = tweetpipe_command("produce", "file", str(recorded), *at)
    assert sent.returncode == 0, sent.stderr
    wait_for(lambda: {"501", "502", "503"} <= items(place, stack).keys(), "the tweets")

    outcome = tweetpipe_command("comply", "--no-job", str(recorded), *at)

    assert outcome.returncode == 0, outcome.stderr
    left = items(place, stack)
    assert left.keys() & {"501", "502", "503"} == {"502", "503"}
    assert left["503"]["WithheldIn"] == ["FR"]
    assert "Only a job at X can tell" in outcome.stderr


CREATED = "Wed Oct 10 20:19:24 +0000 2018"


def test_what_x_refuses_is_told_with_what_to_check(
    x: Served, place: Place, stack: Stack, tweetpipe_command: Command
) -> None:
    put(place, stack, render(FakeTweets(0).tweet(0), "v2"))
    wait_for(lambda: items(place, stack), "a tweet to ask X about")

    outcome = tweetpipe_command(
        *("comply", "--stack", stack.name), X_API_URL=x.url, bearer_token="another-secret-token"
    )

    assert outcome.returncode == 1
    assert "X refuses (401): Unauthorized; check bearer_token" in outcome.stderr
    assert "another-secret-token" not in outcome.stderr


def test_without_credentials_the_job_is_left_out_only_on_request(
    stack: Stack, tweetpipe_command: Command
) -> None:
    at = ("--stack", stack.name)

    assert tweetpipe_command("comply", *at).returncode == 2
    assert tweetpipe_command("comply", "--no-job", *at).returncode == 0
