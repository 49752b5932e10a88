from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer import PositionError, ResumableFile, SettingsError, SourceError, file_source
from producer import position as positions
from producer.files.reading import MAX_LINE_BYTES
from tests.examples import examples
from tests.unit.producer.doubles import position_of

STREAM = "tweets"


def send(tweets: Path, *, at_most: int = 1_000_000, stream: str = STREAM) -> list[bytes]:
    """What one run reads that keeps its position after the last record."""
    source = ResumableFile(tweets, stream=stream)
    source.keep(source.offset)
    sent = []
    for record in source:
        sent.append(record.data)
        source.keep(source.offset)
        if len(sent) == at_most:
            break
    return sent


def kept(tweets: Path) -> int:
    """The kept offset, which is where a line starts."""
    offset = json.loads(position_of(tweets).read_bytes())["offset"]
    assert isinstance(offset, int)
    assert offset == 0 or tweets.read_bytes()[offset - 1 : offset] == b"\n"
    return offset


@pytest.mark.parametrize(
    "content",
    [
        b"a\nb\nc\n",
        b"a\r\nb\r\nc\r\n",
        b"\xef\xbb\xbfa\nb\nc\n",
        b"\n \na\n\r\n\nb\n\t\nc\n\n\n",
        b"a\n\xef\xbb\xbfb\nc\n",
        b'a\nb\n{"c": 1}',
        b'\xef\xbb\xbf{"c": 1}',
        b'a\r\n{"c": 1}\r',
        b"",
        b"\xef\xbb\xbf",
    ],
)
def test_each_line_is_given_once_wherever_runs_end(tweets: Path, content: bytes) -> None:
    tweets.write_bytes(content)
    whole = [record.data for record in file_source(tweets)]

    for at_most in range(1, len(whole) + 1):
        position_of(tweets).unlink(missing_ok=True)
        sent = []
        while run := send(tweets, at_most=at_most):
            sent += run
            kept(tweets)
        assert sent == whole


@given(
    lines=st.lists(
        st.binary(max_size=9).filter(lambda line: b"\n" not in line)
        | st.sampled_from([b"", b"\r", b"{}", b"\xef\xbb\xbf", b'{"n": 1}\r'])
    ),
    ended=st.booleans(),
    at_most=st.integers(1, 4),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=examples(30),
)
def test_runs_together_give_what_one_run_gives(
    tweets: Path, lines: list[bytes], ended: bool, at_most: int
) -> None:
    # The first bytes alone say what a file is.
    tweets.write_bytes(b"\n".join([b"{}", *lines]) + (b"\n" if ended else b""))
    position_of(tweets).unlink(missing_ok=True)
    sent = []
    while run := send(tweets, at_most=at_most):
        sent += run
        kept(tweets)
    source = ResumableFile(tweets, stream=STREAM)
    assert list(source) == []
    whole = [record.data for record in file_source(tweets)]

    assert sent == (whole[:-1] if source.waits else whole)


def test_lines_appended_meanwhile_are_given_by_the_next_run(tweets: Path) -> None:
    tweets.write_bytes(b"a\n")
    assert send(tweets) == [b"a"]
    assert send(tweets) == []

    with tweets.open("ab") as file:
        file.write(b"b\nc\n")

    assert send(tweets) == [b"b", b"c"]


def test_a_half_line_waits_until_it_is_whole(tweets: Path) -> None:
    tweets.write_bytes(b'{"n": 1}\n{"n": ')
    source = ResumableFile(tweets, stream=STREAM)
    assert [record.data for record in source] == [b'{"n": 1}']
    assert source.waits
    source.keep(source.offset)

    with tweets.open("ab") as file:
        file.write(b"2}\n")

    assert send(tweets) == [b'{"n": 2}']
    assert kept(tweets) == tweets.stat().st_size


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\r", b"\n\n \n"])
def test_a_whole_last_line_is_not_given_again_when_its_end_comes(
    tweets: Path, ending: bytes
) -> None:
    tweets.write_bytes(b'a\n{"n": 1}')
    assert send(tweets) == [b"a", b'{"n": 1}']
    assert kept(tweets) == 2

    with tweets.open("ab") as file:
        file.write(ending)

    assert send(tweets) == []
    with tweets.open("ab") as file:
        file.write(b"\nb\n")
    assert send(tweets) == [b"b"]


def test_a_last_line_that_went_on_is_given_again(tweets: Path) -> None:
    tweets.write_bytes(b'a\n{"n": 1}')
    send(tweets)

    with tweets.open("ab") as file:
        file.write(b" and more")
    source = ResumableFile(tweets, stream=STREAM)
    assert list(source) == []
    assert source.waits
    source.keep(source.offset)
    with tweets.open("ab") as file:
        file.write(b"\nb\n")

    assert send(tweets) == [b'{"n": 1} and more', b"b"]


def test_the_position_of_a_last_line_that_went_on_stays_before_it(tweets: Path) -> None:
    tweets.write_bytes(b'{"n": 1}')
    send(tweets)
    with tweets.open("ab") as file:
        file.write(b" ")
    source = ResumableFile(tweets, stream=STREAM)
    before = source.offset
    assert [record.data for record in source] == [b'{"n": 1} ']

    source.keep(before)
    assert send(tweets) == [b'{"n": 1} ']
    assert send(tweets) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a\n", id="cut"),
        pytest.param(b"", id="emptied"),
        pytest.param(b"x\nb\nc\nd\n", id="another beginning"),
        pytest.param(b"a\nb\nx\nd\n", id="another line before the position"),
    ],
)
def test_another_file_of_that_name_is_refused_in_one_line_that_says_what_to_do(
    tweets: Path, content: bytes
) -> None:
    tweets.write_bytes(b"a\nb\nc\nd\n")
    send(tweets, at_most=3)
    before = position_of(tweets).read_bytes()

    tweets.write_bytes(content)
    with pytest.raises(PositionError) as refusal:
        ResumableFile(tweets, stream=STREAM)

    message = str(refusal.value)
    assert "\n" not in message
    assert "Delete that file to send everything again, or run without --resume" in message
    assert position_of(tweets).read_bytes() == before


def test_a_file_replaced_while_it_is_read_does_not_get_its_position(tweets: Path) -> None:
    tweets.write_bytes(b"a\nb\n")
    source = ResumableFile(tweets, stream=STREAM)
    assert len(list(source)) == 2
    new = tweets.with_name("new")
    new.write_bytes(b"x\ny\nz\n")
    new.replace(tweets)

    source.keep(source.offset)

    with pytest.raises(PositionError, match="replaced or changed"):
        ResumableFile(tweets, stream=STREAM)


def test_a_file_cut_short_while_it_is_read_is_told(tweets: Path) -> None:
    tweets.write_bytes(b"a\nb\n")
    source = iter(ResumableFile(tweets, stream=STREAM))
    assert next(source).data == b"a"

    tweets.write_bytes(b"a\n")

    assert next(source).data == b"b"
    with pytest.raises(SourceError, match="got shorter while it was being read"):
        next(source)


def test_a_position_on_another_stream_is_refused(tweets: Path) -> None:
    tweets.write_bytes(b"a\nb\n")
    send(tweets)

    with pytest.raises(PositionError, match=r"belongs to the stream tweets, not others\. Delete "):
        ResumableFile(tweets, stream="others")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"7",
        b"[" * 100_000,
        b"\xff",
        b'{"version": 2, "stream": "s", "offset": 0, "unended_bytes": 0, "fingerprint": ""}',
        b'{"version": 1, "stream": "s", "offset": -1, "unended_bytes": 0, "fingerprint": ""}',
        b'{"version": 1, "stream": "s", "offset": "0", "unended_bytes": 0, "fingerprint": ""}',
    ],
)
def test_what_is_no_position_is_refused(tweets: Path, content: bytes) -> None:
    tweets.write_bytes(b"a\n")
    position_of(tweets).write_bytes(content)

    with pytest.raises(PositionError, match=r"can't be read\. Delete that file"):
        ResumableFile(tweets, stream="s")


def test_an_offset_changed_by_hand_is_refused(tweets: Path) -> None:
    tweets.write_bytes(b"aaaa\nbbbb\n")
    send(tweets, at_most=1)
    position = json.loads(position_of(tweets).read_bytes())

    position_of(tweets).write_text(json.dumps(position | {"offset": 7}))

    with pytest.raises(PositionError, match="replaced or changed"):
        ResumableFile(tweets, stream=STREAM)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot read .*/none: No such file or directory"):
        ResumableFile(tmp_path / "none", stream=STREAM)
    with pytest.raises(SettingsError, match="--resume needs a regular file"):
        ResumableFile(tmp_path, stream=STREAM)


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(SettingsError, match="--resume needs a regular file"):
        ResumableFile(tmp_path / "pipe", stream=STREAM)


def test_an_endless_line_is_told_by_the_byte_that_reading_started_at(tweets: Path) -> None:
    tweets.write_bytes(b"a\nb\n")
    send(tweets)
    with tweets.open("ab") as file:
        file.write(b"x" * (MAX_LINE_BYTES + 1_000_000))

    with pytest.raises(SourceError, match=r"line 1 after byte 4 of .*ndjson is longer than"):
        send(tweets)


def test_a_position_that_cannot_be_replaced_stays_and_leaves_no_trace(
    tweets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tweets.write_bytes(b"a\nb\n")
    send(tweets, at_most=1)
    before = position_of(tweets).read_bytes()

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    source = ResumableFile(tweets, stream=STREAM)
    assert [record.data for record in source] == [b"b"]
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(PositionError, match=r"position: No space left on device"):
            source.keep(4)

    assert position_of(tweets).read_bytes() == before
    assert {path.name for path in tweets.parent.iterdir()} == {
        tweets.name,
        position_of(tweets).name,
    }


def test_a_file_that_cannot_be_read_again_gets_no_position(
    tweets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_disk(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    tweets.write_bytes(b"a\nb\n")
    source = ResumableFile(tweets, stream=STREAM)
    assert next(iter(source)).data == b"a"
    monkeypatch.setattr(os, "pread", broken_disk)
    with pytest.raises(PositionError, match=r"cannot read .*ndjson again .*: Input/output error"):
        source.keep(2)

    assert not position_of(tweets).exists()


def test_a_position_is_on_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        events.append("fsync")
        fsync(descriptor)

    def note_replace(path: Path, target: Path) -> Path:
        events.append("replace")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    positions.save(
        tmp_path / "position",
        positions.SavedPosition(stream="s", offset=0, unended_bytes=0, fingerprint=""),
    )

    assert events == ["fsync", "replace", "fsync"]


RUN = """
import sys
from producer import ResumableFile

source = ResumableFile(sys.argv[1], stream="tweets")
for _ in source:
    source.keep(source.offset)
"""


@pytest.mark.heavy
def test_two_runs_at_once_keep_whole_positions(tweets: Path) -> None:
    tweets.write_bytes(b"a\n" * 200)
    command = [sys.executable, "-c", RUN, str(tweets)]
    both = [subprocess.Popen(command, cwd=Path(__file__).parents[3]) for _ in range(2)]

    assert [process.wait(timeout=50) for process in both] == [0, 0]
    assert send(tweets) == []
