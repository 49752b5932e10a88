"""What the stream says of posts that it sent before is handed on, and kept by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tweetpipe.commands.twitter import keeping
from tweets.compliance import Ledger, learn_from
from tweets.fakes.x_api import FakeX, serving
from tweets.messages import Notice, Post, message_of
from tweets.x import Credentials, XApi, XSource, synchronise

OFTEN = "RT OR is OR a OR the"  # a quarter of the fake tweets


def test_a_message_of_a_change_is_told_before_what_comes_after_it() -> None:
    x = FakeX(rate=2000.0)
    with serving(x) as served:
        api = XApi(Credentials(bearer_token=x.credentials.bearer_token), url=served.url)
        told: list[bytes] = []
        source = XSource(api, synchronise(api, [OFTEN]), max_posts=40, on_change=told.append)
        posts = iter(source)
        first = json.loads(next(posts).data)["data"]["id"]
        x.changes.delete(first)
        x.changes.withhold(first, ["DE"])
        newest = x.changes.edit(first, "RT is a the edited text")
        rest = [json.loads(record.data)["data"] for record in posts]

    ledger = Ledger()
    for line in told:
        assert ledger.learn(json.loads(line))
    assert ledger.why_gone(first) == "deleted"
    assert ledger.countries(first) == ("DE",)
    assert ledger.newer(first) == {newest}
    [edited] = [post for post in rest if post["id"] == newest]
    assert edited["edit_history_tweet_ids"] == [first, newest]
    assert not any(b"edited text" in line for line in told)


def test_the_command_keeps_the_messages_in_a_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "compliance.ndjson"
    message = b'{"delete":{"status":{"id":7}}}'

    keeping(log)(message)
    keeping(log)(message)
    # Posts go on coming where it can't be written: X's job tells the same.
    keeping(tmp_path / "no-such-folder" / "compliance.ndjson")(message)

    assert log.read_bytes() == 2 * (message + b"\n")
    ledger = Ledger()
    learn_from(log, ledger)
    assert ledger.gone() == {"7"}
    said = " ".join(capsys.readouterr().err.split())
    assert "can't be written (No such file or directory)" in said


@pytest.mark.parametrize(
    "content",
    [
        {"data": {"delete": {"tweet": {"id": "7", "author_id": "1"}, "event_at": "a"}}},
        {"data": {"withheld": {"tweet": {"id": "7"}, "withheld_in_countries": ["DE"]}}},
        {"data": {"drop": {"tweet": {"id": "7"}}}},
        {"data": {"tweet_edit": {"tweet": {"id": "8"}, "edit_tweet_ids": ["7", "8"]}}},
        {"data": {"user_suspend": {"user": {"id": "1"}}}},
        {"delete": {"status": {"id": 7}}},
    ],
)
def test_a_message_of_a_change_is_no_post_and_keeps_its_bytes(content: dict[str, object]) -> None:
    line = json.dumps(content).encode()

    message = message_of(line)

    assert isinstance(message, Notice)
    assert message.change == line


def test_other_messages_are_not_kept() -> None:
    limit = message_of(b'{"limit": {"track": 7}}')
    withheld = message_of(b'{"data": {"id": "7", "text": "a", "withheld": {"scope": "tweet"}}}')

    assert isinstance(limit, Notice)
    assert limit.change == b""
    assert isinstance(withheld, Post)
    assert withheld.change == b""
