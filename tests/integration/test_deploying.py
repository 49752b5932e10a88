"""Deploying while others do, after failures, and beside changes that were made by hand."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.stack_fixtures import PARAMETERS, deploy_quietly
from tests.waiting import wait_for
from tweetpipe.aws import stack
from tweetpipe.aws.errors import DeployFailed, NothingThere
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import deploy, owner
from tweetpipe.deploying.changes import ChangeSet
from tweetpipe.deploying.emulated_parts import mappings_of
from tweetpipe.deploying.leftovers import Leftover

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def name(place: Place) -> Iterator[str]:
    """The name of a stack that is destroyed after the test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    deploy.destroy(place, name, on_event=lambda _: None)


def deploy_saying(place: Place, name: str, **parameters: str) -> tuple[bool, list[str]]:
    """Whether a deployment changed anything, and what it said."""
    said: list[str] = []
    _, changed = deploy.deploy(
        place,
        name,
        parameters=parameters,
        approve=lambda _: True,
        on_step=said.append,
        on_event=lambda _: None,
    )
    return changed, said


def decline_after(place: Place, name: str, meanwhile: Callable[[], object]) -> None:
    """Plans a first deployment, has something else happen, then answers no."""

    def approve(_: ChangeSet) -> bool:
        meanwhile()
        return False

    with pytest.raises(NothingThere, match=r"Nothing was changed\."):
        deploy.deploy(
            place,
            name,
            parameters=PARAMETERS,
            approve=approve,
            on_step=lambda _: None,
            on_event=lambda _: None,
        )


def test_declining_a_first_deployment_leaves_no_stack(place: Place, name: str) -> None:
    decline_after(place, name, lambda: None)

    assert stack.find(place, name) is None


def test_declining_leaves_the_stack_that_somebody_else_deployed_meanwhile(
    place: Place, name: str
) -> None:
    decline_after(place, name, lambda: deploy_quietly(place, name, PARAMETERS))

    found = stack.get(place, name)
    assert found.status == "CREATE_COMPLETE"
    table = place.dynamodb().describe_table(TableName=found.outputs["EventDataTable"])
    assert table["Table"]["TableStatus"] == "ACTIVE"


def test_of_two_first_plans_the_one_declined_last_takes_the_empty_stack_away(
    place: Place, name: str
) -> None:
    def decline_another() -> None:
        decline_after(place, name, lambda: None)
        assert stack.find(place, name) is not None, "the first plan is still looked at"

    decline_after(place, name, decline_another)

    assert stack.find(place, name) is None


def table_of(place: Place, name: str) -> Any:
    return place.dynamodb().describe_table(TableName=f"{name}-EventData")["Table"]


def stream_of(place: Place, deployed: Stack) -> Any:
    stream = deployed.outputs["KinesisStream"]
    return place.kinesis().describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]


def physical_id(place: Place, name: str, logical_id: str) -> str:
    found = place.cloudformation().describe_stack_resource(
        StackName=name, LogicalResourceId=logical_id
    )
    return found["StackResourceDetail"]["PhysicalResourceId"]


def test_a_new_stack_has_what_the_emulators_cloudformation_leaves_out(
    place: Place, name: str
) -> None:
    deployed = deploy_quietly(
        place, name, {"RetentionHours": "48", "TableDeletionProtection": "true"}
    )

    assert stream_of(place, deployed)["RetentionPeriodHours"] == 48
    assert table_of(place, name)["DeletionProtectionEnabled"]
    backups = place.dynamodb().describe_continuous_backups(TableName=f"{name}-EventData")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert deploy_saying(place, name)[0] is False


def test_an_update_of_stream_and_table_is_made(place: Place, name: str) -> None:
    deployed = deploy_quietly(place, name, PARAMETERS)

    changed, said = deploy_saying(
        place,
        name,
        RetentionHours="48",
        TableDeletionProtection="true",
        TableBilling="PROVISIONED",
        ShardCount="5",
    )

    assert changed
    assert "Found and fixed: EventStream: ShardCount was 2 instead of 5" in said
    stream = stream_of(place, deployed)
    assert (stream["RetentionPeriodHours"], stream["OpenShardCount"]) == (48, 5)
    assert table_of(place, name)["DeletionProtectionEnabled"]
    assert table_of(place, name)["ProvisionedThroughput"]["WriteCapacityUnits"] > 0

    deploy_saying(place, name, StreamMode="ON_DEMAND", TableBilling="PAY_PER_REQUEST")
    assert stream_of(place, deployed)["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert table_of(place, name)["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"

    deploy_saying(place, name, StreamMode="PROVISIONED", ShardCount="1")
    assert stream_of(place, deployed)["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert stream_of(place, deployed)["OpenShardCount"] == 1
    assert deploy_saying(place, name)[0] is False


def test_what_can_not_be_put_right_is_named_with_the_commands_that_make_it(
    place: Place, name: str
) -> None:
    deploy_quietly(place, name, PARAMETERS)
    place.dynamodb().delete_table(TableName=f"{name}-EventData")
    with pytest.raises(DeployFailed) as failed:
        deploy_saying(place, name, RetentionHours="48", TableBilling="PROVISIONED", ShardCount="3")

    said = str(failed.value)
    assert "The stack does not match the template: EventData is missing." in said
    destroy, again = said.splitlines()[1:]
    assert destroy == f"  tweetpipe destroy --stack {name}"
    assert again.startswith(f"  tweetpipe deploy --stack {name} -p ")
    asked = dict(option.split("=") for option in again.split(" -p ")[1:])
    wanted = {"RetentionHours": "48", "TableBilling": "PROVISIONED", "ShardCount": "3"}
    assert asked == PARAMETERS | wanted

    with pytest.raises(DeployFailed, match="EventData is missing"):
        deploy_saying(place, name)

    deploy.destroy(place, name, on_event=lambda _: None)
    deploy_saying(place, name, **asked)
    assert "BillingModeSummary" not in table_of(place, name)


def test_what_was_changed_by_hand_is_put_right_and_named(place: Place, name: str) -> None:
    deploy_quietly(place, name, PARAMETERS)
    client = place.lambda_()
    function = f"{name}-DDBEventProcessor"
    mapping = physical_id(place, name, "StreamToProcessor")
    role = physical_id(place, name, "ProcessorRole")
    client.update_event_source_mapping(UUID=mapping, BatchSize=7, Enabled=False)
    client.update_function_configuration(
        FunctionName=function, Timeout=3, Environment={"Variables": {"TABLE_NAME": "other"}}
    )
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    code = client.get_function_configuration(FunctionName=function)["CodeSha256"]
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("other.py", "")
    client.update_function_code(FunctionName=function, ZipFile=other.getvalue())
    place.kinesis().add_tags_to_stream(
        StreamName=physical_id(place, name, "EventStream"), Tags={"added": "by hand"}
    )
    place.iam().delete_role_policy(RoleName=role, PolicyName="process-events")
    place.iam().attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    user = physical_id(place, name, "Producer")
    place.iam().attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR)
    place.sqs().set_queue_attributes(
        QueueUrl=physical_id(place, name, "DeadLetters"),
        Attributes={"MessageRetentionPeriod": "60"},
    )

    changed, said = deploy_saying(place, name)

    assert changed
    put_right = {
        line.partition(" was ")[0] for line in said if line.startswith("Found and fixed: ")
    }
    assert put_right == {
        "Found and fixed: DeadLetters: MessageRetentionPeriod",
        "Found and fixed: EventStream: Tags",
        "Found and fixed: Processor: CodeSha256",
        "Found and fixed: Processor: Environment",
        "Found and fixed: Processor: ReservedConcurrentExecutions",
        "Found and fixed: Processor: Timeout",
        "Found and fixed: ProcessorRole: ManagedPolicyArns",
        "Found and fixed: ProcessorRole: Policies",
        "Found and fixed: Producer: ManagedPolicyArns",
        "Found and fixed: StreamToProcessor: BatchSize",
        "Found and fixed: StreamToProcessor: Enabled",
    }
    found = client.get_event_source_mapping(UUID=mapping)
    assert (found["BatchSize"], found["State"]) == (200, "Enabled")
    configuration = client.get_function_configuration(FunctionName=function)
    assert configuration["CodeSha256"] == code
    assert configuration["Timeout"] == 20
    assert configuration["Environment"]["Variables"]["TABLE_NAME"] == f"{name}-EventData"
    assert place.iam().list_role_policies(RoleName=role)["PolicyNames"] == ["process-events"]
    assert not place.iam().list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert not place.iam().list_attached_user_policies(UserName=user)["AttachedPolicies"]

    assert deploy_saying(place, name)[0] is False


def test_a_mapping_that_was_deleted_by_hand_is_made_anew_and_goes_with_its_stack(
    place: Place, name: str
) -> None:
    deploy_quietly(place, name, PARAMETERS)
    client = place.lambda_()
    uuid = physical_id(place, name, "StreamToProcessor")
    before: Mapping[str, Any] = client.get_event_source_mapping(UUID=uuid)
    client.delete_event_source_mapping(UUID=uuid)

    changed, said = deploy_saying(place, name)

    assert changed
    assert "Found and fixed: StreamToProcessor was missing" in said
    [made] = mappings_of(place, f"{name}-DDBEventProcessor")
    told = before.keys() - {"LastModified", "ResponseMetadata", "State"}
    assert {key for key in told if made[key] != before[key]} == {"UUID", "EventSourceMappingArn"}
    # The stack still names the first one.
    assert deploy_saying(place, name)[0] is False

    deploy.destroy(place, name, on_event=lambda _: None)
    assert not mappings_of(place, f"{name}-DDBEventProcessor")


def test_what_was_deleted_by_hand_is_named_and_the_commands_given_bring_it_back(
    place: Place, name: str
) -> None:
    deploy_quietly(place, name, PARAMETERS)
    place.dynamodb().delete_table(TableName=f"{name}-EventData")

    with pytest.raises(
        DeployFailed,
        match=r"EventData is missing\. .*\n"
        rf"  tweetpipe destroy --stack {name}\n  tweetpipe deploy --stack {name} -p ",
    ):
        deploy_saying(place, name)

    assert deploy.destroy(place, name, on_event=lambda _: None)
    assert deploy_saying(place, name)[0]


def test_destroy_removes_what_a_failed_first_deployment_left(place: Place, name: str) -> None:
    in_the_way = f"/aws/lambda/{name}-DDBEventProcessor"
    place.logs().create_log_group(logGroupName=in_the_way)
    with pytest.raises(
        DeployFailed, match=rf"already exists.*\n  tweetpipe deploy --stack {name}$"
    ):
        deploy_saying(place, name)

    deploy.destroy(place, name, on_event=lambda _: None)

    assert f"{name}-EventData" not in place.dynamodb().list_tables()["TableNames"]
    assert not place.sqs().list_queues(QueueNamePrefix=name).get("QueueUrls")
    # What was there before is not the stack's.
    groups = place.logs().describe_log_groups(logGroupNamePrefix=in_the_way)["logGroups"]
    assert [group["logGroupName"] for group in groups] == [in_the_way]
    place.logs().delete_log_group(logGroupName=in_the_way)
    assert deploy_saying(place, name)[0]


def test_the_next_deployment_removes_what_a_failed_first_one_left(place: Place, name: str) -> None:
    in_the_way = f"/aws/lambda/{name}-DDBEventProcessor"
    place.logs().create_log_group(logGroupName=in_the_way)
    with pytest.raises(DeployFailed, match="already exists"):
        deploy_saying(place, name)
    place.logs().delete_log_group(logGroupName=in_the_way)

    _, said = deploy_saying(place, name)

    [removed] = [line for line in said if line.startswith("Removed what a failed deployment left")]
    assert f"{name}-EventData" in removed
    assert f"{name}-DeadLetters" in removed
    assert stack.get(place, name).status == "CREATE_COMPLETE"


def test_what_another_checkouts_failed_deployment_left_is_not_removed_unasked(
    place: Place, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = f"/aws/lambda/{name}-DDBEventProcessor"
    place.logs().create_log_group(logGroupName=in_the_way)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(owner, "LOCALSTACK_HOME", tmp_path)
        with pytest.raises(DeployFailed, match="already exists"):
            deploy_saying(place, name)
        place.cloudformation().delete_stack(StackName=name)
        wait_for(lambda: stack.find(place, name) is None, "the stack's deletion")
    place.logs().delete_log_group(logGroupName=in_the_way)
    asked: list[str] = []

    with pytest.raises(NothingThere, match=r"Nothing was changed\."):
        deploy_saying(place, name)
    assert f"{name}-EventData" in place.dynamodb().list_tables()["TableNames"]

    def note(theirs: Sequence[Leftover]) -> bool:
        asked.extend(left.physical_id for left in theirs)
        return True

    assert deploy.destroy(place, name, on_event=lambda _: None, may_clear=note)
    assert f"{name}-EventData" in asked
    assert f"{name}-EventData" not in place.dynamodb().list_tables()["TableNames"]
    assert not deploy.destroy(place, name, on_event=lambda _: None)
