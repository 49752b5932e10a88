from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.tweetpipe.stubs import StubbedPlace, complete_stack, stubbed_place
from tweetpipe.aws.errors import DeployFailed
from tweetpipe.deploying import drift
from tweetpipe.deploying.artifacts import Artifact
from tweetpipe.deploying.package import code_sha256

DEPLOYED = complete_stack()
AT = datetime(2024, 1, 1, tzinfo=UTC)
DETECTION = "b78ac9b0-dec1-11e7-a451-503a3example"


def difference(path: str, found: str, wanted: str) -> dict[str, str]:
    return {
        "PropertyPath": path,
        "ActualValue": found,
        "ExpectedValue": wanted,
        "DifferenceType": "NOT_EQUAL",
    }


def resource(logical_id: str, status: str, *differences: dict[str, str]) -> dict[str, Any]:
    return {
        "StackId": "arn:stack",
        "LogicalResourceId": logical_id,
        "ResourceType": "T",
        "StackResourceDriftStatus": status,
        "Timestamp": AT,
        "PropertyDifferences": list(differences),
    }


def will_detect(place: StubbedPlace, *statuses: str, drifts: list[dict[str, Any]]) -> None:
    client = place.stubbers["cloudformation"]
    client.add_response(
        "detect_stack_drift", {"StackDriftDetectionId": DETECTION}, {"StackName": "arn:stack"}
    )
    for status in statuses:
        client.add_response(
            "describe_stack_drift_detection_status",
            {
                "StackId": "arn:stack",
                "StackDriftDetectionId": DETECTION,
                "DetectionStatus": status,
                "DetectionStatusReason": "Rate exceeded",
                "Timestamp": AT,
            },
            {"StackDriftDetectionId": DETECTION},
        )
    client.add_response("describe_stack_resource_drifts", {"StackResourceDrifts": drifts})


def untold(line: str) -> None:
    raise AssertionError(line)


def test_each_resource_that_differs_is_a_line_once_detection_has_ended() -> None:
    slept: list[float] = []
    with stubbed_place("cloudformation") as place:
        will_detect(
            place,
            "DETECTION_IN_PROGRESS",
            "DETECTION_COMPLETE",
            drifts=[
                resource("Processor", "MODIFIED", difference("/Timeout", "3", "60")),
                resource("StreamToProcessor", "DELETED"),
            ],
        )
        found = drift.look(place, DEPLOYED, untold, sleep=slept.append)

    assert found == ["Processor: /Timeout is 3 instead of 60", "StreamToProcessor is missing"]
    assert len(slept) == 1


@pytest.mark.parametrize(("billing", "lines"), [("PROVISIONED", 0), ("PAY_PER_REQUEST", 1)])
def test_what_autoscaling_does_is_no_drift(billing: str, lines: int) -> None:
    path = "/ProvisionedThroughput/WriteCapacityUnits"
    with stubbed_place("cloudformation") as place:
        will_detect(
            place,
            "DETECTION_COMPLETE",
            drifts=[resource("EventData", "MODIFIED", difference(path, "70", "5"))],
        )
        found = drift.look(place, replace(DEPLOYED, parameters={"TableBilling": billing}), untold)

    assert len(found) == lines


def test_a_detection_that_failed_does_not_pass_for_no_drift() -> None:
    with stubbed_place("cloudformation") as place:
        will_detect(place, "DETECTION_FAILED", drifts=[])
        with pytest.raises(DeployFailed, match="Rate exceeded"):
            drift.look(place, DEPLOYED, untold)


def test_what_could_not_be_looked_at_does_not_pass_for_no_drift() -> None:
    said: list[str] = []
    unknown = resource("EventStream", "UNKNOWN") | {"DriftStatusReason": "Rate exceeded."}
    gone = resource("DeadLetters", "DELETED")
    with stubbed_place("cloudformation") as place:
        will_detect(place, "DETECTION_FAILED", drifts=[unknown, gone])
        found = drift.look(place, DEPLOYED, said.append)

    assert found == ["DeadLetters is missing"]
    assert said == ["EventStream could not be checked for changes: Rate exceeded."]


def test_a_missing_permission_is_named() -> None:
    with stubbed_place("cloudformation") as place:
        place.stubbers["cloudformation"].add_client_error(
            "detect_stack_drift",
            "AccessDenied",
            "User: me is not authorized to perform: cloudformation:DetectStackDrift",
        )
        with pytest.raises(DeployFailed, match="permission cloudformation:DetectStackDrift"):
            drift.look(place, DEPLOYED, untold)


POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


def will_have(place: StubbedPlace, **kinds: str) -> None:
    resources = [
        {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": logical_id.lower(),
            "ResourceType": f"AWS::{kind}",
            "Timestamp": AT,
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for logical_id, kind in kinds.items()
    ]
    place.stubbers["cloudformation"].add_response(
        "describe_stack_resources", {"StackResources": resources}, {"StackName": "arn:stack"}
    )


def test_policies_that_are_attached_to_role_or_user_fail_with_the_commands_that_detach_them() -> (
    None
):
    with stubbed_place("cloudformation", "iam") as place:
        will_have(place, Role="IAM::Role", Queue="SQS::Queue", User="IAM::User")
        found = {"AttachedPolicies": [{"PolicyArn": POLICY}]}
        iam = place.stubbers["iam"]
        iam.add_response("list_attached_role_policies", found, {"RoleName": "role"})
        iam.add_response("list_attached_user_policies", found, {"UserName": "user"})
        with pytest.raises(DeployFailed) as failed:
            drift.check_attached(place, DEPLOYED, lambda _: None)

    for kind in ("role", "user"):
        command = f"aws iam detach-{kind}-policy --{kind}-name {kind} --policy-arn {POLICY}"
        assert command in str(failed.value)


def test_without_attached_policies_all_is_well_and_without_permission_it_is_said() -> None:
    said: list[str] = []
    with stubbed_place("cloudformation", "iam") as place:
        iam = place.stubbers["iam"]
        will_have(place, Role="IAM::Role")
        iam.add_response("list_attached_role_policies", {"AttachedPolicies": []})
        drift.check_attached(place, DEPLOYED, said.append)
        assert said == []
        will_have(place, Role="IAM::Role")
        iam.add_client_error("list_attached_role_policies", "AccessDenied")
        drift.check_attached(place, DEPLOYED, said.append)

    assert said[0].startswith("Attached policies could not be checked")


@pytest.mark.parametrize("ours", [True, False])
def test_code_that_was_put_there_by_hand_fails_with_the_command_that_puts_the_package_back(
    ours: bool,
) -> None:
    deployed = complete_stack(DDBEventProcessor="processor")
    with stubbed_place("lambda") as place:
        place.stubbers["lambda"].add_response(
            "get_function_configuration",
            {"CodeSha256": code_sha256(b"package" if ours else b"other")},
            {"FunctionName": "processor"},
        )
        artifact = Artifact("a-bucket", "tweets/abc.zip")
        if ours:
            drift.check_code(place, deployed, artifact, b"package")
        else:
            with pytest.raises(
                DeployFailed,
                match=r"other code.*\n  aws lambda .*--s3-bucket a-bucket --s3-key tweets/abc\.zip",
            ):
                drift.check_code(place, deployed, artifact, b"package")
