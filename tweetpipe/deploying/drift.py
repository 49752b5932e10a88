"""Finds changes made on AWS outside CloudFormation, with drift detection.

Untried on AWS itself; the responses follow botocore's models.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe.aws.errors import DeployFailed
from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import identities, package
from tweetpipe.deploying.artifacts import Artifact

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackResourceDriftTypeDef


def look(
    place: Place,
    deployed: Stack,
    on_unknown: Callable[[str], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """The differences from the template, one line per resource; may take a few minutes.

    Calls `on_unknown` for each resource that CloudFormation could not check. Raises DeployFailed if
    it could check none.
    """
    client = place.cloudformation()
    try:
        started = client.detect_stack_drift(StackName=deployed.id)
        while True:
            status = client.describe_stack_drift_detection_status(
                StackDriftDetectionId=started["StackDriftDetectionId"]
            )
            if status["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                break
            sleep(3)
        # At most 100 fit on a page, and a stack has about 30 resources.
        drifts = client.describe_stack_resource_drifts(
            StackName=deployed.id,
            StackResourceDriftStatusFilters=["MODIFIED", "DELETED", "UNKNOWN"],
            MaxResults=100,
        )["StackResourceDrifts"]
    except ClientError as error:
        raise DeployFailed(explain(error)) from error
    unknown = [drift for drift in drifts if drift["StackResourceDriftStatus"] == "UNKNOWN"]
    for drift in unknown:
        why = drift.get("DriftStatusReason", "AWS gives no reason").rstrip(".")
        on_unknown(f"{drift['LogicalResourceId']} could not be checked for changes: {why}.")
    found = [line for line in (_line(drift, deployed) for drift in drifts) if line]
    if status["DetectionStatus"] == "DETECTION_FAILED" and not found and not unknown:
        raise DeployFailed(status.get("DetectionStatusReason", "no reason given"))
    return found


def check_attached(place: Place, deployed: Stack, on_step: Callable[[str], None]) -> None:
    """Raises DeployFailed if managed policies are attached to the stack's role or user.

    Drift detection compares only what the template specifies, and it specifies none.
    """
    try:
        resources = place.cloudformation().describe_stack_resources(StackName=deployed.id)
        commands = [
            f"aws iam detach-{kind}-policy --{kind}-name {name} --policy-arn {arn}"
            for resource in resources["StackResources"]
            if (kind := identities.KINDS.get(resource["ResourceType"]))
            for name in [resource.get("PhysicalResourceId", "")]
            for arn in identities.attached(place, kind, name)
        ]
    except (BotoCoreError, ClientError) as error:
        on_step(f"Attached policies could not be checked: {explain(error)}")
        return
    if commands:
        raise DeployFailed(
            "The stack matches the template, but its role or user has more permissions: policies "
            "are attached that the template does not contain. To detach them, run:\n"
            + "\n".join(f"  {command}" for command in commands)
        )


def check_code(place: Place, deployed: Stack, artifact: Artifact, archive: bytes) -> None:
    """Raises DeployFailed if the function runs code other than the package.

    Drift detection can't read code, so it does not find such a change.
    """
    name = deployed.outputs["DDBEventProcessor"]
    found = place.lambda_().get_function_configuration(FunctionName=name)["CodeSha256"]
    if found != package.code_sha256(archive):
        raise DeployFailed(
            "The stack matches the template, but its function runs other code, which was deployed "
            "outside CloudFormation. To restore the package, run:\n  aws lambda "
            f"update-function-code --function-name {name} --s3-bucket {artifact.bucket} "
            f"--s3-key {artifact.key}"
        )


def _line(drift: StackResourceDriftTypeDef, deployed: Stack) -> str | None:
    name = drift["LogicalResourceId"]
    if drift["StackResourceDriftStatus"] == "DELETED":
        return f"{name} is missing"
    scales = deployed.parameters.get("TableBilling") == "PROVISIONED"
    changes = [
        f"{difference['PropertyPath']} is {difference['ActualValue']} instead of "
        f"{difference['ExpectedValue']}"
        for difference in drift.get("PropertyDifferences", [])
        # Autoscaling keeps changing this.
        if not (scales and difference["PropertyPath"].startswith("/ProvisionedThroughput"))
    ]
    return f"{name}: {', '.join(changes)}" if changes else None
