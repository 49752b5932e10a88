"""What deploy and destroy show and ask when the place is AWS."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.aws import stack
from tweetpipe.aws.errors import DeployFailed, NothingThere, WrongUsage
from tweetpipe.aws.place import Identity, Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import stacks
from tweetpipe.deploying import artifacts, changes, deploy, drift, events, package, resharding
from tweetpipe.deploying.artifacts import Artifact
from tweetpipe.deploying.changes import Change, ChangeSet, Property
from tweetpipe.deploying.events import Event
from tweetpipe.live import losses
from tweetpipe.live.losses import Loss

EXISTING = complete_stack(EventDataTable="tweets-EventData")
PLAN = ChangeSet(
    id="plan",
    stack_id="arn:stack",
    creates=False,
    changes=(
        Change(
            action="Modify",
            logical_id="EventStream",
            type="AWS::Kinesis::Stream",
            replacement="False",
            properties=(Property(name="ShardCount", change="2 -> 4"),),
        ),
    ),
    parameters={"StreamMode": "PROVISIONED", "ShardCount": "4"},
)
LOSING = replace(
    PLAN,
    changes=(
        Change(action="Modify", logical_id="T", type="AWS::DynamoDB::Table", replacement="True"),
    ),
)
LOSS = Loss(items=12_000, dead_letters=3, behind=90.0, unread=450, protected=False)


class FakePlace(Place):
    def identity(self) -> Identity:
        return Identity(account="123456789012", arn="arn:aws:sts::123456789012:assumed-role/dev/me")

    def aws_endpoint(self) -> str | None:
        return None


PLACE = FakePlace(
    target=Target.AWS,
    session=boto3.Session(region_name="eu-west-1"),
    endpoint=None,
    region="eu-west-1",
)


class Aws:
    """Stands for the modules that talk to AWS, and keeps what they were told to do."""

    def __init__(self) -> None:
        self.plan: ChangeSet | None = PLAN
        self.existing: Stack | None = EXISTING
        self.loss: Loss | str = LOSS
        self.drift: list[str] | str = []
        self.attached = ""
        self.reverting: ChangeSet | None = None
        self.planned: list[Mapping[str, str]] = []
        self.ending = "UPDATE_COMPLETE"
        self.events: list[Event] = []
        self.done: list[str] = []

    def create(
        self, *_: Any, parameters: Mapping[str, str], reverts_drift: bool, **__: Any
    ) -> ChangeSet | None:
        self.planned.append(parameters)
        return self.reverting if reverts_drift else self.plan

    def look_for_drift(self, *_: Any) -> list[str]:
        if isinstance(self.drift, str):
            raise DeployFailed(self.drift)
        return self.drift

    def check_attached(self, *_: Any) -> None:
        if self.attached:
            raise DeployFailed(self.attached)

    def follow(self, *_: Any, on_event: Callable[[Event], None], **__: Any) -> str:
        for event in self.events:
            on_event(event)
        return self.ending

    def notes(self, what: str, result: Any = None) -> Callable[..., Any]:
        def call(*_: Any, **__: Any) -> Any:
            self.done.append(what)
            return result

        return call


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    fake = Aws()
    monkeypatch.setattr(package, "archive", lambda _: b"")
    monkeypatch.setattr(artifacts, "locate", lambda *_: Artifact("bucket", "key"))
    monkeypatch.setattr(artifacts, "upload", fake.notes("upload"))
    monkeypatch.setattr(artifacts, "remove", fake.notes("remove packages"))
    monkeypatch.setattr(changes, "create", fake.create)
    monkeypatch.setattr(drift, "look", fake.look_for_drift)
    monkeypatch.setattr(drift, "check_attached", fake.check_attached)
    monkeypatch.setattr(drift, "check_code", lambda *_: None)
    monkeypatch.setattr(changes, "execute", fake.notes("execute"))
    monkeypatch.setattr(changes, "discard", fake.notes("discard"))
    monkeypatch.setattr(events, "seen", lambda *_: set())
    monkeypatch.setattr(events, "follow", fake.follow)
    monkeypatch.setattr(stack, "find", lambda *_: fake.existing)
    monkeypatch.setattr(stack, "get", lambda *_: EXISTING)
    monkeypatch.setattr(losses, "losses_or_why_not", lambda *_: fake.loss)
    monkeypatch.setattr(
        deploy, "_delete", lambda _, existing, __: fake.done.append(f"delete {existing.id}")
    )
    monkeypatch.setattr(stacks, "open_place", lambda _: PLACE)
    return fake


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


Types = Callable[[str], None]


def deploy_to_aws(*, yes: bool = False, loss_confirmed: bool = False, **parameters: str) -> None:
    stacks.deploy_stack(
        PLACE, "tweets", parameters=parameters, yes=yes, loss_confirmed=loss_confirmed
    )


def test_a_plan_is_shown_and_carried_out_once_approved(
    aws: Aws, types: Types, capfd: pytest.CaptureFixture[str]
) -> None:
    types("y\n")
    deploy_to_aws()

    said = capfd.readouterr().err
    assert "Account 123456789012, region eu-west-1, stack tweets" in said
    assert "as arn:aws:sts::123456789012:assumed-role/dev/me" in said
    assert "changed          EventStream  AWS::Kinesis::Stream  (ShardCount 2 -> 4)" in said
    assert (
        "Note: AWS changes the number of shards of a stream at most ten times in 24 hours" in said
    )
    assert "Cost: unknown for eu-west-1" in said
    assert aws.done == ["upload", "execute"]


@pytest.mark.parametrize("answer", ["n\n", "\n", "tweets\n"])
def test_without_a_yes_nothing_happens(aws: Aws, types: Types, answer: str) -> None:
    types(answer)
    with pytest.raises(NothingThere, match="Nothing was changed"):
        deploy_to_aws()

    assert aws.done == ["discard"]


def test_where_nobody_answers_the_option_is_named(aws: Aws, types: Types) -> None:
    types("")
    with pytest.raises(WrongUsage, match=r"so nothing was changed\. Add --yes"):
        deploy_to_aws()

    assert aws.done == ["discard"]


def test_yes_asks_nothing(aws: Aws, types: Types) -> None:
    types("")
    deploy_to_aws(yes=True)

    assert aws.done == ["upload", "execute"]


def test_a_replaced_table_needs_the_name_typed(
    aws: Aws, types: Types, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.plan = LOSING
    types("y\n")
    with pytest.raises(NothingThere):
        deploy_to_aws()
    assert (
        "replaced         T  AWS::DynamoDB::Table  its data will be deleted"
        in capfd.readouterr().err
    )

    types("tweets\n")
    deploy_to_aws()
    assert aws.done == ["discard", "upload", "execute"]


def test_yes_does_not_cover_the_loss_of_a_table(aws: Aws) -> None:
    aws.plan = LOSING
    with pytest.raises(WrongUsage, match="--confirm-loss tweets"):
        deploy_to_aws(yes=True)
    assert aws.done == ["discard"]

    deploy_to_aws(yes=True, loss_confirmed=True)
    assert aws.done == ["discard", "upload", "execute"]


def test_the_confirmed_loss_must_name_the_stack(aws: Aws) -> None:
    with pytest.raises(WrongUsage, match="not the name of the stack, tweets"):
        stacks.deploy(stack="tweets", target=Target.AWS, yes=True, confirm_loss="other")


def test_what_an_earlier_attempt_left_is_removed_only_when_approved(aws: Aws, types: Types) -> None:
    aws.existing = replace(EXISTING, status="ROLLBACK_COMPLETE")
    types("n\n")
    with pytest.raises(NothingThere, match="Nothing was changed"):
        deploy_to_aws()

    assert aws.done == []


def test_declining_after_that_does_not_say_that_nothing_was_changed(aws: Aws, types: Types) -> None:
    aws.existing = replace(EXISTING, status="ROLLBACK_COMPLETE")
    types("y\nn\n")
    with pytest.raises(NothingThere, match=r"Nothing was deployed\. The remains"):
        deploy_to_aws()

    assert aws.done == ["delete arn:stack", "discard"]


def test_destroy_shows_what_is_lost_and_wants_the_name(
    aws: Aws, types: Types, capfd: pytest.CaptureFixture[str]
) -> None:
    types("y\n")
    with pytest.raises(NothingThere, match="Nothing was deleted"):
        stacks.destroy(stack="tweets", target=Target.AWS)
    said = capfd.readouterr().err
    for part in ("about 12,000 items", "3 dead letters", "about 450 unread records"):
        assert part in said
    assert "access key" not in said
    assert aws.done == []

    aws.existing = complete_stack(EventDataTable="tweets-EventData", AccessKeyId="AKIA")
    types("tweets\n")
    stacks.destroy(stack="tweets", target=Target.AWS)
    assert "the producer's access key" in capfd.readouterr().err
    assert aws.done == ["delete arn:stack", "remove packages"]


def test_destroy_deletes_the_stack_it_asked_about_and_none_that_was_made_meanwhile(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def somebody_makes_it_anew(*_: Any) -> Loss:
        aws.existing = replace(EXISTING, id="arn:of-another")
        return LOSS

    monkeypatch.setattr(losses, "losses_or_why_not", somebody_makes_it_anew)
    stacks.destroy(stack="tweets", target=Target.AWS, yes=True)

    assert aws.done == ["delete arn:stack", "remove packages"]


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (replace(LOSS, behind=None, unread=None), "not measured (the function has read none"),
        (replace(LOSS, behind=None, why_not="No right."), "stream: not measured (No right)"),
        (replace(LOSS, unread=None), "stream: those of the last 90 s"),
        ("no permission", "could not be counted: no permission"),
    ],
)
def test_what_cannot_be_counted_is_said_and_does_not_hinder(
    aws: Aws, capfd: pytest.CaptureFixture[str], loss: Loss | str, says: str
) -> None:
    aws.loss = loss
    stacks.destroy(stack="tweets", target=Target.AWS, yes=True)

    assert says in capfd.readouterr().err
    assert aws.done == ["delete arn:stack", "remove packages"]


def test_a_protected_table_stops_destroy_before_anything_is_deleted(aws: Aws) -> None:
    aws.loss = replace(LOSS, protected=True)
    with pytest.raises(DeployFailed, match="--no-deletion-protection-enabled"):
        stacks.destroy(stack="tweets", target=Target.AWS, yes=True)

    assert aws.done == []


def event(logical_id: str, status: str, reason: str = "") -> Event:
    return Event(
        id=f"{logical_id} {status}",
        at=datetime(2024, 1, 1, 12, 30, tzinfo=UTC),
        logical_id=logical_id,
        physical_id=f"physical-{logical_id}",
        type="T",
        status=status,
        reason=reason,
    )


def test_an_update_that_somebody_canceled_is_no_deployment(aws: Aws) -> None:
    aws.ending = "UPDATE_ROLLBACK_COMPLETE"
    aws.events = [
        event("tweets", "UPDATE_IN_PROGRESS", "User Initiated"),
        event("EventStream", "UPDATE_IN_PROGRESS"),
        event("tweets", "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"),
        event("EventStream", "UPDATE_FAILED", "Resource update cancelled"),
        event("tweets", "UPDATE_ROLLBACK_COMPLETE"),
    ]
    with pytest.raises(
        DeployFailed,
        match=r"tweets ended in UPDATE_ROLLBACK_COMPLETE \(User Initiated\)\. "
        r"The stack and its parameters are as they were before\. To try again, run:\n"
        r"  tweetpipe deploy --target aws$",
    ):
        deploy_to_aws(yes=True)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("ROLLBACK_COMPLETE", "left of the stack:\n  tweetpipe deploy --target aws"),
        ("CREATE_FAILED", "left of the stack:\n  tweetpipe deploy --target aws"),
        ("ROLLBACK_FAILED", "  tweetpipe destroy --target aws\n  tweetpipe deploy --target aws"),
        (
            "UPDATE_ROLLBACK_COMPLETE",
            "are as they were before. To try",
        ),
        ("UPDATE_FAILED", "aws cloudformation rollback-stack --stack-name tweets"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "\n  aws cloudformation continue-update-rollback --stack-name tweets\n",
        ),
        ("DELETE_FAILED", "--stack-name tweets --retain-resources EventData"),
        ("DELETE_COMPLETE", "Someone else deleted the stack meanwhile."),
        ("IMPORT_COMPLETE", "aws cloudformation describe-stack-events --stack-name tweets"),
    ],
)
def test_any_other_end_fails_with_the_first_cause_and_the_remedy(
    aws: Aws, status: str, remedy: str, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.ending = status
    aws.events = [
        event("EventData", "CREATE_FAILED", "Table already exists"),
        event("EventStream", "CREATE_FAILED", "Resource creation cancelled"),
        event("tweets", status, "The following resource(s) failed: [EventData]"),
    ]
    if status == "DELETE_FAILED":
        aws.events = [event("EventData", "DELETE_FAILED", "Table already exists")]
    with pytest.raises(DeployFailed) as failed:
        deploy_to_aws(yes=True)

    assert str(failed.value).startswith("EventData (T) failed: Table already exists. ")
    assert remedy in str(failed.value)
    assert "Deployed" not in capfd.readouterr().err


def test_of_an_update_that_cannot_be_taken_back_both_failures_are_told_apart(aws: Aws) -> None:
    aws.ending = "UPDATE_ROLLBACK_FAILED"
    aws.events = [
        event("Processor", "UPDATE_FAILED", "No such runtime"),
        event("EventData", "UPDATE_FAILED", "Resource update cancelled"),
        event("tweets", "UPDATE_ROLLBACK_IN_PROGRESS", "Failed to update: [Processor]"),
        event("Processor", "UPDATE_COMPLETE"),
        event("EventStream", "UPDATE_FAILED", "Limit exceeded."),
        event("tweets", "UPDATE_ROLLBACK_FAILED", "Failed to update: [EventStream]"),
    ]
    with pytest.raises(
        DeployFailed,
        match=r"^Processor \(T\) failed: No such runtime\. The rollback failed, too "
        r"\(EventStream: Limit exceeded\)\. Fix that, (.|\n)* --resources-to-skip EventStream to ",
    ):
        deploy_to_aws(yes=True)


def test_a_function_that_localstack_has_no_image_for_fails_with_the_remedy(aws: Aws) -> None:
    aws.ending = "ROLLBACK_COMPLETE"
    aws.events = [event("Processor", "CREATE_FAILED", "Error while creating lambda: ")]
    with pytest.raises(DeployFailed, match="docker pull public"):
        deploy_to_aws(yes=True)


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE"])
def test_a_resource_that_failed_and_was_retried_with_success_is_no_failure(
    aws: Aws, status: str, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.ending = status
    aws.events = [event("OldRole", "DELETE_FAILED", "in use"), event("OldRole", "DELETE_COMPLETE")]
    deploy_to_aws(yes=True)

    said = capfd.readouterr().err
    assert "Deployed the stack tweets" in said
    assert "could not be deleted" not in said


def test_what_an_update_could_not_clean_up_is_named(
    aws: Aws, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.events = [event("OldRole", "DELETE_FAILED", "in use")]
    deploy_to_aws(yes=True)

    assert "OldRole (T, physical-OldRole) is no longer part of the stack" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        (
            "DELETE_FAILED",
            "The following resource(s) failed to delete: [EventData, EventStream].",
            "--retain-resources EventData EventStream",
        ),
        ("UPDATE_ROLLBACK_FAILED", "", "continue-update-rollback"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "The following resource(s) failed to update: [EventStream].",
            "--resources-to-skip EventStream to",
        ),
        ("UPDATE_FAILED", "", "rollback-stack"),
    ],
)
def test_a_stack_that_takes_no_update_is_named_with_its_remedy_before_anything_is_planned(
    aws: Aws, status: str, reason: str, says: str
) -> None:
    aws.existing = replace(EXISTING, status=status, reason=reason)
    with pytest.raises(DeployFailed, match=rf"in state {status}(.|\n)*{says}"):
        deploy_to_aws(yes=True)

    assert aws.done == []


def test_a_failed_upload_discards_the_plan(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise DeployFailed("no bucket")

    monkeypatch.setattr(artifacts, "upload", fail)
    with pytest.raises(DeployFailed, match="no bucket"):
        deploy_to_aws(yes=True)

    assert aws.done == ["discard"]


def test_the_times_of_events_say_that_they_are_utc(
    aws: Aws, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.events = [event("EventData", "UPDATE_COMPLETE")]
    deploy_to_aws(yes=True)

    assert "  12:30:00Z  UPDATE_COMPLETE" in capfd.readouterr().err


def test_a_stack_is_up_to_date_once_nothing_was_changed_beside_it(
    aws: Aws, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.plan = None
    deploy_to_aws()

    said = capfd.readouterr().err
    assert said.index("Checking for changes made") < said.index("tweets is up to date")
    assert aws.done == []


def test_what_was_changed_beside_the_stack_is_named_and_brought_back_once_approved(
    aws: Aws, types: Types, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.plan = None
    aws.drift = ["Processor: /Timeout is 3 instead of 60"]
    aws.reverting = PLAN
    types("n\n")
    with pytest.raises(NothingThere, match="Nothing was changed"):
        deploy_to_aws()
    assert aws.done == ["discard"]
    types("y\n")
    deploy_to_aws()

    said = capfd.readouterr().err
    assert "Changed outside CloudFormation: Processor: /Timeout is 3 instead of 60" in said
    assert "up to date" not in said
    assert aws.done == ["discard", "upload", "execute"]


def test_what_cloudformation_cannot_bring_back_fails_with_the_command_that_shows_it(
    aws: Aws,
) -> None:
    aws.plan = None
    aws.drift = ["Processor: /Timeout is 3 instead of 60"]
    with pytest.raises(DeployFailed, match="detect-stack-drift --stack-name tweets"):
        deploy_to_aws(yes=True)


def test_drift_that_cannot_be_looked_for_is_said(
    aws: Aws, capfd: pytest.CaptureFixture[str]
) -> None:
    aws.plan = None
    aws.drift = "These credentials lack the permission cloudformation:DetectStackDrift."
    deploy_to_aws()

    said = capfd.readouterr().err
    assert "may exist, but could not be checked: These credentials lack" in said


@pytest.fixture
def two_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the stack's stream have two shards, of which AWS makes at most four in one step."""
    stages = [{"ShardCount": "4", "BatchSize": "9"}, {"ShardCount": "7"}]
    monkeypatch.setattr(resharding, "stages", lambda *_: stages)


@pytest.mark.usefixtures("two_shards")
def test_more_shards_than_aws_makes_at_once_take_several_updates_and_one_answer(
    aws: Aws, types: Types, capfd: pytest.CaptureFixture[str]
) -> None:
    types("y\n")
    deploy_to_aws(ShardCount="7", BatchSize="9")

    said = capfd.readouterr().err
    assert "several updates: -> 4 -> 7. Each takes a few minutes" in said
    assert aws.planned == [{"ShardCount": "4", "BatchSize": "9"}, {"ShardCount": "7"}]
    assert aws.done == ["upload", "execute", "upload", "execute"]


@pytest.mark.usefixtures("two_shards")
def test_the_cost_that_is_approved_is_that_of_the_last_step(aws: Aws) -> None:
    asked: list[ChangeSet] = []

    def approve(plan: ChangeSet) -> bool:
        asked.append(plan)
        return True

    deploy.deploy(
        PLACE,
        "tweets",
        parameters={"ShardCount": "7"},
        approve=approve,
        on_step=lambda _: None,
        on_event=lambda _: None,
    )

    assert [plan.parameters["ShardCount"] for plan in asked] == ["7"]


@pytest.mark.usefixtures("two_shards")
def test_a_later_step_that_would_delete_tweets_asks_again(aws: Aws) -> None:
    aws.plan = LOSING
    with pytest.raises(WrongUsage, match="--confirm-loss tweets"):
        deploy_to_aws(yes=True, ShardCount="7")


@pytest.mark.usefixtures("two_shards")
def test_a_step_that_fails_says_how_far_the_stream_has_come(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    endings = iter(["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
    monkeypatch.setattr(events, "follow", lambda *_, **__: next(endings))
    with pytest.raises(
        DeployFailed, match=r"^The stream has 4 shards now\. To continue, run the same command"
    ):
        deploy_to_aws(yes=True, ShardCount="7")


@pytest.mark.parametrize("plan", [None, PLAN])
def test_a_policy_attached_beside_the_stack_is_no_success_whatever_else_changed(
    aws: Aws, plan: ChangeSet | None
) -> None:
    aws.plan, aws.attached = plan, "policies are attached"
    with pytest.raises(DeployFailed, match="policies are attached"):
        deploy_to_aws(yes=True)
