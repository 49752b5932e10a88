from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer import Progress, UndeliveredError, file_source, undelivered_path
from producer.undelivered import append, require_writable
from tests.unit.producer.doubles import FakeKinesis, records, refuse, run
from tests.unit.producer.doubles import lines as written


def test_records_are_appended_and_nothing_is_overwritten(undelivered: Path) -> None:
    undelivered.write_bytes(b"old\n")

    append(undelivered, [b"one", b"two"])
    append(undelivered, [b"three"])

    assert undelivered.read_bytes() == b"old\none\ntwo\nthree\n"


def test_a_half_line_left_by_a_crash_is_not_glued_to_the_next_record(undelivered: Path) -> None:
    undelivered.write_bytes(b'{"half":')

    append(undelivered, [b"whole"])

    assert undelivered.read_bytes() == b'{"half":\nwhole\n'


def test_a_half_line_left_by_a_crash_is_sent_as_it_is_with_the_whole_ones(
    undelivered: Path,
) -> None:
    undelivered.write_bytes(b'{"n": 1}\n{"half":')
    run(iter(records(1)), FakeKinesis(refuse), undelivered, give_up_after=0.0)
    kinesis = FakeKinesis()

    run(file_source(undelivered), kinesis, undelivered.with_name("again"))

    assert sorted(kinesis.stored) == [b'{"half":', b'{"n": 1}', b'{"n":0}']


def test_the_next_run_appends_to_what_the_last_one_set_aside(undelivered: Path) -> None:
    for start in (0, 10, 20):
        outgoing = records(10, start=start)
        run(outgoing, FakeKinesis(refuse), undelivered, give_up_after=0.0)

    assert written(undelivered) == [record.data for record in records(30)]


def test_records_count_as_failed_once_they_are_on_the_disk_and_not_before(
    undelivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync
    on_disk = 0

    def note(descriptor: int) -> None:
        nonlocal on_disk
        fsync(descriptor)
        # The folder of the file is synchronised too.
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            on_disk = len(written(undelivered))

    def check(progress: Progress) -> None:
        assert progress.failed <= on_disk

    monkeypatch.setattr(os, "fsync", note)
    report = run(
        records(3_000), FakeKinesis(refuse), undelivered, on_progress=check, give_up_after=0.0
    )

    assert report.failed == on_disk == 3_000


def test_records_that_did_not_reach_the_disk_are_not_said_to_be_in_the_file(
    undelivered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(
        UndeliveredError, match="10 records were neither delivered nor saved"
    ) as lost:
        run(records(10), FakeKinesis(refuse), undelivered, give_up_after=0.0, file_deadline=0.0)

    assert lost.value.report is not None
    assert (lost.value.report.unwritten, lost.value.report.undelivered) == (10, None)


lines = st.binary(min_size=1).filter(
    lambda line: (
        b"\n" not in line
        and not line.isspace()
        and not line.endswith(b"\r")
        and not line.startswith(b"\xef\xbb\xbf")
    )
)


@given(written=st.lists(lines))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_was_set_aside_is_read_back_byte_for_byte(
    undelivered: Path, written: list[bytes]
) -> None:
    undelivered.unlink(missing_ok=True)
    # The first bytes alone say what a file is.
    written = [b"{}", *written]

    append(undelivered, written)

    assert [record.data for record in file_source(undelivered)] == written


def test_checking_a_path_leaves_no_trace(undelivered: Path) -> None:
    require_writable(undelivered)

    assert list(undelivered.parent.iterdir()) == []


def test_a_path_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UndeliveredError, match=r"missing/undelivered\.ndjson: No such file"):
        require_writable(tmp_path / "missing" / "undelivered.ndjson")
    with pytest.raises(UndeliveredError, match="Is a directory"):
        require_writable(tmp_path)


def test_another_source_leaves_the_path_as_it_is(undelivered: Path, tmp_path: Path) -> None:
    tweets = tmp_path / "tweets.ndjson"
    tweets.touch()

    assert undelivered_path(undelivered, sources=[tweets]) == undelivered
    undelivered.touch()
    assert undelivered_path(undelivered, sources=[tweets]) == undelivered
    assert undelivered_path(undelivered, sources=["-"]) == undelivered


def test_reading_the_file_itself_sends_failures_to_its_next_free_sibling(
    undelivered: Path,
) -> None:
    undelivered.touch()
    undelivered.with_name("undelivered.1.ndjson").touch()
    link = undelivered.with_name("link")
    link.symlink_to(undelivered)

    for source in (undelivered, str(undelivered), link):
        assert undelivered_path(undelivered, sources=[source]).name == "undelivered.2.ndjson"


def test_the_file_is_recognised_behind_standard_input(undelivered: Path) -> None:
    undelivered.touch()
    kept = os.dup(0)
    try:
        with undelivered.open("rb") as file:
            os.dup2(file.fileno(), 0)
        path = undelivered_path(undelivered, sources=["-"])
    finally:
        os.dup2(kept, 0)
        os.close(kept)

    assert path.name == "undelivered.1.ndjson"
