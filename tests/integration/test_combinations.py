"""A few combinations of all that can be switched on, deployed, and each updated to the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.combinations import CHOICES, FEW, Combination, allowed, with_all_pairs
from tests.stack_fixtures import Command, deployed_stack
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.project import TEMPLATE

COUNT = 40


@pytest.fixture(scope="module", autouse=True)
def bucket(place: Place) -> Iterator[None]:
    [name] = filter(None, CHOICES["ExhaustedBucket"])
    place.s3().create_bucket(Bucket=name)
    yield
    place.s3().delete_bucket(Bucket=name)


def holders(place: Place, stack: Stack) -> list[object]:
    """What shows that the stream, the table, and the queue are the same as before."""
    outputs = stack.outputs
    stream = place.kinesis().describe_stream_summary(StreamName=outputs["KinesisStream"])
    table = place.dynamodb().describe_table(TableName=outputs["EventDataTable"])
    queue = place.sqs().get_queue_attributes(
        QueueUrl=outputs["DeadLetterQueueUrl"], AttributeNames=["CreatedTimestamp"]
    )
    return [
        stream["StreamDescriptionSummary"]["StreamARN"],
        stream["StreamDescriptionSummary"]["StreamCreationTimestamp"],
        table["Table"]["TableId"],
        queue["Attributes"]["CreatedTimestamp"],
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(FEW))
def test_tweets_flow_before_and_after_an_update_which_keeps_what_holds_them(
    number: int, place: Place, tweetpipe_command: Command
) -> None:
    few = list(with_all_pairs(allowed(TEMPLATE.read_text(encoding="utf-8"))))
    before, after = few[number - 1], few[number]

    def send_and_verify(stack: Stack, seed: int) -> None:
        fake = ("--stack", stack.name, "--seed", f"{seed}", "--count", f"{COUNT}")
        produced = tweetpipe_command("produce", "fake", *fake)
        assert produced.returncode == 0, produced.stderr
        verify(stack, seed)

    def verify(stack: Stack, seed: int) -> None:
        fake = ("--stack", stack.name, "--seed", f"{seed}", "--count", f"{COUNT}")
        verified = tweetpipe_command("verify", *fake, "--allow-others")
        assert verified.returncode == 0, verified.stderr

    def deploy(stack: Stack, chosen: Combination) -> str:
        options = [f"--parameter={name}={value}" for name, value in chosen.items()]
        outcome = tweetpipe_command("deploy", "--stack", stack.name, *options)
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stderr

    with deployed_stack(place, before) as stack:
        send_and_verify(stack, 1)
        kept = holders(place, stack)

        deploy(stack, after)
        again = deploy(stack, after)

        updated = stacks.get(place, stack.name)
        assert holders(place, updated) == kept
        assert "up to date" in again
        verify(updated, 1)
        send_and_verify(updated, 2)
        status = tweetpipe_command("status", "--stack", stack.name)
        assert status.returncode == 0, status.stdout
