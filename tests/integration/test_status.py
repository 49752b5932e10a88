"""What is said at the first look of a stack that is not well."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.stack_fixtures import Command
from tests.tweets import fake_source
from tests.waiting import wait_for
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import verdict
from tweetpipe.commands.delivering import deliver
from tweetpipe.live.once import look_once
from tweetpipe.looking import verify

TWEETS = 20
SEED = 3


def send_tweets(place: Place, stack: Stack) -> None:
    deliver(place, stack, fake_source(seed=SEED, count=TWEETS), total=TWEETS)


@pytest.mark.aws
def test_a_stack_that_works_is_told_so_and_deployed_again_is_up_to_date(
    own_stack: Stack, tweetpipe_command: Command
) -> None:
    at = ("--stack", own_stack.name)
    fake = (*at, "--seed", "9", "--count", "30")
    author = next(iter(verify.expected_items(9, 30).values()))["Username"]

    produced = tweetpipe_command("produce", "fake", *fake)
    verified = tweetpipe_command("verify", *fake, "--allow-others")
    queried = tweetpipe_command("query", "--json", *at, "--", author)
    status = tweetpipe_command("status", "--json", *at)
    logs = tweetpipe_command("logs", "--since", "1h", *at)
    again = tweetpipe_command("deploy", *at)

    for outcome in (produced, verified, queried, status, logs, again):
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert {item["Username"] for item in json.loads(queried.stdout)} == {author}
    assert json.loads(status.stdout)["outputs"] == own_stack.outputs
    assert "up to date" in again.stderr


def test_a_function_that_fails_every_call_is_an_error_although_its_tweets_are_stored(
    place: Place,
    new_stack: Callable[[], Stack],
    tweetpipe_command: Command,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stack = new_stack()
    send_tweets(place, stack)
    expected = verify.expected_items(SEED, TWEETS)
    stored = verify.wait_until_stored(place, stack.outputs["EventDataTable"], expected, patience=60)
    assert stored.is_equal
    wait_for(
        lambda: (
            {health.state for health in look_once(place, stack).snapshot.healths.values()}
            <= {"ok", "idle"}
        ),
        "a healthy stack",
    )
    place.lambda_().update_function_configuration(
        FunctionName=stack.outputs["DDBEventProcessor"], Handler="processor.batch.process"
    )

    send_tweets(place, stack)

    failing = wait_for(
        lambda: (
            (seen := look_once(place, stack).snapshot).function.health.state == "error" and seen
        ),
        "the failed calls to be seen",
    )
    assert failing
    assert "failed in the last minutes" in failing.function.health.why
    assert failing.latest.p50_s is None
    status = tweetpipe_command("status", "--stack", stack.name)
    assert (status.returncode, status.stderr) == (1, "")
    assert "function: error: " in status.stdout
    assert f"See why: tweetpipe logs --stack {stack.name}." in status.stdout
    capsys.readouterr()
    verdict.say_errors(place, stack)
    assert "function: error: " in capsys.readouterr().err


def test_it_is_said_that_the_function_may_not_be_called(place: Place, deployed: Stack) -> None:
    name = deployed.outputs["DDBEventProcessor"]
    place.lambda_().put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        health = look_once(place, deployed).snapshot.function.health
    finally:
        place.lambda_().delete_function_concurrency(FunctionName=name)

    assert health.state == "error"
    assert "Its reserved concurrency is 0, so Lambda never calls it" in health.why


def test_a_table_that_is_gone_is_told_beside_the_other_parts(
    place: Place, new_stack: Callable[[], Stack], tweetpipe_command: Command
) -> None:
    stack = new_stack()
    place.dynamodb().delete_table(TableName=stack.outputs["EventDataTable"])

    outcome = tweetpipe_command("status", "--stack", stack.name)

    assert (outcome.returncode, outcome.stderr) == (1, "")
    assert "EventData: error: The table is missing." in outcome.stdout
    assert "ACTIVE, PROVISIONED, 2 open shards" in outcome.stdout
