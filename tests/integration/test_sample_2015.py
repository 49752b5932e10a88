"""Moving from the sample of 2015, as docs/aws.md has it, as far as an emulator goes."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack_fixtures import Command
from tests.unit.processor.events import encode, v1_tweet
from tests.waiting import wait_for
from tweetpipe.aws import stack
from tweetpipe.aws.place import Place
from tweetpipe.looking import table
from tweetpipe.project import ROOT

SAMPLE = Path(__file__).with_name("sample_2015.yaml")
AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture
def old(place: Place) -> Iterator[str]:
    """The stack of a sample, with three tweets in its table."""
    name = f"sample-{uuid.uuid4().hex[:8]}"
    client = place.cloudformation()
    client.create_stack(
        StackName=name,
        TemplateBody=SAMPLE.read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_IAM"],
    )
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    outputs = client.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    stream = {entry["OutputKey"]: entry["OutputValue"] for entry in outputs}["KinesisStream"]
    for number in range(1, 4):
        place.kinesis().put_record(
            StreamName=stream, Data=encode(v1_tweet(number, text="plain")), PartitionKey="one"
        )
    wait_for(lambda: len(items(place, name)) == 3, "the sample's tweets")
    yield name
    delete(place, name)


def delete(place: Place, name: str) -> None:
    """Delete a stack, and wait until it is gone.

    Not with boto3's waiter: LocalStack says DELETE_FAILED for a moment when a resource fails.
    """
    place.cloudformation().delete_stack(StackName=name)
    wait_for(lambda: stack.find(place, name) is None, f"the end of {name}")


def items(place: Place, name: str) -> list[dict[str, str]]:
    return sorted(table.scan(place, f"{name}-EventData"), key=lambda item: item["Id"])


def test_the_samples_table_is_copied_into_a_new_stack_once_its_stream_is_read(
    place: Place,
    old: str,
    tweetpipe_command: Command,
    command_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    new = f"new-{uuid.uuid4().hex[:8]}"
    [copy] = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "aws.md").read_text("utf-8"), re.DOTALL
    )

    def python(*arguments: str) -> str:
        outcome = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=command_environment | AWS,
            capture_output=True,
            text=True,
            check=True,
        )
        return outcome.stdout

    said = python(str(ROOT / "docs" / "drained.py"), old, "60")
    try:
        deployed = tweetpipe_command("deploy", "--stack", new, "--yes")
        python("-c", copy, f"{old}-EventData", f"{new}-EventData")
        produced = tweetpipe_command("produce", "fake", "--count", "5", "--stack", new)
        copied = items(place, old)
        wait_for(lambda: len(items(place, new)) == len(copied) + 5, "the new tweets")

        assert "drained" in said
        assert (deployed.returncode, produced.returncode) == (0, 0)
        assert len(copied) == 3
        assert [item for item in items(place, new) if item in copied] == copied
    finally:
        tweetpipe_command("destroy", "--stack", new, "--yes")


def test_a_protected_table_stays_when_its_stack_is_deleted(place: Place, old: str) -> None:
    """LocalStack then says DELETE_COMPLETE, where AWS says DELETE_FAILED; it knows no import."""
    name = f"{old}-EventData"
    before = items(place, old)
    place.dynamodb().update_table(TableName=name, DeletionProtectionEnabled=True)

    delete(place, old)
    after = items(place, old)
    place.dynamodb().update_table(TableName=name, DeletionProtectionEnabled=False)
    place.dynamodb().delete_table(TableName=name)

    assert after == before
