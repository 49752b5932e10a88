"""Several files as one source, and runs that go on in the middle of one of them."""

from __future__ import annotations

import gzip
import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer import (
    FileSet,
    PositionError,
    Report,
    ResumableFile,
    ResumableFiles,
    SourceError,
    WholeFile,
)
from tests.examples import examples
from tests.unit.producer.doubles import FakeKinesis, accept, call_failure, position_of, run

STREAM = "tweets"
Form = tuple[str, Callable[[Sequence[bytes]], bytes]]

# What people have, the last two as a count of records alone says how far it was sent.
PLAIN: Form = ("ndjson", lambda tweets: b"".join(tweet + b"\n" for tweet in tweets))
GZIP: Form = ("ndjson.gz", lambda tweets: gzip.compress(PLAIN[1](tweets)))
ARRAY: Form = ("json", lambda tweets: b"[" + b",".join(tweets) + b"]")
FORMS = [PLAIN, GZIP, ARRAY]


def tweet(number: int) -> bytes:
    return json.dumps(
        {"id_str": str(number), "text": "x", "user": {"name": "A", "screen_name": f"a{number}"}}
    ).encode()


def tweets(count: int, *, start: int = 0) -> list[bytes]:
    return [tweet(number) for number in range(start, start + count)]


def write(folder: Path, form: Form, content: Sequence[bytes], name: str) -> Path:
    path = folder / f"{name}.{form[0]}"
    path.write_bytes(form[1](content))
    return path


def to_resume(files: Sequence[Path]) -> ResumableFiles:
    return ResumableFiles([ResumableFile(str(file), stream=STREAM) for file in files])


def resume(files: Sequence[Path], undelivered: Path, **options: Any) -> tuple[FakeKinesis, Report]:
    kinesis = FakeKinesis()
    return kinesis, run(to_resume(files), kinesis, undelivered, **options)


def data_of(source: Any) -> list[Any]:
    return [json.loads(record.data)["id_str"] for record in source]


def test_files_are_read_one_after_the_other_and_the_bytes_of_all_are_counted(
    tmp_path: Path,
) -> None:
    files = [write(tmp_path, form, tweets(3, start=3 * n), str(n)) for n, form in enumerate(FORMS)]
    source = FileSet([WholeFile(str(file)) for file in files])
    sizes = [file.stat().st_size for file in files]
    seen = []

    for record in source:
        seen.append((record.data, source.number))
        assert sum(sizes[: source.number - 1]) <= source.bytes_read <= sum(sizes)
        assert source.current.name == str(files[source.number - 1])

    assert source.size == source.bytes_read == sum(sizes)
    assert [json.loads(data) for data, _ in seen] == [json.loads(data) for data in tweets(9)]
    assert [number for _, number in seen] == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_each_file_is_looked_at_before_any_is_read(tmp_path: Path) -> None:
    first = write(tmp_path, PLAIN, tweets(1), "a")

    with pytest.raises(SourceError, match="cannot read"):
        FileSet([WholeFile(str(first)), WholeFile(str(tmp_path / "none"))])


def test_as_many_files_as_there_are_need_no_more_than_a_few_open_at_once(
    tmp_path: Path,
) -> None:
    files = [write(tmp_path, PLAIN, [tweet(n)], f"{n:03}") for n in range(60)]
    before = len(os.listdir("/dev/fd"))
    most = 0

    for source in (FileSet([WholeFile(str(file)) for file in files]), to_resume(files)):
        for _ in source:
            most = max(most, len(os.listdir("/dev/fd")))

    assert most - before <= 12


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
def test_a_run_that_was_killed_in_the_third_file_is_gone_on_with_there(
    form: Form, tmp_path: Path, undelivered: Path
) -> None:
    files = [write(tmp_path, form, tweets(10, start=10 * n), str(n)) for n in range(4)]
    killed = to_resume(files)
    for number, _ in enumerate(killed, 1):
        killed.keep(killed.offset)
        if number == 25:
            break

    rest = to_resume(files)
    is_done = [file.is_done for file in rest.files[:2]]

    if form is not PLAIN:
        assert is_done == [True, True]
    assert data_of(rest) == [str(number) for number in range(25, 40)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
def test_a_set_that_has_grown_sends_the_new_files_alone(
    form: Form, tmp_path: Path, undelivered: Path
) -> None:
    files = [write(tmp_path, form, tweets(5, start=5 * n), f"{n}b") for n in range(2)]
    first, _ = resume(files, undelivered)
    before = {file: position_of(file).stat().st_mtime_ns for file in files}
    new = [write(tmp_path, form, tweets(5, start=50 + 5 * n), f"{n}a") for n in range(3)]

    second, _ = resume(sorted([*files, *new]), undelivered)
    third, report = resume(sorted([*files, *new]), undelivered)

    assert sum(first.stored.values()) == 10
    assert {json.loads(data)["id_str"] for data in second.stored} == {
        str(number) for number in range(50, 65)
    }
    assert sum(second.stored.values()) == 15
    assert (third.calls, report.read) == ([], 0)
    # What is as it was is not written again.
    assert {file: position_of(file).stat().st_mtime_ns for file in files} == before


def test_a_compressed_file_that_was_sent_is_not_read_again(
    tmp_path: Path, undelivered: Path
) -> None:
    file = write(tmp_path, GZIP, tweets(5), "a")
    resume([file], undelivered)

    source = to_resume([file])

    assert source.files[0].is_done
    assert source.bytes_read == source.size == file.stat().st_size
    assert list(source) == []


def test_what_was_appended_to_a_compressed_file_is_sent_by_the_next_run(
    tmp_path: Path, undelivered: Path
) -> None:
    file = write(tmp_path, GZIP, tweets(5), "a")
    resume([file], undelivered)
    with file.open("ab") as end:
        end.write(GZIP[1](tweets(2, start=5)))

    assert data_of(to_resume([file])) == ["5", "6"]


@pytest.mark.parametrize("form", [GZIP, ARRAY], ids=lambda form: form[0])
def test_a_file_that_was_changed_is_refused_before_anything_is_sent(
    form: Form, tmp_path: Path, undelivered: Path
) -> None:
    files = [write(tmp_path, form, tweets(5, start=5 * n), str(n)) for n in range(2)]
    resume(files, undelivered)

    write(tmp_path, form, [*tweets(4, start=5), tweet(7)], "1")

    with pytest.raises(PositionError, match=r"1\..*replaced or .*Delete that file to send every"):
        to_resume(files)


def test_positions_of_earlier_releases_are_gone_on_from(tmp_path: Path, undelivered: Path) -> None:
    file = write(tmp_path, PLAIN, tweets(5), "a")
    resume([file], undelivered)
    position = json.loads(position_of(file).read_bytes())

    assert position["version"] == 1
    assert set(position) == {"version", "stream", "offset", "unended_bytes", "fingerprint"}


def test_a_last_line_that_waits_is_told_for_each_file(tmp_path: Path) -> None:
    files = [tmp_path / "a.ndjson", tmp_path / "b.ndjson", tmp_path / "c.ndjson"]
    for file in files:
        file.write_bytes(tweet(1) + b"\n" + tweet(2)[:-5])
    files[1].write_bytes(tweet(1))

    source = to_resume(files)

    assert data_of(source) == ["1", "1", "1"]
    assert source.waiting == [str(files[0]), str(files[2])]


@given(
    counts=st.lists(st.integers(0, 12), min_size=1, max_size=12),
    forms=st.lists(st.sampled_from(FORMS), min_size=12, max_size=12),
    stop_after=st.lists(st.integers(1, 40), max_size=3),
    keep_every=st.integers(1, 5),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=examples(15),
)
def test_runs_that_are_killed_anywhere_together_send_each_tweet(
    tmp_path: Path,
    counts: list[int],
    forms: list[Form],
    stop_after: list[int],
    keep_every: int,
) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    numbers = itertools.count()
    files = [
        write(tmp_path, form, [tweet(next(numbers)) for _ in range(count)], f"{n:02}")
        for n, (count, form) in enumerate(zip(counts, forms, strict=False))
        if count or form is PLAIN
    ]
    if not files:
        return
    sent: Counter[str] = Counter()
    for most in stop_after:
        source = to_resume(files)
        unkept: list[str] = []
        for number, record in enumerate(source, 1):
            unkept.append(json.loads(record.data)["id_str"])
            if number % keep_every == 0:
                source.keep(source.offset)
                sent.update(unkept)
                unkept.clear()
            if number == most:
                break

    sent.update(data_of(to_resume(files)))

    assert sent == Counter(str(number) for number in range(sum(counts)))


def test_what_is_in_hand_when_a_run_breaks_is_sent_again(tmp_path: Path, undelivered: Path) -> None:
    """The positions of files that were read to their end count only what is settled, too."""
    files = [write(tmp_path, PLAIN, [tweet(n)], f"{n:03}") for n in range(40)]

    def fail_late(data: list[bytes]) -> Sequence[str | None]:
        if tweet(20) in data:
            raise call_failure("ExpiredTokenException")
        return accept(data)

    first = FakeKinesis(fail_late)
    undelivered.mkdir()
    with pytest.raises(Exception, match="cannot write undelivered"):
        run(to_resume(files), first, undelivered, max_records=1, calls_in_flight=1)
    undelivered.rmdir()
    second, _ = resume(files, undelivered)

    assert set(first.stored) | set(second.stored) == set(tweets(40))
