"""The record of an instance."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from localstack_embedded import state
from localstack_embedded.state import InstanceRecord


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = replace(InstanceRecord.of(os.getpid(), 4566), version="4.9.2")
    state.write(tmp_path, record)
    assert state.read(tmp_path) == record


def test_a_removed_record_is_no_more(tmp_path: Path) -> None:
    state.write(tmp_path, InstanceRecord.of(os.getpid(), 4566))
    state.remove(tmp_path)
    assert state.read(tmp_path) is None


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    state.remove(tmp_path)
    assert state.read(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", "{}", '{"pid": 1, "what": 2}'),
        '{"pid": "1", "started": "1", "port": 1}',
        '{"pid": true, "started": "1", "port": 1}',
        '{"pid": -1, "started": "1", "port": 1}',
        '{"pid": 99999999999999999999, "started": "1", "port": 1}',
        '{"pid": 1, "started": 1, "port": 1}',
        '{"pid": 1, "started": "1", "port": "4566"}',
        '{"pid": 1, "started": "1", "port": 65536}',
    ],
)
def test_a_damaged_record_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / state.STATE_FILE).write_text(content)
    assert state.read(tmp_path) is None


def test_a_record_finds_its_process() -> None:
    process = InstanceRecord.of(os.getpid(), 4566).process()
    assert process is not None
    assert process.pid == os.getpid()


def test_a_process_that_has_the_id_but_began_at_another_time_is_not_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        record = InstanceRecord.of(child.pid, 4566)
        assert record.started != InstanceRecord.of(os.getpid(), 4566).started
        assert replace(record, pid=os.getpid()).process() is None


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("seconds", [-2, 2, 86_400])
def test_a_step_of_the_clock_changes_no_process(
    seconds: float, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    record = InstanceRecord.of(os.getpid(), 4566)
    # On Linux, the boot time is the clock's time less the time since booting. psutil adds it to a
    # process's start time.
    booted = psutil.boot_time()
    monkeypatch.setattr("psutil._psplatform.boot_time", lambda: booted + seconds)
    assert record.process() is not None


def test_an_ended_process_is_none_even_before_it_is_reaped() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        record = InstanceRecord.of(child.pid, 4566)
        assert record.process()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert record.process() is None
    assert record.process() is None
