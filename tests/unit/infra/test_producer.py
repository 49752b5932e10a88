"""infra/producer.yaml: one task that nothing reaches, with as few rights as it needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.documented import check
from tests.unit.infra.reading import references
from tweetpipe.deploying import parameters
from tweetpipe.project import ROOT

TEXT = (ROOT / "infra" / "producer.yaml").read_text(encoding="utf-8")
WHOLE = parameters.read(TEXT)
RESOURCES: dict[str, dict[str, Any]] = WHOLE["Resources"]
TASK = RESOURCES["Task"]["Properties"]
[CONTAINER] = TASK["ContainerDefinitions"]
SERVICE = RESOURCES["Service"]["Properties"]


def granted(role: str) -> dict[str, Any]:
    """Each action, or those of a statement, with the resource that it is allowed on."""
    found = {}
    for entry in RESOURCES[role]["Properties"]["Policies"]:
        policy = entry.get("If", (None, entry))[1]
        for statement in policy["PolicyDocument"]["Statement"]:
            action = statement["Action"]
            for one in [action] if isinstance(action, str) else action:
                found[one] = statement["Resource"]
    return found


def test_the_producer_may_put_records_on_its_stream_and_learn_which_that_is() -> None:
    rights = granted("TaskRole")

    assert set(rights) == {
        "kinesis:PutRecords",
        "cloudformation:DescribeStacks",
        "cloudwatch:PutMetricData",
        "kms:GenerateDataKey",
    }
    assert rights["kinesis:PutRecords"]["Sub"].endswith(":stream/${StreamName}")
    assert rights["cloudformation:DescribeStacks"]["Sub"].endswith(":stack/${PipelineStack}/*")


def test_its_figures_are_tweetpipes_alone() -> None:
    [policy] = [
        entry["PolicyDocument"]["Statement"]
        for entry in RESOURCES["TaskRole"]["Properties"]["Policies"]
        if entry.get("PolicyName") == "put-events"
    ]
    [figures] = [each for each in policy if each["Action"] == "cloudwatch:PutMetricData"]
    assert figures["Condition"] == {"StringEquals": {"cloudwatch:namespace": "tweetpipe"}}


def test_the_token_is_ecss_to_read_and_is_nowhere_but_in_its_secret() -> None:
    rights = granted("ExecutionRole")

    assert rights["secretsmanager:GetSecretValue"] == {"Ref": "TokenSecretArn"}
    assert not {"kinesis", "dynamodb", "s3"} & {action.split(":")[0] for action in rights}
    assert CONTAINER["Secrets"] == [
        {"Name": "bearer_token", "ValueFrom": {"Ref": "TokenSecretArn"}}
    ]
    assert "TokenSecretArn" not in set(references([CONTAINER["Command"], WHOLE["Outputs"]]))


def test_comply_has_the_rights_of_its_policy_on_the_stack_of_that_name() -> None:
    path = ROOT / "infra" / "comply-policy.json"
    statements = json.loads(path.read_text(encoding="utf-8"))["Statement"]
    policy = {
        action: statement["Resource"].rpartition(":")[2].replace("tweets", "${PipelineStack}")
        for statement in statements
        for action in statement["Action"]
    }
    rights = granted("ComplyRole")
    of_key = {action for action in rights if action.startswith("kms:")}

    assert of_key == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert {
        action: resource["Sub"].rpartition("${AWS::AccountId}:")[2].rpartition("function:")[2]
        for action, resource in rights.items()
        if action not in of_key
    } == policy


def test_comply_is_started_by_its_schedule_alone() -> None:
    rights = granted("ScheduleRole")
    [container] = RESOURCES["ComplyTask"]["Properties"]["ContainerDefinitions"]
    target = RESOURCES["Comply"]["Properties"]["Target"]

    assert rights == {
        "ecs:RunTask": {"Ref": "ComplyTask"},
        "ecs:TagResource": {
            "Sub": "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task/${Cluster}/*"
        },
        "iam:PassRole": [{"GetAtt": "ComplyRole.Arn"}, {"GetAtt": "ExecutionRole.Arn"}],
    }
    assert target["EcsParameters"]["TaskDefinitionArn"] == {"Ref": "ComplyTask"}
    assert target["EcsParameters"]["PropagateTags"]  # for which it may tag what it starts
    assert {"Name": "X_MONTHLY_LIMIT", "Value": {"Ref": "MonthlyLimit"}} in container["Environment"]
    assert container["Secrets"] == CONTAINER["Secrets"]
    command = [word if isinstance(word, str) else "tweets" for word in container["Command"]]
    check(["tweetpipe", *command])


def test_nothing_of_comply_is_made_without_a_schedule() -> None:
    made = {name for name, each in RESOURCES.items() if each.get("Condition") == "Complies"}

    assert made == {"Comply", "ComplyRole", "ComplyTask", "ScheduleRole"}
    assert WHOLE["Parameters"]["ComplySchedule"]["Default"] == ""


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("TaskRole", "ecs-tasks"),
        ("ExecutionRole", "ecs-tasks"),
        ("ComplyRole", "ecs-tasks"),
        ("ScheduleRole", "scheduler"),
    ],
)
def test_a_role_is_one_services_alone_has_no_wildcard_and_fits_a_boundary(
    role: str, service: str
) -> None:
    properties = RESOURCES[role]["Properties"]
    [trust] = properties["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert properties["PermissionsBoundary"]["If"][0] == "HasBoundary"
    assert not properties.keys() & {"ManagedPolicyArns"}
    for action, resource in granted(role).items():
        assert "*" not in action
        # What names no resource: to sign in to the registry, and to put figures of a namespace.
        names_none = ("ecr:GetAuthorizationToken", "cloudwatch:PutMetricData")
        assert resource != "*" or action in names_none


def test_there_is_one_task_at_most_and_nothing_reaches_it() -> None:
    deployment = SERVICE["DeploymentConfiguration"]

    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (0, 100)
    assert SERVICE["AvailabilityZoneRebalancing"] == "DISABLED"
    assert WHOLE["Parameters"]["Running"]["AllowedValues"] == [0, 1]
    assert "SecurityGroupIngress" not in RESOURCES["NoWayIn"]["Properties"]
    assert "PortMappings" not in CONTAINER
    assert "LoadBalancers" not in SERVICE
    assert SERVICE["EnableExecuteCommand"] is False


def test_it_runs_on_arm_and_has_the_time_to_deliver_what_it_has_read() -> None:
    assert TASK["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
    assert TASK["RequiresCompatibilities"] == ["FARGATE"]
    # As long as docker-compose.yml waits, or longer; Fargate allows 120 s.
    assert 40 <= CONTAINER["StopTimeout"] <= 120


def test_its_command_is_one_of_tweetpipes() -> None:
    values = {"PipelineStack": "tweets", "Track": "#aws lang:en"}
    command = CONTAINER["Command"]

    check(["tweetpipe", *(values[w["Ref"]] if isinstance(w, dict) else w for w in command)])


@pytest.mark.parametrize("limit", ["", "20", "0.5"])
def test_what_posts_may_cost_is_limited_where_it_is_asked_for(limit: str) -> None:
    parameters.check(TEXT, {"MonthlyLimit": limit})

    assert {"Name": "X_MONTHLY_LIMIT", "Value": {"Ref": "MonthlyLimit"}} in CONTAINER["Environment"]


def test_what_the_linters_switch_on_is_allowed() -> None:
    path = ROOT / "infra" / "producer-everything-on.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    rules = WHOLE["Parameters"]

    for name, value in values.items():
        assert name.startswith("AWS::") or name in rules, name
        if not name.startswith("AWS::") and rules[name]["Type"] == "String":
            parameters.check(TEXT, {name: value})
    assert set(values) >= {name for name, rule in rules.items() if "Default" not in rule}


def test_the_linters_look_at_both_templates() -> None:
    lint = (ROOT / "Makefile").read_text(encoding="utf-8")

    for tool in ("cfn-lint", "cfripper", "checkov"):
        words = [
            line for line in lint.splitlines() if line.startswith("\t") and f"/{tool} " in line
        ]
        assert {"infra/template.yaml", "infra/producer.yaml"} <= set(" ".join(words).split()), tool
