"""tweetpipe's commands work with the rights of infra/deploy-policy.json, every call checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.iam import identities, template
from tests.iam.calls import attempt
from tests.iam.catalogue import CALLS, StackCall
from tests.iam.identities import REGION, Identity
from tests.iam.stacks import Pair
from tests.waiting import wait_for
from tweetpipe.commands.main import main
from tweetpipe.deploying import artifacts, deploy
from tweetpipe.project import ROOT
from tweets.fakes import FakeTweets, render

POLICY = ROOT / "infra" / "deploy-policy.json"
COUNT = 20

# These reads AWS can't tie to a name, or MiniStack does not.
OPEN_TO_ALL = frozenset(
    {"cloudwatch:DescribeAlarms", "lambda:ListEventSourceMappings", "logs:DescribeLogGroups"}
)

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def deployer(admin: Identity) -> Identity:
    """A user with the policy and nothing else."""
    document = json.loads(POLICY.read_text(encoding="utf-8"))
    document["Statement"] = [template.as_evaluated(one) for one in document["Statement"]]
    iam = admin.client("iam")
    policy = iam.create_policy(
        PolicyName="deploy", PolicyDocument=json.dumps(document, separators=(",", ":"))
    )
    iam.create_user(UserName="deployer")
    iam.attach_user_policy(UserName="deployer", PolicyArn=policy["Policy"]["Arn"])
    return identities.user(admin, "deployer")


@pytest.fixture
def run(
    deployer: Identity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command against the emulator as if it were AWS, as the deployer."""
    fit = tmp_path / "template.yaml"
    fit.write_text(yaml.safe_dump(template.load(), sort_keys=False), encoding="utf-8")
    for module in (artifacts, deploy):
        monkeypatch.setattr(module, "TEMPLATE", fit)
    monkeypatch.chdir(tmp_path)  # away from a user's .env
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": deployer.access_key_id,
        "AWS_SECRET_ACCESS_KEY": deployer.secret_access_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": deployer.endpoint,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)

    def run_command(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--target", "aws"])
        output = "".join(capsys.readouterr())
        assert "not authorized" not in output
        assert "AccessDenied" not in output
        return int(ended.value.code or 0), output

    return run_command


def succeeds(outcome: tuple[int, str]) -> None:
    code, said = outcome
    assert code == 0, said


def test_a_stack_is_deployed_used_and_destroyed(admin: Identity, run: Run) -> None:
    succeeds(run("deploy", "--yes"))
    _put_tweets(admin)

    succeeds(run("verify", "--count", str(COUNT), "--wait", "60"))
    name = FakeTweets(seed=0).tweet(0).author.name
    succeeds(run("query", name))
    # As in the catalogue, MiniStack wants the ARN of a stream for GetRecords, and AWS does not.
    _, said = run("status")
    assert set(re.findall(r"lack the permission (\S+)", said)) <= {"kinesis:GetRecords"}, said
    assert "error" not in re.findall(r": (\w+): ", said), said
    queue_url = admin.client("sqs").get_queue_url(QueueName="tweets-DeadLetters")["QueueUrl"]
    wait_for(lambda: _messages(admin, queue_url), "the dead letter")
    succeeds(run("dead-letters", "list"))
    # It is still no tweet, and so it stays in the queue: only that the calls are allowed counts.
    run("dead-letters", "redrive", "--all")

    # This emulator takes the parameter's "false" for true.
    admin.client("dynamodb").update_table(
        TableName="tweets-EventData", DeletionProtectionEnabled=False
    )
    succeeds(run("destroy", "--yes"))
    assert "tweets" not in _stacks(admin)


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if call.action not in OPEN_TO_ALL],
    ids=str,
)
def test_the_deployer_can_do_nothing_to_a_stack_of_another_name(
    deployer: Identity, pair: Pair, call: StackCall
) -> None:
    outcome = attempt(deployer, call, pair.other)

    assert outcome.denied_for(call.action), outcome


def _put_tweets(admin: Identity) -> None:
    found = admin.client("cloudformation").describe_stacks(StackName="tweets")["Stacks"][0]
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in found["Outputs"]}
    tweets = FakeTweets(seed=0)
    data = [render(tweets.tweet(index), "v2") for index in range(COUNT)]
    admin.client("kinesis").put_records(
        StreamName=outputs["KinesisStream"],
        Records=[{"Data": each, "PartitionKey": "k"} for each in (*data, b"no tweet at all")],
    )


def _messages(admin: Identity, queue_url: str) -> int:
    attributes = admin.client("sqs").get_queue_attributes(
        QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def _stacks(admin: Identity) -> list[str]:
    """Those that are there; a deleted one is listed for a while."""
    found = admin.client("cloudformation").list_stacks()["StackSummaries"]
    return [one["StackName"] for one in found if one["StackStatus"] != "DELETE_COMPLETE"]
