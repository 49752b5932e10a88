from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.tweetpipe.stubs import stubbed_place
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import owner

STACK = Stack(
    name="tweets", id="arn", status="UPDATE_COMPLETE", reason="", parameters={}, outputs={}
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's home that was not made yet."""
    home = tmp_path / ".localstack"
    monkeypatch.setattr(owner, "LOCALSTACK_HOME", home)
    return home


@pytest.fixture
def emulator() -> Iterator[Place]:
    with stubbed_place() as place:
        yield place


def made_by_this_checkout(place: Place) -> Stack:
    return replace(STACK, tags=owner.tags(place, None))


def test_what_a_checkout_made_is_its_own(home: Path, emulator: Place) -> None:
    assert owner.is_ours(made_by_this_checkout(emulator))


def test_what_another_checkout_made_or_nobody_knows_who_is_not(
    home: Path, emulator: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_by_this_checkout(emulator)
    monkeypatch.setattr(owner, "LOCALSTACK_HOME", home.with_name("another"))
    assert not owner.is_ours(made)
    assert not owner.is_ours(STACK)


def test_the_tag_tells_nothing_of_this_machine_and_its_user(home: Path, emulator: Place) -> None:
    [(name, value)] = owner.tags(emulator, None).items()
    assert name == "tweetpipe:home"
    assert len(value) == 32
    assert not set(value) - set("0123456789abcdef")


def test_an_update_leaves_a_stack_to_who_made_it(home: Path, emulator: Place) -> None:
    theirs = replace(STACK, tags={owner.TAG: "theirs", "team": "a"})
    assert owner.tags(emulator, theirs) == {owner.TAG: "theirs", "team": "a"}


def test_a_stack_that_was_only_planned_is_made_by_who_deploys_it(
    home: Path, emulator: Place
) -> None:
    planned = replace(STACK, status="REVIEW_IN_PROGRESS", tags={owner.TAG: "theirs"})
    assert owner.tags(emulator, planned) == owner.tags(emulator, None)


def test_a_stack_on_aws_gets_no_tag(home: Path, emulator: Place) -> None:
    on_aws = replace(emulator, target=Target.AWS, endpoint=None)
    assert owner.tags(on_aws, None) == {}
    assert not home.exists()


def test_processes_that_ask_at_one_moment_get_one_id(home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: owner._home_id(), range(8)))
    assert len(found) == 1
    assert [path.name for path in home.iterdir()] == ["id"]


def test_where_no_id_can_be_kept_nothing_is_ours(home: Path, emulator: Place) -> None:
    home.write_text("a file in the folder's place")
    made = made_by_this_checkout(emulator)
    assert made.tags
    assert not owner.is_ours(made)
