"""More tweets than the shards take are sent as fast as they take them, and none is given up."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import typer.main

import producer
from benchmarks.stub_kinesis import StubKinesis, stub_kinesis
from producer import OutgoingRecord
from tests.soak.full_shards import full_shards
from tests.steady_clock import steady_clock
from tests.unit.tweetpipe.commands.endpoint import OUTPUTS
from tests.unit.tweetpipe.stubs import complete_stack, place_at
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.commands import produce as produce_command
from tweetpipe.commands import terminal
from tweetpipe.commands.app import app
from tweetpipe.commands.delivering import deliver
from tweets.fakes import records

PATIENCE = 2.0  # seconds; all runs here take longer

STACK = complete_stack(**OUTPUTS)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubKinesis]:
    """The stream of the stack to which every command leads: one shard, with its limits."""
    with stub_kinesis(service_time=0.02, shards=1) as stub, steady_clock() as clock:
        # A busy machine is not taken for a full shard.
        monkeypatch.setattr(producer, "produce", partial(producer.produce, clock=clock))
        monkeypatch.setattr(produce_command, "open_stack", lambda *_: (place_at(stub.url), STACK))
        yield stub


def file_of(folder: Path, *, count: int, size: int) -> Path:
    """A file of tweets, each padded to a size, as one with many entities is."""
    path = folder / "tweets.ndjson"
    tweets = (it.data for it in records(1, count=count))
    lines = [tweet[:-1] + b', "padding": "' for tweet in tweets]
    path.write_bytes(b"".join(line.ljust(size - 3, b"x") + b'"}\n' for line in lines))
    return path


def run(*arguments: str) -> None:
    """Run the command to its end; raises when it would not end with exit code 0."""
    command = ["produce", *arguments, "--own-credentials", "--give-up-after", f"{PATIENCE}"]
    assert not typer.main.get_command(app).main(command, standalone_mode=False)


@pytest.mark.parametrize(
    ("size", "count", "options"),
    [
        (7_900, 650, []),
        pytest.param(4_000, 1_300, ["--aggregate"], marks=pytest.mark.slow),
        pytest.param(50_000, 105, [], marks=pytest.mark.slow),
        pytest.param(7_900, 1_950, [], marks=pytest.mark.slow),
    ],
)
def test_a_file_arrives_whole_however_long_its_shard_is_full(
    size: int,
    count: int,
    options: list[str],
    stream: StubKinesis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    run("file", str(file_of(tmp_path, count=count, size=size)), *options)

    said = capsys.readouterr().err
    books = stream.books()
    assert books.distinct == books.tweets == count
    assert f"sent {count:,}" in said
    assert "limited by the stream: 1 of 1 shards full" in said
    # A wasteful sender sends each several times; what a busy machine does to the rest is not much.
    assert books.refused <= 0.3 * books.records


class Posts:
    """Posts that come at a rate, whether or not there is room for them, until it is told to end."""

    def __init__(self, *, size: int, rate: int) -> None:
        self._size = size
        self._rate = rate
        self._over = threading.Event()

    def __iter__(self) -> Iterator[OutgoingRecord]:
        for number in itertools.count():
            # A tenth of a second's posts at once: one by one, they would not come at this rate.
            if number % (self._rate // 10) == 0 and self._over.wait(0.1):
                return
            yield OutgoingRecord(b"%d " % number + b"x" * self._size, f"author{number % 100}")

    def finish(self) -> None:
        self._over.set()


def test_a_live_source_says_soon_how_many_shards_it_would_take(
    stream: StubKinesis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    posts = Posts(size=20_000, rate=200)  # 4 MB/s
    say = terminal.say

    def end_once_said(words: str) -> None:
        say(words)
        if "Records arrive faster" in words:
            posts.finish()

    monkeypatch.setattr(terminal, "say", end_once_said)
    # Either it has room for all until then, or what has none is kept; it does end.
    with suppress(TweetpipeError):
        deliver(place_at(stream.url), STACK, posts, total=None, own_credentials=True)

    said = capsys.readouterr().err
    found = re.search(
        r"Records arrive faster than the stream accepts them \((.*)/s\)\. It needs (\d) shards\. "
        r"In another terminal, run:\n  tweetpipe deploy -p ShardCount=\2\n",
        said,
    )
    assert found, said
    assert 2 <= int(found[2]) <= 5


@pytest.mark.slow
def test_two_producers_lose_nothing_to_each_other_a_split_or_an_outage() -> None:
    outcome = full_shards(seconds=12.0, outage=3.0, give_up_after=6.0)

    assert outcome.is_balanced, outcome
