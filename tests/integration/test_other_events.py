"""Events that are no tweets, from their fakes to their dead letters: examples/clickstream."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from localstack_embedded import Account
from tests.browsers import NewPage, browser, new_page
from tests.commands import Environment, dashboard, environment_for, run_here
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import demo
from tweetpipe.deploying import deploy
from tweetpipe.project import EXAMPLE

__all__ = ["browser", "new_page"]

Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]

NAME = f"clicks-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def environment(shared: Account) -> Environment:
    """That of a user whose settings name the example, and a stack for it."""
    named = {"TWEETPIPE_EVENTS": str(EXAMPLE), "TWEETPIPE_STACK": NAME}
    return environment_for(shared.instance.endpoint) | named


@pytest.fixture(scope="module")
def shown(
    shared: Account,
    place: Place,
    environment: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ended]:
    """How the demo ended, whose stack the tests of this file share."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(demo, "start_localstack", lambda *_: shared.instance)
        folder = tmp_path_factory.mktemp("demo")
        yield run_here("demo", "--count", "300", folder=folder, environment=environment)
    deploy.destroy(place, NAME, on_event=lambda _: None)


@pytest.fixture
def stack(shown: Ended, place: Place) -> Stack:
    return stacks.get(place, NAME)


@pytest.fixture
def tweetpipe(shown: Ended, environment: Environment, tmp_path: Path) -> Run:
    """Runs a command, which must end as it is to."""

    def run(*arguments: str, code: int = 0, **changed: str) -> Ended:
        ended = run_here(*arguments, folder=tmp_path, environment=environment | changed)
        assert ended.returncode == code, ended.stderr
        return ended

    return run


def event(session: str, number: int = 0, **changed: object) -> bytes:
    """A page view."""
    fields = {"session": session, "number": number, "type": "view", "url": "https://shop.example/"}
    return json.dumps(fields | {"time": "2026-11-27T05:00:00.000Z"} | changed).encode()


def put(place: Place, stack: Stack, *events: bytes) -> None:
    for data in events:
        place.kinesis().put_record(
            StreamName=stack.outputs["KinesisStream"], Data=data, PartitionKey="-"
        )


def found(tweetpipe: Run, session: str) -> list[dict[str, Any]]:
    """What is stored of a session."""
    items: list[dict[str, Any]] = json.loads(tweetpipe("query", session, "--json").stdout)
    return items


def test_the_demo_verifies_each_event(shown: Ended) -> None:
    assert shown.returncode == 0, shown.stderr
    assert "300 of 300 verified, field by field" in shown.stderr
    assert "https://shop.example/" in shown.stdout
    assert "tweet" not in shown.stdout


def test_what_is_sent_is_stored_and_what_is_malformed_becomes_a_dead_letter(tweetpipe: Run) -> None:
    before = sum(
        json.loads(tweetpipe("dead-letters", "list", "--by-reason", "--json").stdout).values()
    )
    tweetpipe("produce", "fake", "--seed", "11", "--count", "200", "--malformed", "0.2")

    verified = tweetpipe(
        "verify", "--seed", "11", "--count", "200", "--allow-others", "--wait", "120"
    )

    assert "200 of 200 verified" in verified.stderr

    def reasons() -> dict[str, int]:
        listed = tweetpipe("dead-letters", "list", "--by-reason", "--json")
        counted: dict[str, int] = json.loads(listed.stdout)
        return counted if sum(counted.values()) >= before + 20 else {}

    assert {"not-json", "not-an-event", "bad-time"} <= wait_for(reasons, "dead letters").keys()


def test_a_file_is_sent_and_verified(tweetpipe: Run, tmp_path: Path) -> None:
    lines = [event(f"of a file {number % 7}", number) for number in range(50)]
    (tmp_path / "events.ndjson").write_bytes(b"\n".join([*lines, b"no event"]))
    sent = tweetpipe("produce", "file", "events.ndjson")
    assert "1 record of 51 had no partition key" in sent.stderr

    verified = tweetpipe("verify", "file", "events.ndjson", "--wait", "120")

    assert "50 of 50 " in verified.stderr
    assert "1 record can't be stored, and it is a dead letter" in verified.stderr


def test_watch_shows_what_a_person_sees_of_an_event(
    tweetpipe: Run, place: Place, stack: Stack, environment: Environment, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tweetpipe", "watch", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=tmp_path,
    ) as watching:
        assert watching.stdout
        try:
            # What came before the first look is not seen.
            for number, line in enumerate(watching.stdout):
                newest = json.loads(line)["newest"]
                if any(landed["title"] == "watched" for landed in newest):
                    break
                put(place, stack, event("watched", number))
        finally:
            watching.kill()

    [landed, *_] = (landed for landed in newest if landed["title"] == "watched")
    assert landed["text"] == "view on https://shop.example/"
    assert landed["time"] == "2026-11-27T05:00:00.000Z"


def test_the_page_shows_events_and_finds_those_of_a_session(
    tweetpipe: Run,
    place: Place,
    stack: Stack,
    environment: Environment,
    new_page: NewPage,
    tmp_path: Path,
) -> None:
    numbers = itertools.count()
    with dashboard(environment, NAME, tmp_path) as (url, _):
        page = new_page(url)
        row = page.locator("#events li").filter(has_text="on a page")

        def is_seen() -> bool:
            put(place, stack, event("on a page", next(numbers), type="click", element="button#buy"))
            page.wait_for_timeout(500)
            return row.count() > 0

        wait_for(is_seen, "an event on the page")
        expect(row.first.locator(".message")).to_have_text(
            "click button#buy on https://shop.example/"
        )
        row.first.get_by_role("button").click()
        expect(page.get_by_role("dialog").locator("pre")).to_contain_text('"Element": "button#buy"')
        page.get_by_role("button", name="All items of this Session").click()
        expect(page.locator("#items li").first).to_contain_text("button#buy")


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The same events with a later version of the function: two more things are stored."""
    folder = tmp_path / "newer" / "clickstream"
    shutil.copytree(EXAMPLE, folder)
    text = (folder / "item.py").read_text(encoding="utf-8")
    for old, new in (
        ('raise ValueError("no time zone")', "moment = moment.replace(tzinfo=UTC)"),
        (
            "    return item\n",
            '    return item | {n.title(): event[n] for n in event if n == "referrer"}\n',
        ),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "item.py").write_text(text, encoding="utf-8")
    return folder


def test_a_newer_function_stores_what_an_older_one_could_not(
    tweetpipe: Run,
    place: Place,
    stack: Stack,
    environment: Environment,
    newer: Path,
    tmp_path: Path,
) -> None:
    unusable = event("changing", 2, time="2026-11-27 05:00:00")
    put(place, stack, event("changing", 1, referrer="https://search.example/"), unusable)
    [older] = wait_for(lambda: found(tweetpipe, "changing"), "the first event")
    letter = wait_for(lambda: letter_of(place, stack, unusable), "a dead letter")

    environment = environment | {"TWEETPIPE_EVENTS": str(newer)}
    run_here("deploy", folder=tmp_path, environment=environment)

    assert found(tweetpipe, "changing") == [older]
    run_here("dead-letters", "redrive", letter, folder=tmp_path, environment=environment)
    second, first = found(tweetpipe, "changing")
    assert second["Event"] == "2026-11-27T05:00:00.000Z#000002"
    assert first == older, "what is stored stays as it is until it is written again"
    since = ("dead-letters", "redrive", "--since", "1h")
    run_here(*since, folder=tmp_path, environment=environment)
    assert found(tweetpipe, "changing") == [second, older | {"Referrer": "https://search.example/"}]


def letter_of(place: Place, stack: Stack, payload: bytes) -> str:
    """The id of the dead letter of this record; empty while there is none."""
    letters, _ = dead_letters.peek(place, stack.outputs["DeadLetterQueueUrl"], 1000)
    return next((letter.id for letter in letters if letter.payload == payload), "")
