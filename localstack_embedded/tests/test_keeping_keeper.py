"""When the state of services is kept, and what is kept with it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from localstack_embedded.plugin.keeping.folder import Folder
from localstack_embedded.plugin.keeping.keeper import Keeper, Part
from localstack_embedded.tests.clock import Clock


class World:
    """Services whose state is some bytes, and mappings at a place in their streams."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.held: dict[str, bytes] = {"sqs": b"1", "lambda": b"1", "iam": b"1"}
        self.place = 0
        self.can_flush = True
        self.made: list[str] = []
        self.keeper = Keeper(
            Folder(path, {}),
            self.parts,
            lambda: {"place": self.place},
            lambda: self.can_flush,
            clock=lambda: self.clock.now,
        )

    def parts(self) -> dict[str, Part]:
        def make(name: str) -> bytes:
            self.made.append(name)
            content = self.held[name]
            if content == b"bad":
                raise TypeError("it can't be pickled")
            return content

        return {name: (name, lambda name=name: make(name)) for name in self.held}  # type: ignore[misc]

    def tick(self, seconds: float = 1) -> bool:
        """Let time pass, then keep what has changed."""
        self.clock.now += seconds
        self.made.clear()
        return self.keeper._keep()

    @property
    def kept(self) -> dict[str, bytes]:
        folder = self.keeper.folder
        return {name: folder.read(name) for name in folder.names}

    @property
    def note(self) -> Any:
        return self.keeper.folder.note


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.keeper.touch("sqs")
    world.tick()
    return world


def test_everything_is_kept_at_first(world: World) -> None:
    assert world.kept == world.held
    assert world.note == {"mappings": {"place": 0}, "is_clean": False}


def test_what_was_called_is_looked_at_for_a_while(world: World) -> None:
    world.tick(20)
    world.tick(20)
    assert world.made == []
    world.held["sqs"] = b"2"
    world.tick()
    assert world.kept["sqs"] == b"1"
    world.keeper.touch("sqs")
    world.tick()
    assert world.kept["sqs"] == b"2"
    world.held["sqs"] = b"3"  # changed by something that the call started
    world.tick()
    assert set(world.made) == {"sqs", "lambda"}
    assert world.kept["sqs"] == b"3"


def test_others_are_looked_at_once_in_a_while(world: World) -> None:
    world.held["iam"] = b"2"
    world.tick()
    assert world.kept["iam"] == b"1"
    world.tick(10)
    assert world.kept["iam"] == b"2"


def test_nothing_is_written_without_a_change(world: World) -> None:
    before = (world.path / "manifest.json").stat().st_ino
    world.keeper.touch("sqs")
    world.tick()
    assert world.made
    assert (world.path / "manifest.json").stat().st_ino == before


def test_what_is_gone_is_dropped(world: World) -> None:
    del world.held["iam"]
    world.keeper.touch("sqs")
    world.tick()
    assert world.kept == {"sqs": b"1", "lambda": b"1"}


def test_a_checkpoint_is_kept_with_what_came_before_it(world: World) -> None:
    world.place = 1
    world.can_flush = False
    assert not world.tick()
    assert world.note["mappings"] == {"place": 0}
    world.can_flush = True
    world.held["sqs"] = b"bad"
    world.held["iam"] = b"2"
    assert not world.tick()
    assert (world.note["mappings"], world.kept["iam"]) == ({"place": 0}, b"2")
    world.held["sqs"] = b"2"
    assert world.tick()
    assert (world.note["mappings"], world.kept["sqs"]) == ({"place": 1}, b"2")


def test_that_something_can_not_be_kept_is_told_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.held["sqs"] = b"bad"
    world.keeper.touch("sqs")
    for _ in range(3):
        assert not world.tick()
    world.held["sqs"] = b"2"
    assert world.tick()
    errors = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(errors) == 2
    assert "changes are lost if LocalStack ends now" in errors[0]
    assert "sqs" in errors[0]
    assert "again" in errors[1]


def test_the_last_time_all_is_kept(world: World) -> None:
    world.held["iam"] = b"2"
    world.place = 2
    assert world.keeper.close()
    assert world.kept["iam"] == b"2"
    assert world.note == {"mappings": {"place": 2}, "is_clean": True}


def test_the_end_is_not_in_good_order_if_something_is_missing(world: World) -> None:
    world.held["iam"] = b"bad"
    assert not world.keeper.close()
    assert not world.note["is_clean"]
