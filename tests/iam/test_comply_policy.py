"""tweetpipe comply works with the rights of infra/comply-policy.json, which allow nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.iam import identities, tables, template
from tests.iam.identities import REGION, Identity
from tests.iam.stacks import Pair
from tests.unit.tweetpipe.dead_letters.doubles import REJECTED
from tweetpipe.commands.main import main
from tweetpipe.project import ROOT
from tweets.fakes.x_api import FakeX, Served, serving

POLICY = ROOT / "infra" / "comply-policy.json"
NEEDS = frozenset(
    {
        "cloudformation:DescribeStacks",
        "dynamodb:DeleteItem",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
        "lambda:InvokeFunction",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    }
)


@pytest.fixture(scope="module")
def reviewer(admin: Identity, pair: Pair) -> Identity:
    """A user with the policy for the first stack, and nothing else."""
    document = json.loads(POLICY.read_text(encoding="utf-8").replace("tweets", pair.own.stack))
    document["Statement"] = [template.as_evaluated(one) for one in document["Statement"]]
    iam = admin.client("iam")
    iam.create_user(UserName="reviewer")
    iam.put_user_policy(
        UserName="reviewer", PolicyName="comply", PolicyDocument=json.dumps(document)
    )
    return identities.user(admin, "reviewer")


@pytest.fixture
def x() -> Iterator[Served]:
    with serving(FakeX(seed=73)) as served:
        yield served


def test_the_command_needs_no_other_rights(
    admin: Identity,
    reviewer: Identity,
    pair: Pair,
    x: Served,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ids = [x.fake.tweet(index).id for _ in range(4) if (index := x.fake.publish()) is not None]
    deleted, withheld, rejected, scrubbed = ids
    dynamodb, sqs = admin.client("dynamodb"), admin.client("sqs")
    for id_ in (deleted, withheld):
        item = {"Username": {"S": "u"}, "Id": {"S": id_}}
        dynamodb.put_item(TableName=pair.own.table, Item=item)
    for id_ in (rejected, scrubbed):
        data = json.dumps({"data": {"id": id_, "geo": {"place_id": "1"}}}).encode()
        body = REJECTED | {"payload": base64.b64encode(data).decode()}
        sqs.send_message(QueueUrl=pair.own.queue_url, MessageBody=json.dumps(body))
    for id_ in (deleted, rejected):
        x.fake.changes.delete(id_, quiet=True)
    x.fake.changes.scrub_geo(scrubbed, quiet=True)
    said = {"status_withheld": {"id": int(withheld), "withheld_in_countries": ["DE"]}}
    (tmp_path / "compliance.ndjson").write_text(json.dumps(said) + "\n")
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": reviewer.access_key_id,
        "AWS_SECRET_ACCESS_KEY": reviewer.secret_access_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": reviewer.endpoint,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "X_API_URL": x.url,
        "bearer_token": x.fake.credentials.bearer_token,
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        main(["comply", "--stack", pair.own.stack, "--target", "aws"])

    said_by_it = "".join(capsys.readouterr())
    assert not ended.value.code, said_by_it
    found = {item["Id"]["S"]: item for item in dynamodb.scan(TableName=pair.own.table)["Items"]}
    assert found.keys() & set(ids) == {withheld}
    assert found[withheld]["WithheldIn"] == {"L": [{"S": "DE"}]}
    messages = sqs.receive_message(QueueUrl=pair.own.queue_url, MaxNumberOfMessages=10)["Messages"]
    bodies = [json.loads(one["Body"]) for one in messages if one["Body"].startswith("{")]
    payloads = [base64.b64decode(body["payload"]) for body in bodies]
    assert [json.loads(data) for data in payloads] == [{"data": {"id": scrubbed}}]


def test_the_policy_opens_nothing_else(reviewer: Identity, pair: Pair) -> None:
    assert not tables.departures(reviewer, NEEDS, pair)
