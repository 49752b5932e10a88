"""deploy and destroy ask about what a deleted stack of somebody else's has left."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.tweetpipe.stubs import complete_stack, stubbed_place
from tweetpipe.aws import stack
from tweetpipe.aws.errors import DeployFailed, NothingThere, WrongUsage
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import stacks
from tweetpipe.deploying import artifacts, changes, deploy, leftovers, owner, package
from tweetpipe.deploying.leftovers import Leftover

THEIRS = Leftover(type="AWS::DynamoDB::Table", physical_id="tweets-EventData", is_ours=False)


class Emulator:
    """Stands for the modules that talk to it, and keeps what was done there."""

    def __init__(self) -> None:
        self.existing: Stack | None = None
        self.done: list[str] = []

    def clear(
        self, _place: Any, _name: str, deleted: Stack | None, approved: Sequence[Leftover]
    ) -> list[str]:
        self.done += [f"remove {left.physical_id}" for left in approved]
        return [left.physical_id for left in approved]

    def plan(self, *_: Any, **__: Any) -> Any:
        self.done.append("plan")
        raise DeployFailed("far enough")


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Any:
    fake = Emulator()
    monkeypatch.setattr(stack, "find", lambda *_: fake.existing)
    monkeypatch.setattr(leftovers, "not_ours", lambda *_: [THEIRS])
    monkeypatch.setattr(leftovers, "clear", fake.clear)
    monkeypatch.setattr(owner, "is_ours", lambda _: True)
    monkeypatch.setattr(owner, "tags", lambda *_: {})
    monkeypatch.setattr(package, "archive", lambda _: b"")
    monkeypatch.setattr(artifacts, "locate", lambda *_: artifacts.Artifact("bucket", "key"))
    monkeypatch.setattr(artifacts, "remove", lambda *_: None)
    monkeypatch.setattr(changes, "create", fake.plan)
    monkeypatch.setattr(
        deploy, "_delete", lambda _, existing, __: fake.done.append(f"delete {existing.id}")
    )
    with stubbed_place() as place:
        monkeypatch.setattr(stacks, "open_place", lambda _: place)
        yield fake


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(request.param))


answers = pytest.mark.parametrize("answer", ["y\n"], indirect=True)
declines = pytest.mark.parametrize("answer", ["n\n"], indirect=True)
nobody_there = pytest.mark.parametrize("answer", [""], indirect=True)


@answers
@pytest.mark.usefixtures("answer")
def test_what_is_agreed_to_is_removed_before_the_deployment(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeployFailed, match="far enough"):
        stacks.deploy("tweets")
    assert emulator.done == ["remove tweets-EventData", "plan"]
    said = capsys.readouterr().err
    assert "possibly someone else's" in said
    assert "tweets-EventData (AWS::DynamoDB::Table)" in said


@declines
@pytest.mark.usefixtures("answer")
def test_a_deployment_ends_where_somebody_elses_data_is_in_its_way(emulator: Emulator) -> None:
    with pytest.raises(NothingThere, match=r"Nothing was changed\."):
        stacks.deploy("tweets")
    assert emulator.done == []


@nobody_there
@pytest.mark.usefixtures("answer")
@pytest.mark.parametrize("yes", [True, False])
def test_deploy_with_yes_or_nobody_there_refuses_and_says_what_to_do(
    emulator: Emulator, yes: bool
) -> None:
    with pytest.raises(WrongUsage, match=r"othing was changed.*--stack.*\n  tweetpipe destroy"):
        stacks.deploy("tweets", yes=yes)
    assert emulator.done == []


def test_a_confirmed_loss_covers_it(emulator: Emulator) -> None:
    with pytest.raises(DeployFailed, match="far enough"):
        stacks.deploy("tweets", yes=True, confirm_loss="tweets")
    assert emulator.done == ["remove tweets-EventData", "plan"]


@nobody_there
@pytest.mark.usefixtures("answer")
def test_nothing_of_ours_is_gone_when_nobody_answers(emulator: Emulator) -> None:
    emulator.existing = complete_stack()
    with pytest.raises(WrongUsage, match="nothing was changed"):
        stacks.destroy("tweets")
    assert emulator.done == []


@pytest.mark.parametrize("answer", ["n\n" * 2], indirect=True)
@pytest.mark.usefixtures("answer")
def test_destroy_leaves_what_is_somebody_elses(emulator: Emulator) -> None:
    with pytest.raises(NothingThere, match=r"Nothing was deleted\."):
        stacks.destroy("tweets")
    emulator.existing = complete_stack()
    stacks.destroy("tweets")
    assert emulator.done == ["delete arn:stack"]


def test_destroy_with_yes_removes_it(emulator: Emulator) -> None:
    stacks.destroy("tweets", yes=True)
    assert emulator.done == ["remove tweets-EventData"]
