"""`produce file` with several files: what it sends, says, and refuses."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.producer.doubles import KinesisServer, fail_with
from tests.unit.tweetpipe.commands.conftest import Produce


def tweet(number: int) -> bytes:
    return b'{"id_str": "%d", "text": "x", "user": {"name": "A"}}' % number


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    """Tweets 0 and 1 in a.ndjson, 2 and 3 in day/00.json.gz, 4 and 5 in day/01/05.ndjson."""
    (tmp_path / "day/01").mkdir(parents=True)
    lines = [b"%s\n%s\n" % (tweet(n), tweet(n + 1)) for n in (0, 2, 4)]
    (tmp_path / "a.ndjson").write_bytes(lines[0])
    (tmp_path / "day/00.json.gz").write_bytes(gzip.compress(lines[1]))
    (tmp_path / "day/01/05.ndjson").write_bytes(lines[2])


def sent(kinesis: KinesisServer) -> list[int]:
    numbers = Counter({int(json.loads(d)["id_str"]): n for d, n in kinesis.stored.items()})
    return sorted(numbers.elements())


@pytest.mark.parametrize(
    "line",
    [
        "file a.ndjson day",
        "file a.ndjson day/00.json.gz day/01",
        "file a.ndjson day/**/*.*",
        "file **",
        "--source file --file a.ndjson --file day",
        "--source file --file a.ndjson --file day/*.gz --file day/*/*",
        "--source file --file a.ndjson day",
    ],
)
def test_all_files_are_sent_in_whatever_form_they_are_named(
    line: str, produce: Produce, kinesis: KinesisServer
) -> None:
    run = produce(*line.split())

    assert run.returncode == 0, run.stderr
    assert sent(kinesis) == [0, 1, 2, 3, 4, 5]
    assert "Read 6, sent 6 " in run.stderr
    assert "file 3 of 3: day/01/05.ndjson" in run.stderr


def test_a_file_that_is_named_twice_is_sent_once_and_that_is_said(
    produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    (tmp_path / "link.ndjson").symlink_to("a.ndjson")

    run = produce("file", "a.ndjson", "link.ndjson")

    assert run.returncode == 0
    assert sent(kinesis) == [0, 1]
    assert "Named more than once, but sent only once: link.ndjson\n" in run.stderr


@pytest.mark.parametrize("options", ["", " --stack mine", " --stack mine --target aws"])
def test_a_command_to_send_what_a_file_holds_leads_to_the_same_stack(
    options: str, produce: Produce, tmp_path: Path
) -> None:
    (tmp_path / "tweets.tar").write_bytes(b"\0" * 257 + b"ustar" + b"\0" * 250)

    run = produce("file", "tweets.tar", *options.split())

    assert run.returncode == 2
    assert f"tar -xOf tweets.tar | tweetpipe produce file -{options}\n" in run.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "file a.ndjson nope-*.gz",
            "no file matches nope-*.gz. Check the path, which is relative to",
        ),
        ("--source file --file a.ndjson --file empty", "empty has no files to send"),
        ("file a.ndjson - -", "- is given twice"),
        ("file a.ndjson - --resume", "standard input can't be read again"),
        ("file a.ndjson table.csv", "table.csv"),
    ],
)
def test_what_can_not_be_sent_is_told_before_anything_is(
    line: str, said: str, produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "table.csv").write_text("id,text,user\n1,hello,ada\n2,bye,bo\n")

    run = produce(*line.split())

    assert run.returncode == 2
    assert said in run.stderr
    assert kinesis.calls == []


def test_resumed_it_sends_what_has_come_since_and_says_where_it_goes_on(
    produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    first = produce("file", ".", "--resume")
    again = produce("file", ".", "--resume")
    (tmp_path / "day/02.json.gz").write_bytes(gzip.compress(tweet(6) + b"\n"))
    with (tmp_path / "a.ndjson").open("ab") as end:
        end.write(tweet(7) + b"\n")
    third = produce("file", ".", "--resume")

    assert [run.returncode for run in (first, again, third)] == [0, 0, 0]
    assert "Read 6, sent 6 " in first.stderr
    assert "3 of 3 files were already sent" in again.stderr
    assert "Nothing to send: all 3 files have already been sent completely." in again.stderr
    assert "2 of 4 files were already sent\n" in third.stderr
    assert re.search(r"Continuing at byte 1\d\d of 1\d\d in a.ndjson", third.stderr)
    assert "Read 2, sent 2 " in third.stderr
    assert sent(kinesis) == list(range(8))


@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["whole", "resumed"])
def test_a_file_that_is_cut_short_holds_up_none_after_it(
    resume: list[str], produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    cut = tmp_path / "day/00.json.gz"
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-8])

    run = produce("file", ".", *resume)

    assert run.returncode == 1
    assert sent(kinesis) == [0, 1, 2, 3, 4, 5]
    assert "Error: day/00.json.gz is incomplete" in run.stderr
    again_with = " --resume" if resume else ""
    assert run.stderr.endswith(
        ". The records before that were sent, and so were the other files. Repair it, or get a "
        "complete copy. To send it again (nothing is stored twice), run:\n"
        f"  tweetpipe produce file day/00.json.gz{again_with} --own-credentials\n"
    )

    cut.write_bytes(whole)
    again = produce("file", "." if resume else "day/00.json.gz", *resume)

    assert again.returncode == 0, again.stderr
    assert sent(kinesis) in ([*range(6)], [0, 1, 2, 2, 3, 3, 4, 5])


def test_of_many_files_that_are_damaged_the_first_are_told(
    produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    for number in range(5):
        (tmp_path / f"day/x{number}").write_bytes(b'[{"text": "x"}, ')

    run = produce("file", ".")

    assert run.returncode == 1
    assert "day/x2 is incomplete: line 1, character 17 is not valid JSON" in run.stderr
    assert "; and 2 more files" in run.stderr
    assert run.stderr.endswith(
        "Repair them, or get complete copies. To send them again (nothing is stored twice), run "
        "this command again\n"
    )


@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["whole", "resumed"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "none.ndjson",
            "cannot read none.ndjson: No such file or directory. Nothing was sent. "
            "Check the path, which is relative to {}, then run this command again.\n",
        ),
        (
            "",
            "cannot read '': No such file or directory. Nothing was sent. "
            "Check the path, which is relative to {}, then run this command again.\n",
        ),
        (
            "cut.gz",
            "cut.gz is incomplete: its gzip data ends early, at byte 12. Nothing was sent. "
            "Repair it, or get a complete copy, then run this command again.\n",
        ),
    ],
)
def test_a_file_that_can_not_be_opened_stops_all_and_the_way_out_is_told(
    name: str,
    said: str,
    resume: list[str],
    produce: Produce,
    kinesis: KinesisServer,
    tmp_path: Path,
) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(tweet(1) * 9)[:12])

    run = produce("file", "a.ndjson", name, *resume)

    assert run.returncode == 1
    assert run.stderr == f"Error: {said.format(tmp_path)}"
    assert kinesis.calls == []


def test_records_that_failed_before_the_damage_are_told_apart_from_those_sent(
    produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(tweet(1) + b"\n" + tweet(2) + b"\n")[:-8])
    kinesis.script = [fail_with(400, "ThrottlingException")] * 10

    run = produce("file", "cut.gz", "--give-up-after", "0", "--author", "A B")

    error, resend, then, again = run.stderr[run.stderr.index("Error") :].splitlines()
    assert "cut.gz is incomplete" in error
    assert "They are in undelivered.ndjson. To send them again, run:" in error
    assert resend == "  tweetpipe produce file undelivered.ndjson --own-credentials"
    assert then.startswith("The other records before that were sent. Repair it, or get")
    assert again == "  tweetpipe produce file cut.gz --author 'A B' --own-credentials"


def test_a_line_that_is_too_long_leads_to_no_other_copy(
    produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    (tmp_path / "long.ndjson").write_bytes(tweet(1) + b'\n{"a": "' + b"x" * (17 << 20))

    run = produce("file", "long.ndjson")

    assert run.returncode == 1
    assert sent(kinesis) == [1]
    assert "long.ndjson is longer than 16,777,216 bytes" in run.stderr
    assert re.search(
        r"\n  jq .* \| tweetpipe produce file -\nThe records before that were sent\n$", run.stderr
    )


def test_undelivered_files_of_the_folder_are_sent_only_by_name(
    produce: Produce, kinesis: KinesisServer, tmp_path: Path
) -> None:
    (tmp_path / "undelivered.ndjson").write_bytes(tweet(9) + b"\n")

    produce("file", ".")
    assert sent(kinesis) == [0, 1, 2, 3, 4, 5]

    produce("file", "a.ndjson", "undelivered.ndjson")
    assert sent(kinesis) == [0, 0, 1, 1, 2, 3, 4, 5, 9]
