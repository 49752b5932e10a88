"""A file that is sent by runs which are killed, each of which goes on where the last one was."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from producer import Settings
from tests.commands import PATIENT_COMMAND
from tests.stack_fixtures import Command
from tests.waiting import wait_for
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import verify
from tweets import fakes

TWEETS = 3_000
SEED = 71
PER_SECOND = 100
KILLS = 4


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    """Fake tweets in a file, one a line."""
    path = tmp_path / "tweets.ndjson"
    lines = [record.data + b"\n" for record in fakes.records(SEED, count=TWEETS)]
    path.write_bytes(b"".join(lines))
    return path


def offset_of(position: Path) -> int:
    """The kept offset, 0 as long as there is none."""
    if not position.exists():
        return 0
    return int(json.loads(position.read_bytes())["offset"])


def stream_of(place: Place, stack: Stack) -> Counter[bytes]:
    """How often each record is in the stream."""
    kinesis, name = place.kinesis(), stack.outputs["KinesisStream"]
    found: Counter[bytes] = Counter()
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while records := (answer := kinesis.get_records(ShardIterator=iterator))["Records"]:
            found.update(record["Data"] for record in records)
            iterator = answer["NextShardIterator"]
    return found


def produce_resuming(tweets: Path, stack: Stack) -> list[str]:
    """The command's arguments."""
    options = f"--source file --resume --stack {stack.name} --file"
    return ["produce", *options.split(), str(tweets)]


def producing(
    produce: list[str], tweets: Path, environment: dict[str, str], *, rate: int = PER_SECOND
) -> subprocess.Popen[str]:
    """The command under way, slowly enough to be stopped before it ends."""
    return subprocess.Popen(
        [*PATIENT_COMMAND, *produce, "--rate", f"{rate}"],
        cwd=tweets.parent,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_runs_lose_nothing_and_send_again_only_what_came_after_the_position(
    place: Place,
    new_stack: Callable[[], Stack],
    command_environment: dict[str, str],
    tweetpipe_command: Command,
    tweets: Path,
) -> None:
    stack = new_stack()
    content = tweets.read_bytes()
    position = tweets.with_name("tweets.ndjson.position")
    produce = produce_resuming(tweets, stack)
    chance = random.Random(SEED)
    settings = Settings()
    times: Counter[bytes] = Counter()
    may_repeat = 0
    for _ in range(KILLS):
        goal = len(times) + chance.randint(50, 200)
        with producing(produce, tweets, command_environment) as process:
            wait_for(
                lambda goal=goal: len(stream_of(place, stack)) >= goal,  # type: ignore[misc]
                f"{goal} tweets in the stream",
            )
            assert process.poll() is None
            process.kill()
        kept = offset_of(position)
        assert kept == 0 or content[kept - 1 : kept] == b"\n"
        times = stream_of(place, stack)
        assert set(content[:kept].splitlines()) <= set(times)
        sent_after_position = len(set(content[kept:].splitlines()) & set(times))
        assert sent_after_position <= 2 * settings.calls_in_flight * settings.max_records
        # A call that was under way may yet arrive.
        may_repeat += sent_after_position + settings.calls_in_flight * settings.max_records

    last = tweetpipe_command(*produce)
    further = tweetpipe_command(*produce)

    assert last.returncode == 0, last.stderr
    assert "Continuing at byte" in last.stderr
    assert offset_of(position) == len(content)
    assert further.returncode == 0, further.stderr
    assert "Nothing to send: " in further.stderr
    times = stream_of(place, stack)
    assert set(times) == set(content.splitlines())
    assert times.total() - TWEETS <= may_repeat
    comparison = verify.wait_until_stored(
        place,
        stack.outputs["EventDataTable"],
        verify.expected_items(SEED, TWEETS),
        patience=120.0,
    )
    assert comparison == verify.Comparison(expected=TWEETS)


def test_a_run_that_is_killed_in_the_third_file_of_a_folder_goes_on_there(
    place: Place,
    new_stack: Callable[[], Stack],
    command_environment: dict[str, str],
    tweetpipe_command: Command,
    tmp_path: Path,
) -> None:
    stack = new_stack()
    data = [record.data for record in fakes.records(SEED, count=500)]
    folder = tmp_path / "day"
    (folder / "01").mkdir(parents=True)

    def write(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    write("00.ndjson", b"\n".join(data[:50]) + b"\n")
    write("01/00.json", b"[" + b",".join(data[50:100]) + b"]")
    third = write("02.ndjson.gz", b"\n".join(data[100:400]))
    produce = produce_resuming(folder, stack)
    position = third.with_name("02.ndjson.gz.position")
    with producing(produce, tmp_path / "x", command_environment, rate=25) as process:
        wait_for(
            lambda: position.exists() and json.loads(position.read_bytes())["records"] > 0,
            "a position in the third file",
        )
        assert process.poll() is None
        process.kill()
    sent_by_the_first = stream_of(place, stack)
    records = json.loads(position.read_bytes())["records"]
    write("03.ndjson", b"\n".join(data[400:]) + b"\n")

    rest = tweetpipe_command(*produce)
    further = tweetpipe_command(*produce)

    assert rest.returncode == further.returncode == 0, rest.stderr
    assert "2 of 4 files were already sent" in rest.stderr
    assert f"Continuing after the first {records} tweet" in rest.stderr
    assert "Nothing to send: all 4 files have" in further.stderr
    assert 100 < len(sent_by_the_first) < 400
    times = stream_of(place, stack)
    assert len(times) == 500
    # What came after the position is sent again, and nothing of the files before it.
    assert times.total() - 500 <= 400 - 100 - records


def test_an_interrupted_run_keeps_its_position_and_the_next_sends_the_rest_once(
    place: Place,
    new_stack: Callable[[], Stack],
    command_environment: dict[str, str],
    tweetpipe_command: Command,
    tweets: Path,
) -> None:
    stack = new_stack()
    position = tweets.with_name("tweets.ndjson.position")
    produce = produce_resuming(tweets, stack)
    with producing(produce, tweets, command_environment) as process:
        wait_for(lambda: offset_of(position), "the position to move on")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    rest = tweetpipe_command(*produce)

    assert process.returncode == 130
    assert "Use --resume to continue from there" in said
    assert rest.returncode == 0, rest.stderr
    assert stream_of(place, stack) == Counter(tweets.read_bytes().splitlines())


def test_a_replaced_file_is_refused_and_sent_whole_without_resume(
    place: Place, new_stack: Callable[[], Stack], tweetpipe_command: Command, tmp_path: Path
) -> None:
    stack = new_stack()
    file = tmp_path / "tweets.ndjson"
    tweets = [record.data for record in fakes.records(SEED, count=30)]
    file.write_bytes(b"\n".join(tweets[:10]) + b"\n")
    whole = ("produce", "--source", "file", "--file", str(file), "--stack", stack.name)
    assert tweetpipe_command(*whole, "--resume").returncode == 0
    position = tmp_path / "tweets.ndjson.position"
    kept = position.read_bytes()

    file.write_bytes(b"\n".join(tweets[10:]))
    refused = tweetpipe_command(*whole, "--resume")
    sent = tweetpipe_command(*whole)

    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "Delete that file to send everything again, or run without --resume" in refused.stderr
    assert sent.returncode == 0
    assert position.read_bytes() == kept
    assert stream_of(place, stack) == Counter(tweets)


def test_a_tweet_that_is_still_being_written_waits_for_the_next_run(
    deployed: Stack, tweetpipe_command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "tweets.ndjson"
    whole, begun = (record.data for record in fakes.records(SEED, count=2))
    file.write_bytes(whole + b"\n" + begun[:40])
    first = tweetpipe_command(*produce_resuming(file, deployed))
    with file.open("ab") as end:
        end.write(begun[40:])
    second = tweetpipe_command(*produce_resuming(file, deployed))
    third = tweetpipe_command(*produce_resuming(file, deployed))

    assert [outcome.returncode for outcome in (first, second, third)] == [0, 0, 0]
    assert "Read 1, sent 1 " in first.stderr
    assert "is not a complete tweet yet. The next --resume reads it again" in first.stderr
    assert "Read 1, sent 1 " in second.stderr
    assert "Nothing to send: " in third.stderr


@pytest.mark.parametrize(
    "options",
    [
        "--resume",
        "--source fake --resume",
        "--source twitter --track yolo --resume",
        "--source file --resume",
        "--source file --file - --resume",
    ],
)
def test_what_cannot_be_read_again_cannot_be_resumed(
    tweetpipe_command: Command, options: str
) -> None:
    outcome = tweetpipe_command("produce", *options.split())

    assert outcome.returncode == 2
    assert outcome.stderr.count("\n") == 1
