"""Tweets in the forms in which people keep them, from the command line into EventData."""

from __future__ import annotations

import bz2
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack_fixtures import Command
from tests.waiting import wait_for
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.events import Item
from tweetpipe.looking import table, verify

PATIENCE = 120.0
FIRST_ID = 1_300_000_000_000_000_000
WHOLE = "What somebody said at some length, as people do, " * 5 + "and here it ends."
CUT = f"{WHOLE[:110]}…"


def v1(number: int) -> dict[str, Any]:
    return {
        "created_at": "Fri May 03 08:09:10 +0000 2019",
        "id": number,
        "id_str": str(number),
        "text": f"in v1.1 {number}",
        "user": {"id_str": "31", "name": "Uma Probe", "screen_name": "uma_probe"},
    }


def v2(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "author_id": "31",
        "created_at": "2019-05-03T08:09:10.000Z",
        "text": f"in v2 {number} &amp; more",
    }


UMA = {"id": "31", "name": "Uma Probe", "username": "uma_probe"}
KAI = {"id": "32", "name": "Kai Test", "username": "kai_test"}


def item(number: int, message: str, username: str = "Uma Probe") -> Item:
    return {
        "Username": username,
        "Id": str(number),
        "Timestamp": "2019-05-03T08:09:10.000Z",
        "Message": message,
    }


def of_v1(number: int) -> Item:
    return item(number, f"in v1.1 {number}")


def of_v2(number: int, username: str = "Uma Probe") -> Item:
    return item(number, f"in v2 {number} &amp; more", username)


def repost_v1(number: int) -> dict[str, Any]:
    original = v1(number + 50) | {
        "text": CUT,
        "extended_tweet": {"full_text": WHOLE},
        "user": {"id_str": "32", "name": "Kai Test", "screen_name": "kai_test"},
    }
    return v1(number) | {"text": f"RT @kai_test: {CUT}", "retweeted_status": original}


def repost_v2(number: int) -> dict[str, Any]:
    original = v2(number + 50) | {"author_id": "32", "text": WHOLE}
    reference = {"type": "retweeted", "id": original["id"]}
    post = v2(number) | {"text": f"RT @kai_test: {CUT}", "referenced_tweets": [reference]}
    return {"data": post, "includes": {"users": [KAI, UMA], "tweets": [original]}}


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def delimited(*values: object) -> bytes:
    return b"".join(b"%d\r\n%b" % (len(each), each) for each in map(lines, values))


Made = tuple[bytes, list[Item]]


def ndjson(a: int, b: int) -> Made:
    return lines(v1(a), v1(b)), [of_v1(a), of_v1(b)]


def array(a: int, b: int) -> Made:
    return json.dumps([v1(a), v1(b)]).encode(), [of_v1(a), of_v1(b)]


def array_a_line_each(a: int, b: int) -> Made:
    return json.dumps([v1(a), v1(b)], indent=0).encode(), [of_v1(a), of_v1(b)]


def indented_array(a: int, b: int) -> Made:
    return json.dumps([v1(a), v1(b)], indent=4).encode() + b"\n", [of_v1(a), of_v1(b)]


def search_page_of_v1(a: int, b: int) -> Made:
    page = {"statuses": [v1(a), v1(b)], "search_metadata": {"count": 2}}
    return json.dumps(page).encode(), [of_v1(a), of_v1(b)]


def pages_of_v2(a: int, b: int) -> Made:
    pages = [
        {"data": [v2(each)], "includes": {"users": [KAI, UMA]}, "meta": {"result_count": 1}}
        for each in (a, b)
    ]
    return lines(*pages), [of_v2(a), of_v2(b)]


def flattened_v2(a: int, b: int) -> Made:
    return lines(*(v2(each) | {"author": UMA} for each in (a, b))), [of_v2(a), of_v2(b)]


def bare_v2(a: int, b: int) -> Made:
    return lines(v2(a), v2(b)), [of_v2(a, "31"), of_v2(b, "31")]


def retweets(a: int, b: int) -> Made:
    whole = f"RT @kai_test: {WHOLE}"
    return lines(repost_v1(a), repost_v2(b)), [item(a, whole), item(b, whole)]


def recorded_stream(a: int, b: int) -> Made:
    messages = [{"limit": {"track": 7}}, {"delete": {"status": {"id": a, "user_id": 31}}}]
    return lines(v1(a), *messages) + b"\r\n\r\n" + lines(v1(b)), [of_v1(a), of_v1(b)]


def with_lengths(a: int, b: int) -> Made:
    return delimited(v1(a), v1(b)), [of_v1(a), of_v1(b)]


def utf_16(a: int, b: int) -> Made:
    return lines(v1(a), v1(b)).decode().encode("utf-16"), [of_v1(a), of_v1(b)]


def no_tweets(a: int, b: int) -> Made:
    """Another format's post, and a tweet whose time is no text: both are rejected."""
    activity = {"id": f"tag:{a}", "objectType": "activity", "body": "x", "actor": {"id": "id:31"}}
    return lines(activity, v1(b) | {"created_at": 1556870950000}), []


FORMS: tuple[Callable[[int, int], Made], ...] = (
    *(ndjson, array, array_a_line_each, indented_array, search_page_of_v1, pages_of_v2),
    *(flattened_v2, bare_v2, retweets, recorded_stream, with_lengths, utf_16, no_tweets),
)
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
}


@pytest.fixture
def kept(tmp_path: Path) -> tuple[list[str], list[Item]]:
    """Files of each form, plain and compressed, and the items that they must become."""
    names, items = [], []
    numbers = iter(range(FIRST_ID, FIRST_ID + 100_000, 100))
    for form in FORMS:
        for ending, compress in COMPRESSED.items():
            content, of_file = form(next(numbers), next(numbers))
            path = tmp_path / f"{form.__name__}{ending}"
            path.write_bytes(compress(content))
            names.append(str(path))
            items += of_file
    return names, items


def named(files: list[str]) -> Iterator[str]:
    for file in files:
        yield from ("--file", file)


@pytest.mark.aws
def test_tweets_in_every_form_plain_and_compressed_become_their_items(
    place: Place,
    own_stack: Stack,
    tweetpipe_command: Command,
    kept: tuple[list[str], list[Item]],
) -> None:
    files, items = kept
    options = ("--source", "file", *named(files), "--stack", own_stack.name)

    produced = tweetpipe_command("produce", *options)
    verified = tweetpipe_command("verify", *options, "--wait", f"{PATIENCE}", "--json")

    assert produced.returncode == 0, produced.stderr
    assert verified.returncode == 0, verified.stdout + verified.stderr
    told = json.loads(verified.stdout)
    assert (told["events"], told["verified"]) == (len(items), len(items))
    assert (told["rejected"], told["lost"]) == (2 * len(COMPRESSED), 0)
    stored = table.scan(place, own_stack.outputs["EventDataTable"])
    of_these = (each for each in stored if FIRST_ID <= int(each["Id"]) < FIRST_ID + 1_000_000)
    expected = {verify.key(each): each for each in items}
    assert verify.compare(expected, of_these) == verify.Comparison(expected=len(items))


@pytest.mark.aws
def test_a_set_of_forms_is_gone_on_with_after_kills(
    place: Place,
    own_stack: Stack,
    command_environment: dict[str, str],
    tweetpipe_command: Command,
    tmp_path: Path,
) -> None:
    numbers = iter(range(FIRST_ID + 1_000_000, FIRST_ID + 1_001_000))
    files: list[str] = []
    items: list[Item] = []
    for ending in (".json.gz", ".json"):
        group = [next(numbers) for _ in range(30)]
        path = tmp_path / f"array{ending}"
        path.write_bytes(COMPRESSED[path.suffix.replace(".json", "")](lines([*map(v1, group)])))
        files.append(str(path))
        items += map(of_v1, group)
    group = [next(numbers) for _ in range(30)]
    page = {"data": [*map(v2, group)], "includes": {"users": [UMA]}}
    (tmp_path / "pages.jsonl").write_bytes(lines(page))
    files.append(str(tmp_path / "pages.jsonl"))
    items += map(of_v2, group)
    options = ("--source", "file", *named(files), "--stack", own_stack.name)
    produce = ("produce", *options, "--resume")

    for positions in (1, 2):
        with subprocess.Popen(
            [sys.executable, "-m", "tweetpipe", *produce, "--rate", "15"],
            cwd=tmp_path,
            env=command_environment,
            stderr=subprocess.DEVNULL,
        ) as process:
            wait_for(
                lambda wanted=positions: len([*tmp_path.glob("*.position")]) >= wanted,  # type: ignore[misc]
                "the position in a file",
            )
            assert process.poll() is None
            process.kill()
    rest = tweetpipe_command(*produce)
    further = tweetpipe_command(*produce)
    verified = tweetpipe_command("verify", *options, "--wait", f"{PATIENCE}")

    assert rest.returncode == 0, rest.stderr
    assert "files were already sent" in rest.stderr
    assert further.returncode == 0, further.stderr
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert f"{len(items)} of {len(items)} tweets verified." in verified.stderr
    found = {
        verify.key(each): each for each in table.scan(place, own_stack.outputs["EventDataTable"])
    }
    assert [found.get(verify.key(each)) for each in items] == items
