"""`verify` is two commands, one for each thing that may have been sent."""

from __future__ import annotations

import gzip
import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from tests.fuzz.aggregates import aggregate
from tests.unit.tweetpipe.commands.endpoint import OUTPUTS
from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.commands import verdict, verify
from tweetpipe.commands.main import main
from tweetpipe.dead_letters import DeadLetter, Hold, Kind, StreamPosition
from tweetpipe.events import Item
from tweetpipe.looking import table
from tweetpipe.looking.table import Key

TWEET = {
    "id_str": "77",
    "created_at": "Fri May 03 08:09:10 +0000 2019",
    "text": "said",
    "user": {"name": "Uma Probe"},
}
ITEM = {
    "Username": "Uma Probe",
    "Id": "77",
    "Timestamp": "2019-05-03T08:09:10.000Z",
    "Message": "said",
}
Fill = Callable[[list[Item], list[bytes | DeadLetter]], None]


def ends(line: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(line))
    return int(ended.value.code or 0)


def letter_of(**known: Any) -> DeadLetter:
    return DeadLetter(id="1", kind=Kind.REJECTED, reason="not-json", body={}, **known)


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    """One tweet, and a line that is none."""
    path = tmp_path / "tweets.ndjson"
    path.write_text(json.dumps(TWEET) + "\nnone\n")
    return path


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Makes the table and the dead letters hold this."""

    def fill(items: list[Item], letters: list[bytes | DeadLetter]) -> None:
        def get_each(_: object, __: str, keys: Sequence[Key]) -> Iterator[Item]:
            return (item for item in items if (item["Username"], item["Id"]) in keys)

        hold = Mock(spec=Hold)
        hold.__enter__ = Mock(return_value=hold)
        hold.__exit__ = Mock(return_value=None)
        hold.letters = lambda: (
            letter_of(payload=letter) if isinstance(letter, bytes) else letter for letter in letters
        )
        monkeypatch.setattr(verify, "open_stack", lambda *_: (Mock(), complete_stack(**OUTPUTS)))
        monkeypatch.setattr(table, "get_each", get_each)
        monkeypatch.setattr(verify, "Hold", lambda *_: hold)
        monkeypatch.setattr(verdict, "say_errors", lambda *_: None)

    return fill


@pytest.mark.parametrize(
    "line",
    ["file {0}", "--source file --file {0}", "--file {0} --source=file"],
)
def test_what_a_file_says_is_verified_in_either_form(
    line: str, tweets: Path, fill: Fill, capfd: pytest.CaptureFixture[str]
) -> None:
    fill([ITEM], [b"none"])

    assert ends(f"verify {line.format(tweets)}") == 0
    assert (
        "1 of 1 tweet verified; 1 record can't be stored, and it is a dead letter."
        in capfd.readouterr().err
    )


def test_differences_are_listed_with_file_and_record_and_end_with_exit_code_3(
    tweets: Path, fill: Fill, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    more = tweets.with_name("more.ndjson")
    more.write_text(json.dumps(TWEET | {"id_str": "78"}))
    fill([ITEM | {"Message": "sai"}], [])
    line = f"verify --source file --file {tweets} --file {more} --wait 0"

    assert ends(f"{line} --json") == 3
    assert json.loads(capfd.readouterr().out) == {
        "events": 2,
        "verified": 0,
        "missing": 1,
        "different": 1,
        "rejected": 1,
        "lost": 1,
        "first_missing": [{"file": str(more), "line": 1, "expected": ITEM | {"Id": "78"}}],
        "first_different": [
            {
                "file": str(tweets),
                "line": 1,
                "expected": ITEM,
                "stored": ITEM | {"Message": "sai"},
            }
        ],
        "first_lost": [{"file": str(tweets), "line": 2}],
        "damaged": {},
    }

    assert ends(line) == 3
    said = capfd.readouterr()
    assert "0 of 2 tweets verified: 1 missing, 1 different" in said.err
    assert (
        "has no dead letter: not sent, too large to send, redriven or purged since, or lost"
        in said.err
    )
    assert f"line 1 of {more}" in said.out
    assert "Message is 'sai', not 'said'" in said.out
    steps = [line for line in said.err.splitlines() if line.startswith("  tweetpipe")]
    assert steps == [
        "  tweetpipe dead-letters list",
        "  tweetpipe deploy",
        f"  tweetpipe produce file {tweets} {more}",
        "  tweetpipe dead-letters redrive --since 1d",
    ]


def test_records_of_an_aggregate_that_was_rejected_whole_are_no_loss(
    tmp_path: Path, fill: Fill
) -> None:
    lines = [b"one", b"two"]
    file = tmp_path / "tweets.ndjson"
    file.write_bytes(b"\n".join(lines))
    fill([], [aggregate(lines)])

    assert ends(f"verify file {file} --wait 0") == 0


def test_letters_without_data_for_the_same_record_of_the_stream_count_once(
    tmp_path: Path, fill: Fill
) -> None:
    file = tmp_path / "tweets.ndjson"
    file.write_bytes(b"one\ntwo\n")
    first, second = (
        letter_of(
            size=3, position=StreamPosition(stream_arn="a", shard="s", first=number, last=number)
        )
        for number in ("7", "8")
    )

    fill([], [first, first])
    assert ends(f"verify file {file} --wait 0") == 3
    fill([], [first, second, first])
    assert ends(f"verify file {file} --wait 0") == 0


def test_a_damaged_file_is_told_and_those_after_it_are_verified(
    tmp_path: Path, tweets: Path, fill: Fill, capfd: pytest.CaptureFixture[str]
) -> None:
    cut, broken = tmp_path / "cut.ndjson.gz", tmp_path / "broken.json"
    cut.write_bytes(gzip.compress(json.dumps(TWEET).encode() + b"\n")[:-8])
    broken.write_text(f"[{json.dumps(TWEET)}, oops]")
    fill([ITEM], [b"none"])
    line = f"verify file {cut} {broken} {tweets} --wait 0"

    assert ends(line) == 3
    said = " ".join(capfd.readouterr().err.split())
    assert "3 of 3 tweets verified; 1 record can't be stored" in said
    assert f"{cut} is incomplete" in said
    assert "The records before that were compared. Repair it, or get a complete copy, then" in said
    assert f"{broken} is damaged" in said
    assert ends(f"{line} --json") == 3
    assert json.loads(capfd.readouterr().out)["damaged"].keys() == {str(cut), str(broken)}


def test_a_command_to_send_what_a_file_holds_leads_to_the_same_stack(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tweets.zip").write_bytes(b"PK\x03\x04")

    assert ends(f"verify file {tmp_path}/tweets.zip --stack mine --target aws") == 2
    assert "| tweetpipe produce file - --stack mine --target aws" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("verify file", "Name the files that were sent:\n  tweetpipe verify file FILE\n"),
        ("verify file --stack mine", "sent:\n  tweetpipe verify file FILE --stack mine\n"),
        ("verify --source file", "tweetpipe verify --source file --file FILE\n"),
        ("verify file -", "Standard input can't be read again"),
        ("verify file /dev/null", "/dev/null can't be read again"),
        ("verify file absent-*.ndjson", "absent-*.ndjson"),
        ("verify --source file --count 5 --file x", "--count works only with --source fake"),
        ("verify --file x --count 5", "--file works only with --source file"),
        ("verify file x --seed 5", "--seed works only with tweetpipe verify fake"),
    ],
)
def test_what_is_missing_or_out_of_place_is_wrong_usage(
    line: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ends(line) == 2
    assert said in capfd.readouterr().err


def test_what_holds_no_tweets_is_told_before_a_stack_is_looked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table_of_tweets = tmp_path / "tweets.csv"
    table_of_tweets.write_text("id,text\n1,a\n2,b\n")

    assert ends(f"verify file {table_of_tweets}") == 2
    assert "tweets.csv" in capfd.readouterr().err
