"""What status tells of posts that X's stream missed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.commands.twitter import Recovery, read_so_far
from tweets.x import Gap, Lately
from tweets.x.gaps import Window
from tweets.x.lately import save

STACK = complete_stack()
GAP = Gap(since=1_800_000_000.0, until=1_800_000_060.0, rules=("yolo",), why="it was so")
LEFT = Window(since=1_800_000_100.0, until=1_800_000_190.0, rules=("yolo",), due=0.0)


def keep(folder: Path, lately: Lately, *, app: str = "0123456789") -> Path:
    recovery = Recovery(most=1, folder=folder, place=None, deployed=STACK)  # type: ignore[arg-type]
    path = recovery.path(app)
    save(path, lately)
    return path


def test_gaps_of_all_apps_are_told_with_what_is_still_to_be_searched(tmp_path: Path) -> None:
    lately = Lately(stack=STACK.id, rules=("yolo",), gaps=(GAP,), windows=(LEFT,))
    path = keep(tmp_path, lately)
    keep(tmp_path, replace(lately, gaps=(), windows=()), app="another-app")

    so_far = read_so_far(tmp_path, STACK)

    assert so_far.lines == [
        "Posts may be missing in 1 gap of 60 s in all:",
        "  from 2027-01-15 08:00:00 to 2027-01-15 08:01:00 UTC: it was so",
        "90 s are still to be searched. To continue, run the same command again",
    ]
    assert str(path) in [each["file"] for each in so_far.content]
    assert len(so_far.content) == 2


def test_nothing_is_told_of_other_stacks_or_where_no_post_was_read(tmp_path: Path) -> None:
    assert read_so_far(tmp_path, STACK).lines == []
    keep(tmp_path, Lately(stack="arn:earlier", rules=("yolo",), gaps=(GAP,)))
    assert read_so_far(tmp_path, STACK).lines == []


def test_a_torn_file_is_told_and_left_to_the_next_run(tmp_path: Path) -> None:
    path = keep(tmp_path, Lately(stack=STACK.id, rules=("yolo",)))
    path.write_bytes(path.read_bytes()[:20])

    [line] = read_so_far(tmp_path, STACK).lines

    assert "may be incomplete" in line
    assert path.exists()
