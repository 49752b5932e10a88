"""What one run leaves for the next."""

from __future__ import annotations

import errno
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from producer import PositionError
from tweets.x.gaps import Gap, Window, told
from tweets.x.lately import Lately, load, resumed, save

WINDOW = Window(since=1000.0, until=1100.0, rules=("yolo", "cats"), due=1130.5, is_second=True)
GAP = Gap(since=900.0, until=950.0, rules=("yolo",), why="it was so")
LATELY = Lately(
    stack="arn:stack",
    rules=("yolo", "cats"),
    seen=1200.25,
    last_id="123",
    connected=1150.0,
    backfill=True,
    windows=(WINDOW,),
    gaps=(GAP,),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x-tweets-01234567.position"


def test_all_that_is_kept_is_read_again(path: Path) -> None:
    assert load(path) is None
    for lately in (LATELY, Lately(stack="arn:stack", rules=("yolo",))):
        save(path, lately)
        assert load(path) == lately


def test_the_next_run_goes_on_with_the_rules_that_are_still_tracked(path: Path) -> None:
    save(path, LATELY)

    lately, said = resumed(path, stack="arn:stack", rules=["dogs", "cats"])

    window = replace(WINDOW, rules=("cats",))
    assert lately == replace(LATELY, rules=("cats",), windows=(window,))
    assert said == []


def test_other_rules_owe_nothing(path: Path) -> None:
    save(path, LATELY)
    lately, _ = resumed(path, stack="arn:stack", rules=["dogs"])
    assert (lately.seen, lately.windows, lately.rules) == (None, (), ("dogs",))
    assert lately.gaps == (GAP,)


def test_another_stack_of_the_same_name_starts_anew(path: Path) -> None:
    save(path, LATELY)
    lately, [said] = resumed(path, stack="arn:other", rules=["yolo"])
    assert lately == Lately(stack="arn:other", rules=("yolo",))
    assert "earlier stack" in said


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version": 2}', b'{"version": 1}', b"\xff", b"null", b"[" * 100_000],
)
def test_a_torn_file_is_put_aside_and_all_since_it_was_written_is_owed(
    content: bytes, path: Path
) -> None:
    path.write_bytes(content)
    os.utime(path, (5000.0, 5000.0))
    with pytest.raises(PositionError):
        load(path)

    lately, [said] = resumed(path, stack="arn:stack", rules=["yolo"])

    assert lately == Lately(stack="arn:stack", rules=("yolo",), seen=4700.0)
    assert "may be incomplete" in said
    assert not path.exists()
    assert path.with_name(f"{path.name}.unreadable").read_bytes() == content


def test_every_torn_half_of_a_file_is_told_from_a_whole_one(path: Path) -> None:
    save(path, LATELY)
    whole = path.read_bytes()
    for size in range(0, len(whole) - 2, 7):
        path.write_bytes(whole[:size])
        with pytest.raises(PositionError):
            load(path)


def test_what_can_t_be_kept_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(PositionError, match="cannot save"):
        save(tmp_path / "nowhere" / "x.position", LATELY)


ODD: list[object] = [None, True, -1, 0, 1e300, float("inf"), float("nan"), "x", [], {}, [1], [[]]]


@pytest.mark.parametrize("where", ["", "windows", "gaps"])
def test_a_file_of_something_else_is_put_aside_or_makes_sense(where: str, path: Path) -> None:
    save(path, LATELY)
    whole = json.loads(path.read_bytes())
    for name in whole[where][0] if where else whole:
        for odd in [*ODD, "missing"]:
            changed = json.loads(path.read_bytes())
            inside = changed[where][0] if where else changed
            inside[name] = odd
            if odd == "missing":
                del inside[name]
            other = path.with_name("other.position")
            other.write_text(json.dumps(changed))
            lately, _ = resumed(other, stack="arn:stack", rules=["yolo", "cats"])
            # All that is done with it later works.
            save(other, lately)
            told(lately.gaps, to_be_searched=lately.to_be_searched)
            assert all(isinstance(rule, str) for gap in lately.gaps for rule in gap.rules)
            assert lately.seen is None or 0 <= lately.seen < 1e10


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace"])
def test_what_was_kept_is_whole_wherever_keeping_more_breaks_off(
    step: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(path, LATELY)
    full = OSError(errno.ENOSPC, "No space left on device")

    def broken(*_: object, **__: object) -> None:
        raise full

    class Full(io.BytesIO):
        write = flush = broken  # type: ignore[assignment]

    with monkeypatch.context() as patch:
        if step == "open":
            patch.setattr(Path, "open", broken)
        elif step == "write":
            patch.setattr(Path, "open", lambda *_: Full())
        elif step == "fsync":
            patch.setattr(os, "fsync", broken)
        else:
            patch.setattr(Path, "replace", broken)
        with pytest.raises(PositionError, match="No space left on device"):
            save(path, replace(LATELY, seen=1300.0))

    assert load(path) == LATELY
    assert [each.name for each in path.parent.iterdir()] == [path.name]
