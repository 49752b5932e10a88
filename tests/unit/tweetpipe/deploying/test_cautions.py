"""Before a change, deploy says what AWS limits of it, and what it brings with it."""

from __future__ import annotations

import pytest

from tweetpipe.deploying.cautions import cautions
from tweetpipe.deploying.changes import Change, ChangeSet, Property


def plan(*changes: Change, creates: bool = False, retries: str = "-1") -> ChangeSet:
    return ChangeSet(
        id="plan",
        stack_id="arn:stack",
        creates=creates,
        changes=changes,
        parameters={"MaximumRetryAttempts": retries},
    )


def change(
    kind: str, *properties: str, action: str = "Modify", replacement: str = "False"
) -> Change:
    return Change(
        action=action,
        logical_id="X",
        type=kind,
        replacement=replacement,
        properties=tuple(Property(name=name) for name in properties),
    )


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("AWS::Kinesis::Stream", "ShardCount", "at most ten times in 24 hours"),
        ("AWS::Kinesis::Stream", "StreamModeDetails", "at most twice in 24 hours"),
        ("AWS::DynamoDB::Table", "BillingMode", "at most four times in 24 hours"),
        ("AWS::DynamoDB::Table", "TimeToLiveSpecification", "up to an hour"),
        ("AWS::DynamoDB::Table", "WarmThroughput", "can't lower them"),
    ],
)
def test_what_aws_limits_is_said_once(kind: str, name: str, said: str) -> None:
    [line] = cautions(plan(change(kind, name, "Tags"), change(kind, name)))

    assert said in line


def test_on_an_emulator_only_what_holds_there_as_well_is_said() -> None:
    mode = change("AWS::Kinesis::Stream", "StreamModeDetails")
    mapping = change("AWS::Lambda::EventSourceMapping", "EventSourceArn", replacement="True")

    said = cautions(plan(mode, mapping, retries="10"), on_aws=False)

    assert ["again" in line for line in said] == [True, False]
    assert "-p MaximumRetryAttempts=-1" in said[1]


@pytest.mark.parametrize("replacement", ["True", "Conditional"])
def test_a_mapping_that_is_made_anew_reads_all_again_and_makes_dead_letters_twice(
    replacement: str,
) -> None:
    mapping = change("AWS::Lambda::EventSourceMapping", "EventSourceArn", replacement=replacement)

    [line] = cautions(plan(mapping))

    assert "in the stream again" in line
    assert "a second dead letter" in line


@pytest.mark.parametrize(
    "harmless",
    [
        change("AWS::Kinesis::Stream", "ShardCount", action="Add"),
        change("AWS::Kinesis::Stream", "RetentionPeriodHours", "Tags"),
        change("AWS::Lambda::EventSourceMapping", "BatchSize"),
        change("AWS::Lambda::EventSourceMapping", action="Add"),
        change("AWS::IAM::AccessKey", action="Add"),
    ],
)
def test_what_has_no_limit_and_what_is_new_needs_no_word(harmless: Change) -> None:
    assert cautions(plan(harmless)) == []


@pytest.mark.parametrize(
    ("action", "replacement", "said"),
    [
        ("Modify", "True", "is replaced, and the old one deleted"),
        ("Modify", "Conditional", "is replaced, and the old one deleted"),
        ("Remove", "", "is deleted. AWS then rejects"),
    ],
)
def test_whoever_has_the_producers_key_learns_that_it_ends(
    action: str, replacement: str, said: str
) -> None:
    key = change("AWS::IAM::AccessKey", "UserName", action=action, replacement=replacement)

    [line] = cautions(plan(key))

    assert said in line


def test_a_stack_that_keeps_the_retries_of_before_is_told_how_to_heal_by_itself() -> None:
    function = change("AWS::Lambda::Function", "Code")

    [line] = cautions(plan(function, retries="10"))

    assert "-p MaximumRetryAttempts=-1" in line


@pytest.mark.parametrize(("creates", "retries"), [(True, "10"), (False, "50"), (False, "-1")])
def test_retries_that_somebody_chose_need_no_word(creates: bool, retries: str) -> None:
    assert cautions(plan(creates=creates, retries=retries)) == []
