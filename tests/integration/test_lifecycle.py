"""The command line from deploy to destroy, and what it says when something is in the way."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from localstack_embedded.tests.unused_ports import free_port
from tests.commands import PATIENT_COMMAND
from tests.stack_fixtures import Command
from tests.waiting import wait_for
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import events, owner, package
from tweetpipe.looking import table, verify

Finished = subprocess.CompletedProcess[str]


def assert_refused(outcome: Finished, *, code: int, saying: str) -> None:
    """The command ended with this code and an error that has these words, and maybe commands."""
    assert outcome.returncode == code, outcome.stderr
    error, *commands = outcome.stderr.splitlines()
    assert error.startswith("Error: ")
    assert all(command.startswith("  ") for command in commands)
    assert saying in outcome.stderr
    assert not outcome.stdout


def test_the_same_sources_make_the_same_package() -> None:
    assert package.archive() == package.archive()


def test_deploying_again_changes_nothing(
    place: Place, deployed: Stack, tweetpipe_command: Command
) -> None:
    before = packages_of(place, deployed.name)
    again = tweetpipe_command("deploy", "--stack", deployed.name)
    assert again.returncode == 0, again.stderr
    assert "up to date" in again.stderr
    assert packages_of(place, deployed.name) == before
    assert len(before) == 1


def test_a_changed_shard_count_is_there_when_deploy_ends(
    place: Place, new_stack: Callable[[], Stack], tweetpipe_command: Command
) -> None:
    stack = new_stack()
    outcome = tweetpipe_command("deploy", "--stack", stack.name, "--parameter", "ShardCount=3")
    assert outcome.returncode == 0, outcome.stderr
    described = place.kinesis().describe_stream_summary(StreamName=stack.outputs["KinesisStream"])
    assert described["StreamDescriptionSummary"]["OpenShardCount"] == 3


def test_destroy_leaves_nothing_and_a_second_one_has_nothing_to_do(
    place: Place, new_stack: Callable[[], Stack], tweetpipe_command: Command
) -> None:
    stack = new_stack()
    resources = place.cloudformation().describe_stack_resources(StackName=stack.name)
    names = {resource["PhysicalResourceId"] for resource in resources["StackResources"]}
    before = everything_there(place)
    ours = {kind: {n for n in found if is_of(stack, n, names)} for kind, found in before.items()}
    assert all(ours.values()), "what is looked for afterwards must be there before"

    first = tweetpipe_command("destroy", "--stack", stack.name)
    second = tweetpipe_command("destroy", "--stack", stack.name)

    assert first.returncode == 0, first.stderr
    assert "_FAILED" not in first.stderr
    assert not [event for event in events.every(place, stack.id) if event.is_failure]
    for kind, found in everything_there(place).items():
        assert not {n for n in found if is_of(stack, n, names)}, kind
    assert second.returncode == 0, second.stderr
    assert "nothing to do" in second.stderr


def test_no_resource_fails_when_the_user_goes_and_returns_and_then_the_stack_goes(
    place: Place, new_stack: Callable[[], Stack], tweetpipe_command: Command
) -> None:
    stack = new_stack()
    name = ("--stack", stack.name)
    outcomes = [
        tweetpipe_command("produce", "fake", "--count", "20", *name),
        tweetpipe_command("deploy", "-p", "ProducerUser=false", "-p", "Alarms=true", *name),
        tweetpipe_command("deploy", "-p", "ProducerUser=true", "-p", "Alarms=false", *name),
        tweetpipe_command("destroy", *name),
    ]

    assert [outcome.stderr for outcome in outcomes if outcome.returncode] == []
    assert not [outcome.stderr for outcome in outcomes if "_FAILED" in outcome.stderr]
    assert not [event for event in events.every(place, stack.id) if event.is_failure]


def test_destroying_what_another_checkout_deployed_asks(
    new_stack: Callable[[], Stack],
    tweetpipe_command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(owner, "LOCALSTACK_HOME", tmp_path / "another" / ".localstack")
        name = new_stack().name
    destroy = ("destroy", "--stack", name)

    unanswered = tweetpipe_command(*destroy)
    assert (unanswered.returncode, "Add --yes" in unanswered.stderr) == (2, True)
    declined = tweetpipe_command(*destroy, answers="n\n")
    assert "was not deployed by this installation" in declined.stderr
    assert (declined.returncode, "Nothing was deleted." in declined.stderr) == (1, True)
    confirmed = tweetpipe_command(*destroy, "--yes")
    assert (confirmed.returncode, "Deleted the stack" in confirmed.stderr) == (0, True), (
        confirmed.stderr
    )


def is_of(stack: Stack, name: str, physical_ids: set[str]) -> bool:
    return name in physical_ids or stack.name in name


def everything_there(place: Place) -> dict[str, set[str]]:
    """The names, by kind, of all there is at the emulator."""

    def client(service: str) -> Any:
        make: Any = place.session.client
        return make(service, endpoint_url=place.endpoint)

    def listed(service: str, operation: str, result: str, name: str = "") -> set[str]:
        pages = client(service).get_paginator(operation).paginate()
        entries = [entry for page in pages for entry in page.get(result, [])]
        return {entry[name] if name else entry for entry in entries}

    return {
        "stream": listed("kinesis", "list_streams", "StreamNames"),
        "table": listed("dynamodb", "list_tables", "TableNames"),
        "function": listed("lambda", "list_functions", "Functions", "FunctionName"),
        "mapping": listed("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
        "role": listed("iam", "list_roles", "Roles", "RoleName"),
        "user": listed("iam", "list_users", "Users", "UserName"),
        "queue": listed("sqs", "list_queues", "QueueUrls"),
        "secret": listed("secretsmanager", "list_secrets", "SecretList", "ARN"),
        "log group": listed("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "package": {key for bucket in buckets(place) for key in objects_of(place, bucket["Name"])},
    }


def packages_of(place: Place, stack: str) -> set[str]:
    """The keys of a stack's packages."""
    return {key for key in everything_there(place)["package"] if key.startswith(f"{stack}/")}


def buckets(place: Place) -> list[Any]:
    return [*place.s3().list_buckets()["Buckets"]]


def objects_of(place: Place, bucket: str) -> set[str]:
    return {entry["Key"] for entry in place.s3().list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_produce_before_deploy_tells_to_deploy(tweetpipe_command: Command) -> None:
    outcome = tweetpipe_command("produce", "--stack", "not-yet")
    assert_refused(outcome, code=1, saying="tweetpipe deploy --stack not-yet")


def test_deploy_without_an_emulator_tells_to_start_one(tweetpipe_command: Command) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    outcome = tweetpipe_command("deploy", AWS_ENDPOINT_URL=nowhere)
    assert_refused(outcome, code=1, saying="tweetpipe up")


@pytest.mark.parametrize(
    ("arguments", "saying"),
    [
        (("deploy", "--stack", "no_underscores"), "is not a valid stack name"),
        (("deploy", "--stack", "n" * 47), "is not a valid stack name"),
        (("deploy", "--parameter", "ShardCount"), "ShardCount=4"),
        (("produce", "--file", "tweets.ndjson"), "--source file"),
        (("produce", "--source", "file"), "--file"),
        (("produce", "--source", "file", "--file", "-", "--seed", "1"), "--source fake"),
        (("produce", "--forever", "--count", "1"), "can't be used together"),
    ],
)
def test_wrong_usage_is_named(
    arguments: tuple[str, ...], saying: str, tweetpipe_command: Command
) -> None:
    assert_refused(tweetpipe_command(*arguments), code=2, saying=saying)


def test_nothing_to_produce_is_no_failure(
    deployed: Stack, tweetpipe_command: Command, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.ndjson"
    empty.touch()
    for source in (("--count", "0"), ("--source", "file", "--file", str(empty))):
        outcome = tweetpipe_command("produce", *source, "--stack", deployed.name)
        assert outcome.returncode == 0, outcome.stderr
        assert "sent 0 " in outcome.stderr


def test_status_and_query_and_dead_letters_show_what_is_there(
    place: Place, new_stack: Callable[[], Stack], tweetpipe_command: Command
) -> None:
    stack = new_stack()
    name = ("--stack", stack.name)
    fake = ("--seed", "9", "--count", "10", *name)
    assert tweetpipe_command("produce", *fake).returncode == 0
    assert tweetpipe_command("verify", *fake).returncode == 0
    wanted = next(iter(verify.expected_items(9, 10).values()))

    shown = tweetpipe_command("query", *name, "--", wanted["Username"])
    assert shown.returncode == 0, shown.stderr
    assert wanted["Id"] in shown.stdout
    queried = tweetpipe_command("query", "--json", *name, "--", wanted["Username"])
    assert wanted in json.loads(queried.stdout)

    letters = tweetpipe_command("dead-letters", "list", *name)
    assert (letters.returncode, letters.stdout) == (0, "")
    assert "No dead letters." in letters.stderr

    status = json.loads(tweetpipe_command("status", "--json", *name).stdout)
    assert (status["stack"], status["status"]) == (stack.name, "CREATE_COMPLETE")
    assert (status["shards"], status["items"], status["dead_letters"]) == (2, 10, 0)
    assert status["outputs"] == stack.outputs


def has_more_items(place: Place, name: str, count: int) -> bool:
    return len([*table.scan(place, name)]) > count


def test_an_interrupted_produce_has_sent_what_it_says_and_another_goes_on_after_that(
    place: Place,
    new_stack: Callable[[], Stack],
    command_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    stack = new_stack()
    name = stack.outputs["EventDataTable"]
    arguments = ["produce", "--forever", "--rate", "50", "--stack", stack.name]
    total = 0
    for _ in range(2):
        with subprocess.Popen(
            [*PATIENT_COMMAND, *arguments],
            cwd=tmp_path,
            env=command_environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                wait_for(partial(has_more_items, place, name, total), "a new item")
                assert process.poll() is None, "it ended by itself"
                process.send_signal(signal.SIGINT)
                _, stderr = process.communicate(timeout=60)
            finally:
                process.kill()

        assert process.returncode == 130
        assert "Traceback" not in stderr
        summary = re.fullmatch(r"Read (\d+), sent (\d+) .* failed 0", stderr.splitlines()[-1])
        assert summary, stderr
        assert summary[1] == summary[2]
        assert (f"Continuing after the first {total} fake tweets" in stderr) is (total > 0)
        total += int(summary[2])
        expected = verify.expected_items(0, total)
        comparison = verify.wait_until_stored(place, name, expected, patience=120)
        assert comparison == verify.Comparison(expected=total)
