"""From X's protocol to the table: the fake X, TwitterAPI, Kinesis, the function, EventData."""

from __future__ import annotations

import itertools
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from producer import OutgoingRecord, Report, Settings
from tests.commands import PATIENT_COMMAND
from tests.integration.test_pipeline import send
from tests.stack_fixtures import Command
from tests.unit.tweets.x.quick import quick
from tests.waiting import LONG, wait_for
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.events import Item
from tweetpipe.looking import table, verify
from tweetpipe.looking.table import Key
from tweets.fakes import expected_item
from tweets.fakes.model import Tweet
from tweets.fakes.x_api import Credentials as FakeCredentials
from tweets.fakes.x_api import FakeX, Served, serving
from tweets.x import Credentials, XApi, XSource, load, synchronise
from tweets.x.recovery import QUOTES

OFTEN = "RT OR is OR a OR the"  # a quarter of the fake tweets
PUBLISHED = 3000

AN_HOUR_OF_FAULTS = [
    *("drop@100", "503x3", "half-line@100", "429:300", "operational-disconnect@100", "500"),
    *("silence:60@100", "502x2", "duplicates:10", "rubbish@20", "unknown@40", "slow:10@60"),
    *("end@100", "504", "drop@50", "too-many-connections", "drop@50", "refuse:0.3"),
    *("half-line@50", "429-bare", "end@100", "duplicates:50", "drop@100"),
]
READABLE = PUBLISHED - sum(fault.startswith("half-line") for fault in AN_HOUR_OF_FAULTS)
SECRETS = FakeCredentials(
    consumer_key="secret-consumer-key",
    consumer_secret="secret-consumer-secret",
    bearer_token="secret-bearer-token",
)


def items(x: FakeX) -> dict[Key, Item]:
    """What must be in the table of all that was sent whole."""
    return items_of(x.tweet(index) for index in x.sent)


def items_of(tweets: Iterable[Tweet | None]) -> dict[Key, Item]:
    found = (expected_item(tweet) for tweet in tweets if tweet)
    return {verify.key(item): item for item in found}


@pytest.mark.slow
def test_an_hour_of_faults_leaves_every_post_in_the_table_once(
    place: Place, new_stack: Callable[[], Stack], producer_settings: Settings, tmp_path: Path
) -> None:
    stack = new_stack()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        threading.Event().wait(seconds / 1000)

    x = FakeX(
        seed=53,
        rate=2000.0,
        count=PUBLISHED,
        heartbeat=0.3,
        match_all=True,
        faults=AN_HOUR_OF_FAULTS,
    )
    with serving(x) as served:
        api = XApi(
            Credentials(bearer_token=x.credentials.bearer_token),
            url=served.url,
            heartbeat=8.0,  # so that a busy machine is not taken for a silent X
        )
        # As if each connection had lived for minutes: brief ones are not taken for a recovery.
        clock = map(float, itertools.count(step=300)).__next__
        posts = XSource(api, synchronise(api, [OFTEN]), wait=wait, clock=clock)
        reports = []
        thread = threading.Thread(
            target=lambda: reports.append(
                send(place, stack, posts, settings=producer_settings, folder=tmp_path)
            )
        )
        thread.start()
        try:
            wait_for(
                lambda: posts.counts.posts - posts.counts.duplicates >= READABLE, "all to be read"
            )
        finally:
            posts.finish()
            thread.join(60)

    expected = items(x)
    assert len(expected) == READABLE
    assert x.script.pending == []
    [report] = reports
    assert (report.read, report.sent, report.failed) == (len(expected), len(expected), 0)
    name = stack.outputs["EventDataTable"]
    comparison = verify.wait_until_stored(place, name, expected, patience=120)
    assert comparison == verify.Comparison(expected=len(expected))
    assert posts.counts.duplicates == 60
    first = waits.index(0.25)
    network = zip(waits[first:], itertools.count(0.25, 0.25), strict=False)
    refused = [wait for wait, step in itertools.takewhile(lambda pair: pair[0] == pair[1], network)]
    slept = waits[:first] + waits[first + len(refused) :]
    assert slept[:3] == [5, 10, 20]
    assert 240 < slept[3] <= 302  # until the reset, however late it is heard of
    assert slept[4:] == [5, 5, 10, 5, 60, 60]


A_THIRD_AWAY = [
    *("drop@150", "503x3", "half-line@150", "429:150", "operational-disconnect@150", "500x3"),
    *("rubbish@40", "unknown@60", "end@150", "504x3", "stale:100000@150", "too-many-connections"),
    *("slow:10@60", "reset@150", "429-bare", "duplicates:20", "silence:3@100", "502x3"),
    *("drop@150", "refuse:0.3"),
]


class Reader:
    """A producer in a thread of its own, that takes nothing from X while `may_read` is not set."""

    def __init__(self, source: XSource, deliver: Callable[[Iterable[OutgoingRecord]], Report]):
        self.source = source
        self.may_read = threading.Event()
        self.may_read.set()
        self.reports: list[Report] = []
        self._thread = threading.Thread(target=lambda: self.reports.append(deliver(self)))
        self._thread.start()

    @property
    def offset(self) -> int:
        return self.source.offset

    def keep(self, offset: int) -> None:
        self.source.keep(offset)

    def __iter__(self) -> Iterator[OutgoingRecord]:
        for record in self.source:
            self.may_read.wait()
            yield record

    def stall_until(self, is_over: Callable[[], bool]) -> None:
        """Take nothing meanwhile."""
        self.may_read.clear()
        wait_for(is_over, "the end of a stall", seconds=LONG)
        self.may_read.set()

    def end(self) -> Report:
        """Have it finish what was read."""
        self.may_read.set()
        self.source.finish()
        self._thread.join(60)
        [report] = self.reports
        return report


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_of_an_hour_that_is_a_third_drops_each_post_is_stored_once_or_in_a_named_gap(
    place: Place, new_stack: Callable[[], Stack], producer_settings: Settings, tmp_path: Path
) -> None:
    stack = new_stack()
    rules = [OFTEN, "the sample:50"]
    readers: list[Reader] = []
    stopped = threading.Event()
    faults = A_THIRD_AWAY * 3

    options: dict[str, Any] = {"times": 100.0, "patience": 2.5}  # less than the silences
    with quick(tmp_path, rate=5.0, faults=faults, max_lag=0.5, **options) as x:
        began = x.time()

        def start() -> Reader:
            stopped.clear()
            source = x.source(rules, stopped, most_waiting=100_000)
            deliver = partial(send, place, stack, settings=producer_settings, folder=tmp_path)
            readers.append(Reader(source, deliver))
            return readers[-1]

        def end(reader: Reader) -> None:
            stopped.set()
            reader.end()

        def wait_until(minutes: int) -> None:
            wait_for(lambda: x.time() > began + 60 * minutes, "it", seconds=LONG)

        def slow_ends() -> int:
            return sum(each.ended == "the reader was too slow" for each in x.x.connections)

        try:
            first = start()
            wait_until(22)
            end(first)
            wait_until(25)
            killed = start()
            wait_until(32)
            # As kill -9 leaves it: more was delivered than what is kept says.
            kept = x.path.read_bytes()
            wait_until(37)
            end(killed)
            x.path.write_bytes(kept)
            wait_until(40)
            last = start()
            wait_for(lambda: not x.x.script.pending, "all faults", seconds=LONG)
            wait_for(lambda: x.x.connection is not None, "the stream", seconds=LONG)
            last.stall_until(lambda: slow_ends() > 0)
            wait_until(60)
            wait_for(lambda: x.x.connection is not None, "the stream", seconds=LONG)
            until = x.read_on(last.source)
        finally:
            for reader in readers:
                end(reader)

    sent = sum(report.sent for reader in readers for report in reader.reports)
    assert [report.failed for reader in readers for report in reader.reports] == [0, 0, 0]
    name = stack.outputs["EventDataTable"]
    wanted = {post.tweet.id for post in x.published(until=until)}
    gaps = [gap for reader in readers for gap in reader.source.gaps]

    def stored() -> list[Item]:
        return list(table.scan(place, name))

    wait_for(
        lambda: not x.unnamed([item["Id"] for item in stored()], gaps, until=until),
        "all to be stored",
        seconds=LONG,
    )
    items = stored()
    ids = [item["Id"] for item in items]
    assert len(ids) == len(set(ids)) <= sent
    assert len(wanted & set(ids)) > 0.9 * len(wanted)
    assert items_of(x.x.post(id_) for id_ in ids) == {verify.key(item): item for item in items}
    assert {gap.why for gap in gaps} == {QUOTES, "recent search does not support sample:"}
    away = sum(
        later.at - (earlier.ended_at or later.at)
        for earlier, later in itertools.pairwise(x.x.connections)
    )
    assert away > 0.3 * 3600
    assert slow_ends() > 0
    assert sum(reader.source.counts.recovered for reader in readers) > 1000


@pytest.fixture
def x() -> Iterator[Served]:
    with serving(FakeX(seed=59, rate=2000.0, credentials=SECRETS)) as served:
        yield served


def environment(x: Served) -> dict[str, str]:
    return {"X_API_URL": x.url, "bearer_token": SECRETS.bearer_token}


def test_the_command_reads_so_many_posts_and_says_what_they_cost(
    x: Served, place: Place, deployed: Stack, tweetpipe_command: Command
) -> None:
    outcome = tweetpipe_command(
        *("produce", "--source", "twitter", "--track", OFTEN, "--max-tweets", "200"),
        *("--stack", deployed.name),
        X_API_URL=x.url,
        consumer_key=SECRETS.consumer_key,
        consumer_secret=SECRETS.consumer_secret,
    )

    assert outcome.returncode == 0, outcome.stderr
    assert "Read 200, sent 200" in outcome.stderr
    assert "200 posts read from X, $1.00" in outcome.stderr
    assert "secret-" not in outcome.stdout + outcome.stderr
    first = expected_item(x.fake.tweet(x.fake.sent[0]))
    name = deployed.outputs["EventDataTable"]
    wait_for(lambda: first in table.query(place, name, first["Username"], 1000), "the first post")


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_no_credential_shows_when_x_refuses(
    debug: tuple[str, ...], x: Served, deployed: Stack, command_environment: dict[str, str]
) -> None:
    x.fake.add_faults("401x3")
    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "producer.twitter2kinesis", "--track", "yolo"),
            *("--stack", deployed.name, *debug),
        ],
        env=command_environment | environment(x),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert outcome.returncode == 1
    assert "secret-" not in outcome.stdout + outcome.stderr
    assert "check bearer_token" in outcome.stderr.splitlines()[-1]
    assert ("Traceback" in outcome.stderr) == bool(debug)


def test_ctrl_c_while_x_is_silent_ends_it_with_all_that_was_read(
    x: Served, deployed: Stack, command_environment: dict[str, str], tmp_path: Path
) -> None:
    x.fake.add_faults("silence:60@100")
    source = ("--source", "twitter", "--track", OFTEN)
    with subprocess.Popen(
        [*PATIENT_COMMAND, "produce", *source, "--stack", deployed.name],
        cwd=tmp_path,
        env=command_environment | environment(x),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_for(lambda: len(x.fake.sent) == 100, "the silence")
            command_line = " ".join(psutil.Process(process.pid).cmdline())
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 130
    assert re.search(r"Read 100, sent 100 .* failed 0; 100 posts read from X", stderr), stderr
    assert "Traceback" not in stderr
    assert "secret-" not in stderr + command_line


def test_missing_credentials_are_named(deployed: Stack, tweetpipe_command: Command) -> None:
    outcome = tweetpipe_command(
        "produce", "--source", "twitter", "--track", "yolo", "--stack", deployed.name
    )

    assert outcome.returncode == 2
    assert "bearer_token is not set" in outcome.stderr


@pytest.mark.slow
def test_a_run_after_a_kill_recovers_what_was_missed_and_a_second_one_is_refused(
    place: Place, deployed: Stack, command_environment: dict[str, str], tmp_path: Path
) -> None:
    command = [
        *(sys.executable, "-m", "tweetpipe", "produce", "twitter"),
        *("--track", OFTEN, "--stack", deployed.name),
    ]
    fake = FakeX(seed=83, live=True, rate=40.0, search_lag=1.0, heartbeat=0.2, credentials=SECRETS)
    with serving(fake) as served:
        options: dict[str, Any] = {
            "cwd": tmp_path,
            "env": command_environment | environment(served),
            "stderr": subprocess.PIPE,
            "text": True,
        }
        with subprocess.Popen(command, **options) as killed:
            wait_for(lambda: len(fake.sent) > 50, "posts")
            second = subprocess.run(command, timeout=60, check=False, **options)
            killed.kill()
        published = fake.next_index
        wait_for(lambda: published_by(served) > published + 200, "posts that nobody reads")
        with subprocess.Popen(command, **options) as going_on:
            try:
                wait_for(lambda: fake.connection is not None, "the stream")
                until = time.time()
                wait_for(lambda: has_searched(tmp_path, until), "the search", seconds=120)
                going_on.send_signal(signal.SIGINT)
                _, stderr = going_on.communicate(timeout=60)
            finally:
                going_on.kill()

    assert second.returncode == 2
    assert f"(process {killed.pid}), and X allows one connection" in second.stderr
    assert going_on.returncode == 130, stderr
    assert "posts recovered by search" in stderr
    missed = [
        p for p in fake.posts.between(0, until) if fake.match(p.tweet._replace(quote_of=None))
    ]
    first = fake.connections[0].at
    expected = items_of(post.tweet for post in missed if post.at >= first)
    assert len(expected) > 60
    name = deployed.outputs["EventDataTable"]
    wait_for(
        lambda: expected.keys() <= set(map(verify.key, table.scan(place, name))), "all to be stored"
    )


def published_by(served: Served) -> int:
    status = requests.get(f"{served.url}/_fake/status", timeout=60).json()
    return int(status["posts_published"])


def has_searched(folder: Path, until: float) -> bool:
    """Whether all until then was read or searched for once."""
    [path] = folder.glob("x-*.position")
    state = load(path)
    return (
        state is not None
        and (state.seen or 0) > until
        and all(window.is_second for window in state.windows)
    )
