"""What was changed on AWS beside the stack, by drift detection.

Untried on AWS itself: the answers' forms are botocore's.
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
    """What differs from the template, a line for each resource; takes up to some minutes.

    `on_unknown` is told of each resource that CloudFormation could not look at. Raises DeployFailed
    when nothing can be told.
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
        # 100 at most, and a stack of ours has some 30 resources.
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
        on_unknown(f"Whether {drift['LogicalResourceId']} was changed can't be told: {why}.")
    found = [line for line in (_line(drift, deployed) for drift in drifts) if line]
    if status["DetectionStatus"] == "DETECTION_FAILED" and not found and not unknown:
        raise DeployFailed(status.get("DetectionStatusReason", "no reason given"))
    return found


def check_attached(place: Place, deployed: Stack, on_step: Callable[[str], None]) -> None:
    """Raises DeployFailed where managed policies are attached to the stack's role or user.

    Drift detection compares what the template names, and it names none.
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
        on_step(f"Whether policies were attached beside the stack can't be told: {explain(error)}")
        return
    if commands:
        raise DeployFailed(
            "The stack is as the template says, but its role or user has more rights: policies "
            f"are attached that the template doesn't name. Detach them: {'; '.join(commands)}"
        )


def check_code(place: Place, deployed: Stack, artifact: Artifact, archive: bytes) -> None:
    """Raises DeployFailed where the function runs other code than the package's.

    Drift detection can't read code, so that nobody else would find what was changed by hand.
    """
    name = deployed.outputs["DDBEventProcessor"]
    found = place.lambda_().get_function_configuration(FunctionName=name)["CodeSha256"]
    if found != package.code_sha256(archive):
        raise DeployFailed(
            "The stack is as the template says, but its function runs other code, which was put "
            f"there beside the stack. Put the package back: aws lambda update-function-code "
            f"--function-name {name} --s3-bucket {artifact.bucket} --s3-key {artifact.key}"
        )


def _line(drift: StackResourceDriftTypeDef, deployed: Stack) -> str | None:
    name = drift["LogicalResourceId"]
    if drift["StackResourceDriftStatus"] == "DELETED":
        return f"{name} is gone"
    scales = deployed.parameters.get("TableBilling") == "PROVISIONED"
    changes = [
        f"{difference['PropertyPath']} is {difference['ActualValue']} instead of "
        f"{difference['ExpectedValue']}"
        for difference in drift.get("PropertyDifferences", [])
        # Its autoscaling changes that all the time.
        if not (scales and difference["PropertyPath"].startswith("/ProvisionedThroughput"))
    ]
    return f"{name}: {', '.join(changes)}" if changes else None
