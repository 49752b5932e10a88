from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from processor import trial
from processor.trial import Trial, try_out

PATIENT = 60.0  # seconds


def read(item: str) -> None:
    """What the item says happens."""
    if item == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "crashed":
        faulthandler.disable()
        os.abort()
    if item == "exits":
        sys.exit(7)
    if item == "raises":
        raise ValueError
    if item == "hangs":
        threading.Event().wait()


def test_all_are_readable_where_none_does_harm() -> None:
    assert try_out(["good", "raises", "good"], read, example="good", seconds=PATIENT) == Trial(3)


@pytest.mark.parametrize(
    ("item", "how"),
    [("killed", "SIGKILL"), ("crashed", "SIGABRT"), ("exits", "exit code 1")],
)
def test_each_record_that_ends_its_reader_is_found(item: str, how: str) -> None:
    items = [item, "good", item, item, "raises", item]

    found = try_out(items, read, example="good", seconds=PATIENT)

    assert found.end == len(items)
    assert found.fatal == dict.fromkeys([0, 2, 3, 5], f"reading it ends the function ({how})")


def test_a_record_that_is_read_for_ever_is_found_as_long_as_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begins, ended = iter([PATIENT]), []
    waitpid = os.waitpid

    def note_end(pid: int, options: int) -> tuple[int, int]:
        ended.append(pid)
        return waitpid(pid, options)

    def clock() -> float:
        """Leave both children ample time on a busy machine, and then none."""
        return 2 * PATIENT if len(ended) == 2 else next(begins, 0.0)

    monkeypatch.setattr(os, "waitpid", note_end)
    monkeypatch.setattr(trial, "time", SimpleNamespace(monotonic=clock))

    found = try_out(["good", "hangs", "hangs", "good"], read, example="good", seconds=6.0)

    assert found == Trial(2, {1: "reading it takes longer than 1 s"})


def test_a_child_that_is_killed_from_outside_makes_no_record_fatal(tmp_path: Path) -> None:
    def read_and_be_killed_once(item: str) -> None:
        if item == "second" and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    items = ["first", "second", "third"]

    assert try_out(items, read_and_be_killed_once, example="", seconds=PATIENT) == Trial(3)
    assert (tmp_path / "killed").exists()


def test_a_child_collects_nothing_of_what_it_inherits(tmp_path: Path) -> None:
    def write_count(item: str) -> None:
        (tmp_path / item).write_text(str(gc.get_freeze_count()))

    inherited = len(gc.get_objects())
    before = gc.get_freeze_count()

    try_out(["one"], write_count, example="example", seconds=PATIENT)

    assert int((tmp_path / "one").read_text()) > before + inherited / 2
    assert gc.get_freeze_count() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_only_comes_from_outside_makes_no_record_fatal_however_often(
    tmp_path: Path, number: signal.Signals
) -> None:
    def read_and_be_ended_thrice(item: str) -> None:
        ends = len(list(tmp_path.iterdir()))
        if item == "second" and ends < 3:
            (tmp_path / str(ends)).touch()
            os.kill(os.getpid(), number)

    items = ["first", "second", "third"]

    assert try_out(items, read_and_be_ended_thrice, example="", seconds=PATIENT) == Trial(3)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("example", ["killed", "exits"])
def test_nothing_is_said_of_records_where_the_example_does_the_same(example: str) -> None:
    assert try_out(["killed", "good"], read, example=example, seconds=PATIENT) == Trial(2)


def test_nothing_is_said_of_records_where_there_can_be_no_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> NoReturn:
        raise BlockingIOError

    before = len(os.listdir("/dev/fd"))
    monkeypatch.setattr(os, "fork", refuse)

    assert try_out(["killed"], read, example="good", seconds=PATIENT) == Trial(1)
    assert len(os.listdir("/dev/fd")) == before, "it left descriptors open"
