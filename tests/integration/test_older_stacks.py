"""A stack that an earlier version deployed, updated to what the template says today."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_combinations import holders
from tests.stack_fixtures import Command
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import artifacts, deploy, package

OLD = Path(__file__).with_name("template_0_1_0.yaml")
CHANGED = {
    "ShardCount": "2",
    "RetentionHours": "48",
    "TableBilling": "PROVISIONED",
    "EnhancedFanOut": "true",
    "Alarms": "true",
    "AlarmEmail": "ops@example.com",
    "LogFormat": "JSON",
    "SecretInOutputs": "true",
}


@pytest.fixture(params=[{}, CHANGED], ids=["defaults", "changed"])
def old(
    request: pytest.FixtureRequest, place: Place, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """The stack, as the old template makes it."""
    name = f"old-{uuid.uuid4().hex[:8]}"
    archive = package.archive(events.chosen().packaged)
    artifact = artifacts.locate(place, name, archive)
    artifacts.upload(place, artifact, archive)
    with monkeypatch.context() as then:
        then.setattr(artifacts, "TEMPLATE", OLD)
        body = artifacts.template_with(artifact)
    client = place.cloudformation()
    client.create_stack(
        StackName=name,
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in request.param.items()
        ],
    )
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    yield stacks.get(place, name)
    deploy.destroy(place, name, on_event=lambda _: None)


@pytest.mark.slow
def test_a_stack_of_0_1_0_is_updated_and_keeps_its_tweets_and_its_parameters(
    old: Stack, place: Place, tweetpipe_command: Command
) -> None:
    at = ("--stack", old.name)
    fake = (*at, "--seed", "3", "--count", "40")
    assert tweetpipe_command("produce", "fake", *fake).returncode == 0
    assert tweetpipe_command("verify", *fake).returncode == 0
    kept = holders(place, old)

    updated = tweetpipe_command("deploy", *at)
    again = tweetpipe_command("deploy", *at)

    assert updated.returncode == 0, updated.stderr
    assert "MaximumRetryAttempts is 10, an earlier default." in updated.stderr
    assert "The producer's access key is replaced" in updated.stderr
    assert "up to date" in again.stderr
    new = stacks.get(place, old.name)
    assert holders(place, new) == kept
    assert new.parameters.items() >= old.parameters.items()
    assert new.outputs["AccessKeyId"] != old.outputs["AccessKeyId"]
    further = tweetpipe_command("produce", "fake", *at, "--seed", "4", "--count", "40")
    verified = tweetpipe_command("verify", *at, "--seed", "4", "--count", "40", "--allow-others")
    before = tweetpipe_command("verify", *fake, "--allow-others")
    assert (further.returncode, verified.returncode, before.returncode) == (0, 0, 0)
