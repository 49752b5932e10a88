"""LocalStack in a container: tweets by the thousand, and what is said when it does not come up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from producer import Settings
from tests.containers import janitor, localstack
from tests.containers.localstack import EmulatorFailed
from tests.integration.test_pipeline import send
from tests.stack_fixtures import PARAMETERS, deployed_stack
from tests.tweets import fake_source
from tests.waiting import LONG, wait_for
from tweetpipe.aws.place import Place, local_place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import verify
from tweetpipe.project import ROOT


def test_thousands_of_tweets_of_both_shapes_are_stored_from_every_shard(
    place: Place, new_stack: Callable[[], Stack], producer_settings: Settings, tmp_path: Path
) -> None:
    stack, count = new_stack(), 3000
    expected = verify.expected_items(47, count)
    assert any("\N{FACE WITH TEARS OF JOY}" in item["Message"] for item in expected.values())

    tweets = fake_source(seed=47, count=count, shape="mixed")
    report = send(place, stack, tweets, settings=producer_settings, folder=tmp_path)

    assert (report.sent, report.failed) == (count, 0)
    comparison = verify.wait_until_stored(
        place, stack.outputs["EventDataTable"], expected, patience=LONG
    )
    assert comparison == verify.Comparison(expected=count)
    assert all(has_records(place, stack.outputs["KinesisStream"]).values())


def test_its_init_scripts_have_run(endpoint: str) -> None:
    with urllib.request.urlopen(f"{endpoint}/_localstack/init") as answer:
        scripts = {script["name"]: script["state"] for script in json.load(answer)["scripts"]}

    assert scripts == {"keep_images.py": "SUCCESSFUL", "look_often.py": "SUCCESSFUL"}


def test_its_streams_are_numbered_as_on_aws(place: Place) -> None:
    number = put_one_record(place)

    assert len(number) == 56


@pytest.mark.slow
def test_localstacks_own_streams_are_one_setting_away(
    docker_session: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KINESIS_PROVIDER", "default")
    service = localstack.compose_service(docker_session)

    with localstack.running(service, docker_session) as container:
        place = local_place(embedded_endpoint=localstack.endpoint(container), environ={})
        with deployed_stack(place, PARAMETERS) as stack:
            count = 100
            report = send(
                place,
                stack,
                fake_source(seed=7, count=count),
                # kinesis-mock keeps not all records of calls that come at the same moment.
                settings=Settings(calls_in_flight=1),
                folder=tmp_path,
            )
            comparison = verify.wait_until_stored(
                place,
                stack.outputs["EventDataTable"],
                verify.expected_items(7, count),
                patience=LONG,
            )
        processes = container.exec(["ps", "ax"]).output.decode()

    assert report.sent == count
    assert comparison == verify.Comparison(expected=count)
    assert "kinesis" in processes


def put_one_record(place: Place) -> str:
    """On a new stream, which is deleted; the record's sequence number."""
    kinesis, name = place.kinesis(), f"numbers-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    number = kinesis.put_record(StreamName=name, Data=b"1", PartitionKey="1")["SequenceNumber"]
    kinesis.delete_stream(StreamName=name)
    return number


def has_records(place: Place, stream: str) -> dict[str, bool]:
    """Whether anything was put on each shard."""
    kinesis = place.kinesis()
    found = {}
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found[shard["ShardId"]] = bool(kinesis.get_records(ShardIterator=iterator)["Records"])
    assert len(found) > 1
    return found


@pytest.mark.parametrize(
    ("command", "saying"),
    [
        ("exit 55", "LOCALSTACK_AUTH_TOKEN"),
        ("echo the port is on fire; exit 1", "the port is on fire"),
    ],
)
def test_a_container_that_ends_is_explained_at_once(
    command: str, saying: str, docker_session: str
) -> None:
    service = localstack.compose_service(docker_session)
    with (
        pytest.raises(EmulatorFailed, match=saying),
        localstack.running(service, docker_session, command=["sh", "-c", command]),
    ):
        pass


def test_a_missing_docker_socket_is_named_with_its_setting(
    docker_session: str, tmp_path: Path
) -> None:
    service = localstack.compose_service(docker_session)
    [socket] = (v for v in service["volumes"] if v["target"] == localstack.SOCKET)
    socket["source"] = str(tmp_path)
    with (
        pytest.raises(EmulatorFailed, match="DOCKER_SOCK"),
        localstack.running(service, docker_session),
    ):
        pass


def test_a_killed_test_run_leaves_nothing_behind(tmp_path: Path) -> None:
    one = f"{Path(__file__).with_name('test_commands.py')}::test_deploying_again_changes_nothing"
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", one],
        cwd=ROOT,
        env=os.environ | {"REQUIRE_DOCKER": "1"},
        stdout=subprocess.DEVNULL,
    ) as process:
        session = wait_for(
            lambda: session_of(process.pid),
            "a container of the test run",
            seconds=LONG,
        )
        process.kill()
    wait_for(lambda: not janitor.left(session, "container"), "its removal", seconds=LONG)
    assert not [*janitor.left(session, "network"), *janitor.left(session, "volume")]


def session_of(pid: int) -> str:
    """The name of a test run that has a container, or nothing."""
    listed = subprocess.run(
        ["docker", "ps", "--format", f'{{{{.Label "{janitor.LABEL}"}}}}'],
        capture_output=True,
        text=True,
        check=True,
    )
    return next(
        (name for name in listed.stdout.split() if name.startswith(f"tweetpipe-test-{pid}-")), ""
    )
