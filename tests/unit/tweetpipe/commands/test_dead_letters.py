from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.aggregates import aggregate
from tests.unit.tweetpipe.dead_letters.doubles import (
    EXHAUSTED,
    REJECTED,
    SHARD,
    STACK,
    FakeKinesis,
    FakeLambda,
    FakePlace,
    FakeSqs,
    exhausted,
    tweet,
    tweets,
)
from tweetpipe.commands import dead_letters as commands
from tweetpipe.commands import since
from tweetpipe.commands.main import main
from tweetpipe.words import counted


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["dead-letters", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    """The queue of the stack that the commands open; its stream is empty."""
    queue = FakeSqs(
        {
            "aaaa-1": json.dumps(REJECTED),
            "aabb-2": json.dumps(REJECTED | {"payload": base64.b64encode(tweet(1)).decode()}),
            "cccc-3": json.dumps(EXHAUSTED),
            "dddd-4": "from a stranger",
        }
    )
    place = FakePlace.of(queue, kinesis=FakeKinesis(), function=FakeLambda())
    monkeypatch.setattr(commands, "open_stack", lambda *_: (place, STACK))
    return queue


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("redrive", "Name dead letters by id, or add --all or --since. To list"),
        ("redrive --kind rejected", "--kind needs --all"),
        ("redrive aaaa --all", "An id can't be combined with --all or --since. Leave out"),
        ("redrive aaaa --kind rejected", "--kind needs --all"),
        ("redrive --all --payload tweet.json", "--payload needs exactly one ID"),
        ("redrive aaaa --all --payload tweet.json", "--payload needs exactly one ID"),
        ("redrive --payload tweet.json", "--payload needs exactly one ID"),
        ("redrive aaaa aabb --payload tweet.json", "--payload needs exactly one ID"),
        ("redrive cccc --payload tweet.json", "cccc-3 is exhausted, and --payload works only with"),
        ("redrive aa", "'aa' matches the ids of 2 dead letters"),
        ("show", "Name a dead letter by id. To list the ids, run:"),
        ("show aa", "'aa' matches the ids of 2 dead letters"),
        ("show cccc --payload", "cccc-3 is exhausted, and --payload works only with"),
        ("redrive --since 6h aaaa", "--since reads the stream, so it can't be combined"),
        ("redrive --since 6h --all", "--since reads the stream, so it can't be combined"),
        ("redrive --since soon", "--since soon is not an age"),
        ("purge", "Name dead letters by id, or add --all, --kind, --reason, or --older-than"),
        ("purge aaaa --kind rejected --yes", "An id can't be combined with --all, --kind"),
        ("purge --older-than soon --yes", "--older-than soon is not an age"),
        ("purge --reason no-id", "purge deletes permanently, and there is no terminal"),
        ("purge aaaa --all --yes", "An id can't be combined with --all, --kind"),
        ("purge --all", "purge deletes permanently, and there is no terminal"),
        ("purge aaaa", "purge deletes permanently, and there is no terminal"),
    ],
)
def test_what_can_not_be_meant_is_wrong_usage_and_changes_nothing(
    line: str, says: str, sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("tweet.json").write_bytes(tweet(1))
    before = dict(sqs.bodies)

    code = run(*line.split())

    out, err = capfd.readouterr()
    assert code == 2
    assert err.count("Error") == 1
    error, *commands = err[err.index("Error") :].splitlines()
    assert error.startswith(f"Error: {says}")
    assert all(command.startswith("  tweetpipe dead-letters list") for command in commands)
    assert out == ""
    assert sorted(sqs.visible()) == sorted(before)


@pytest.mark.parametrize("line", ["show ffff", "redrive ffff", "redrive aaaa ffff"])
def test_an_id_of_no_letter_is_an_error(
    line: str, sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(*line.split()) == 1
    assert "No dead letter's id begins with 'ffff'" in capfd.readouterr().err
    assert len(sqs.visible()) == 4


def test_the_list_shows_all_kinds_with_what_is_readable(
    sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "250")

    assert run("list") == 0

    out, err = capfd.readouterr()
    for expected in ("aaaa-1", "rejected", "no-id", '{"text": "no id"}', "17 B"):
        assert expected in out
    for expected in ("exhausted", "10-20", "7 records", "unknown", "from a stranger"):
        assert expected in out
    assert err.endswith("Showing 4 of about 4 dead letters.\n")


def test_the_list_as_json_has_the_bodies_with_ids(
    sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("list", "--json", "--kind", "rejected") == 0

    letters = json.loads(capfd.readouterr().out)
    assert [letter["id"] for letter in letters] == ["aaaa-1", "aabb-2"]
    assert letters[0] == REJECTED | {"id": "aaaa-1"}


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        ("list", "no-id 2, RetryAttemptsExhausted 1, not written by this stack 1"),
        ("list --kind rejected", "no-id 2"),
        ("list --limit 1", "no-id 1"),
    ],
)
def test_the_list_counts_by_reason_what_it_shows(
    line: str, reasons: str, sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(*line.split()) == 0

    assert f"By reason: {reasons}.\n" in capfd.readouterr().err


@pytest.mark.parametrize("limit", ["", " --limit 1"])
def test_all_can_be_counted_by_reason(
    limit: str, sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    sqs.put("eeee-5", json.dumps(REJECTED | {"reason": "\x1b[2J"}))

    assert run(*f"list --by-reason{limit}".split()) == 0
    out, _ = capfd.readouterr()
    assert [line.split() for line in out.splitlines()[:2]] == [
        ["2", "no-id"],
        ["1", "RetryAttemptsExhausted"],
    ]
    assert "\x1b" not in out

    assert run("list", "--by-reason", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {
        "no-id": 2,
        "RetryAttemptsExhausted": 1,
        "not written by this stack": 1,
        "\x1b[2J": 1,
    }
    assert len(sqs.visible()) == 5


def test_the_list_as_json_tells_each_letters_kind(
    sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("list", "--json") == 0

    letters = json.loads(capfd.readouterr().out)
    kinds = [letter["kind"] for letter in letters]
    assert kinds == ["rejected", "rejected", "exhausted", "unknown"]
    assert letters[2]["reason"] == "RetryAttemptsExhausted"


@pytest.mark.parametrize("columns", ["80", "100", "200"])
def test_the_list_has_a_line_for_each_letter_at_any_width(
    columns: str, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    number = "49545115243490985018280067714973144582180062593244200961"
    batch = EXHAUSTED["KinesisBatchInfo"] | {
        "startSequenceNumber": number,
        "endSequenceNumber": number,
    }
    text = base64.b64encode(b'{"text": "' + "두 줄\n".encode() * 40).decode()
    for n in range(10):
        sqs.put(f"{n:08}-e", json.dumps(EXHAUSTED | {"KinesisBatchInfo": batch}))
        sqs.put(f"{n:08}-r", json.dumps(REJECTED | {"sequenceNumber": number, "payload": text}))
    monkeypatch.setenv("COLUMNS", columns)

    assert run("list") == 0

    lines = [line for line in capfd.readouterr().out.splitlines() if line.strip()]
    assert len(lines) == 24 + 2  # with the heading and its rule
    for whole in ("00000009", "exhausted", "RetryAttemptsExhausted", "7 records", "no-id"):
        assert any(whole in line for line in lines)


def test_show_tells_everything(
    sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    assert run("show", "aaaa") == 0

    out = capfd.readouterr().out
    for name in ("detail", "streamArn", "shardId", "sequenceNumber", "partitionKey", "arrivedAt"):
        assert REJECTED[name] in out
    assert '{"text": "no id"}' in out


def test_show_payload_writes_the_bytes_alone(
    sqs: FakeSqs, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    sqs.put("ffff", json.dumps(REJECTED | {"payload": base64.b64encode(b"\xff\r\n").decode()}))

    assert run("show", "ffff", "--payload") == 0
    assert capfdbinary.readouterr().out == b"\xff\r\n"


def test_a_payload_that_is_nowhere_is_an_error(
    sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    sqs.put("ffff", json.dumps(REJECTED | {"payload": None}))

    assert run("show", "ffff", "--payload") == 1
    assert "the stream no longer has it" in capfd.readouterr().err


def test_an_edited_payload_is_stored_and_its_letter_gone(
    sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("tweet.json").write_bytes(tweet(7))

    assert run("redrive", "aaaa", "--payload", "tweet.json") == 0
    assert sorted(sqs.visible()) == ["aabb-2", "cccc-3", "dddd-4"]
    assert capfd.readouterr().err.endswith(
        "Records: 1 stored, 0 rejected. Dead letters: 1 deleted, 0 kept.\n"
    )


def test_what_is_kept_is_counted_with_its_reasons(
    sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("redrive", "--all", "--json") == 1

    out, err = capfd.readouterr()
    summary, error, command = err.splitlines()
    assert summary == "Records: 1 stored, 0 rejected. Dead letters: 1 deleted, 3 kept."
    assert command == "  tweetpipe dead-letters redrive --help"
    assert error.startswith("Error: 3 dead letters were kept: ")
    for why in (
        "1 would be rejected again (no-id 1); ",
        "no longer has its records",
        "another program wrote it",
    ):
        assert why in error
    assert [(o["id"], o["done"]) for o in json.loads(out)] == [
        ("aaaa-1", False),
        ("aabb-2", True),
        ("cccc-3", False),
        ("dddd-4", False),
    ]
    assert sorted(sqs.visible()) == ["aaaa-1", "cccc-3", "dddd-4"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("redrive --all", "No dead letters; nothing to do.\n"),
        ("redrive --all --kind exhausted", "No exhausted dead letters; nothing to do.\n"),
        ("purge --all --yes", "No dead letters; nothing to do.\n"),
        ("list", "No dead letters.\n"),
    ],
)
def test_an_empty_queue_is_told_and_no_error(
    line: str, says: str, sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    sqs.bodies.clear()

    assert run(*line.split()) == 0
    assert capfd.readouterr().err.endswith(says)


def test_letters_that_another_reader_holds_are_not_called_none(
    sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    sqs.receive_message(MaxNumberOfMessages=10)

    assert run("redrive", "--all") == 0
    said = capfd.readouterr().err
    assert "Another reader holds about 4 dead letters. If it was killed" in said
    assert "nothing to do" not in said


def test_an_id_that_is_not_in_an_empty_queue_leads_to_the_list(
    sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    sqs.bodies.clear()

    assert run("redrive", "aaaa") == 1
    assert capfd.readouterr().err.endswith("run:\n  tweetpipe dead-letters list\n")


def test_a_kind_is_redriven_alone(sqs: FakeSqs, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("redrive", "--all", "--kind", "exhausted") == 1
    assert "1 dead letter was kept: the stream no longer has" in capfd.readouterr().err


def test_what_no_letter_tells_of_is_found_in_the_stream_and_named(
    sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # 495 has a letter already; after 499 more keeps arriving.
    stream = tweets(490, 499) | {492: b"\x1b[31m no tweet", 495: b"no tweet"}
    stream[497] = aggregate([tweet(7), b"{}"])
    function = FakeLambda()
    place = FakePlace.of(sqs, kinesis=FakeKinesis(stream), function=function)
    monkeypatch.setattr(since, "open_stack", lambda *_: (place, STACK))

    assert run("redrive", "--since", "6h") == 1

    out, err = capfd.readouterr()
    assert [line.split(":")[0] for line in out.splitlines()] == [
        f"{SHARD} 492 not-json",
        f"{SHARD} 497.1 not-a-tweet",
    ]
    # As for a batch, of which records are rejected again.
    assert "Records: 8 stored, 2 rejected.\n" in err
    assert "Error: 2 records were rejected and now each have a dead letter of their own." in err
    assert function.data() == [data for number, data in stream.items() if number != 495]


@pytest.mark.parametrize("choice", [("--all",), ("--since", "6h")], ids=["--all", "--since"])
def test_records_that_are_rejected_again_end_both_ways_of_redriving_alike(
    choice: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    sqs = FakeSqs({"batch": exhausted(1, 3)})
    place = FakePlace.of(sqs, kinesis=FakeKinesis(tweets(1, 3) | {2: b"no tweet"}))
    for module in (since, commands):
        monkeypatch.setattr(module, "open_stack", lambda *_: (place, STACK))

    assert run("redrive", *choice) == 1

    said, *error = capfd.readouterr().err.splitlines()[-3:]
    assert said.startswith("Records: 2 stored, 1 rejected.")
    assert error == [
        "Error: 1 record was rejected and now has a dead letter of its own. To see why, run:",
        "  tweetpipe dead-letters list",
    ]


def test_a_function_that_still_fails_says_how_far_it_came(
    sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    function = FakeLambda(lambda _: {"batchItemFailures": [{"itemIdentifier": "3"}]})
    place = FakePlace.of(sqs, kinesis=FakeKinesis(tweets(1, 5)), function=function)
    monkeypatch.setattr(since, "open_stack", lambda *_: (place, STACK))

    assert run("redrive", "--since", "6h") == 1

    err = capfd.readouterr().err
    assert "Records: 2 stored, 0 rejected." in err
    assert "Error: The stream was only partly reprocessed: " in err
    assert err.endswith(". To do that, run:\n  tweetpipe logs --since 1h\n")


@pytest.mark.parametrize(
    ("second", "advice"),
    [
        (exhausted(1, 3), ""),
        (
            exhausted(7, 9),  # expired: no command brings these records back
            "For what to do about the others, see:\n  tweetpipe dead-letters redrive --help\n",
        ),
    ],
    ids=["all-too-slow", "others-expired"],
)
def test_letters_that_the_function_is_too_slow_for_lead_to_a_longer_timeout(
    second: str,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    sqs = FakeSqs({"slow": exhausted(1, 3), "second": second})
    place = FakePlace.of(sqs, kinesis=FakeKinesis(tweets(1, 3)), function=FakeLambda(most=0))
    monkeypatch.setattr(commands, "open_stack", lambda *_: (place, STACK))

    assert run("redrive", "--all") == 1

    err = capfd.readouterr().err
    assert "Error: 2 dead letters were kept: " in err
    assert err.endswith(". To do that, run:\n  tweetpipe deploy -p Timeout=180\n" + advice)


def test_purge_deletes_the_named_or_all(sqs: FakeSqs) -> None:
    assert run("purge", "aaaa", "dddd", "--yes") == 0
    assert sqs.visible() == ["aabb-2", "cccc-3"]

    assert run("purge", "--all", "-y") == 0
    assert sqs.bodies == {}

    assert run("purge", "--all", "-y") == 0


LONG_AGO = {"reason": "not-json", "arrivedAt": "1990-01-01T00:00:00.000Z"}


@pytest.mark.parametrize(
    ("options", "deleted"),
    [
        ("--kind rejected", ["aaaa-1", "aabb-2", "eeee-5"]),
        ("--all --kind exhausted", ["cccc-3"]),
        ("--kind unknown", ["dddd-4"]),
        ("--reason no-id", ["aaaa-1", "aabb-2"]),
        ("--reason RetryAttemptsExhausted", ["cccc-3"]),
        ("--kind exhausted --reason no-id", []),
        ("--reason no", []),
        ("--older-than 3653d", ["eeee-5"]),
        ("--older-than 0s", ["aaaa-1", "aabb-2", "cccc-3", "dddd-4", "eeee-5"]),
        ("--kind rejected --reason not-json --older-than 1d", ["eeee-5"]),
    ],
)
def test_a_purge_by_kind_reason_and_age_deletes_what_matches_all_of_them(
    options: str, deleted: list[str], sqs: FakeSqs, capfd: pytest.CaptureFixture[str]
) -> None:
    sqs.put("eeee-5", json.dumps(REJECTED | LONG_AGO))
    before = sqs.visible()

    assert run("purge", *options.split(), "--yes") == 0

    assert sorted(set(before) - set(sqs.bodies)) == deleted
    assert sorted(sqs.visible()) == sorted(sqs.bodies)
    said = (
        f"Deleted {counted(len(deleted), 'dead letter')}."
        if deleted
        else "No such dead letters; nothing"
    )
    assert said in capfd.readouterr().err


def test_a_purge_that_breaks_off_says_how_far_it_came(
    sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(20):
        sqs.put(f"{number:08}-r", json.dumps(REJECTED))
    delete = sqs.delete_message_batch
    is_first = iter([True])

    def delete_once(**arguments: Any) -> Any:
        if not next(is_first, False):
            raise KeyboardInterrupt
        return delete(**arguments)

    monkeypatch.setattr(sqs, "delete_message_batch", delete_once)

    assert run("purge", "--all", "--yes") == 130
    assert "Deleted 10 of 24 dead letters." in capfd.readouterr().err
    assert len(sqs.visible()) == 14


@pytest.mark.parametrize(("answer", "left"), [("n\n", 4), ("y\n", 0)])
def test_purge_asks_and_says_how_many(
    answer: str,
    left: int,
    sqs: FakeSqs,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())

    code = run("purge", "--all")

    assert (code, len(sqs.visible())) == (1 if left else 0, left)
    asked = "Permanently delete 4 dead letters of the stack tweets?"
    err = capfd.readouterr().err
    assert asked in err
    assert err.endswith("Error: Nothing was deleted.\n" if left else "Deleted 4 dead letters.\n")
