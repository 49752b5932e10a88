from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer import UndeliveredError, file_source, undelivered_path
from producer.undelivered import append, require_writable


def test_records_are_appended_and_nothing_is_overwritten(undelivered: Path) -> None:
    undelivered.write_bytes(b"old\n")

    append(undelivered, [b"one", b"two"])
    append(undelivered, [b"three"])

    assert undelivered.read_bytes() == b"old\none\ntwo\nthree\n"


def test_a_half_line_left_by_a_crash_is_not_glued_to_the_next_record(undelivered: Path) -> None:
    undelivered.write_bytes(b'{"half":')

    append(undelivered, [b"whole"])

    assert undelivered.read_bytes() == b'{"half":\nwhole\n'


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

    assert undelivered_path(undelivered, source=tweets) == undelivered
    undelivered.touch()
    assert undelivered_path(undelivered, source=tweets) == undelivered
    assert undelivered_path(undelivered, source="-") == undelivered


def test_reading_the_file_itself_sends_failures_to_its_next_free_sibling(
    undelivered: Path,
) -> None:
    undelivered.touch()
    undelivered.with_name("undelivered.1.ndjson").touch()
    link = undelivered.with_name("link")
    link.symlink_to(undelivered)

    for source in (undelivered, str(undelivered), link):
        assert undelivered_path(undelivered, source=source).name == "undelivered.2.ndjson"


def test_the_file_is_recognised_behind_standard_input(undelivered: Path) -> None:
    undelivered.touch()
    kept = os.dup(0)
    try:
        with undelivered.open("rb") as file:
            os.dup2(file.fileno(), 0)
        path = undelivered_path(undelivered, source="-")
    finally:
        os.dup2(kept, 0)
        os.close(kept)

    assert path.name == "undelivered.1.ndjson"
