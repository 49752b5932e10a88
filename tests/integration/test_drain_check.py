"""docs/drained.py proves that a function has read its stream to the end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import environment_for, producing
from tests.stack_fixtures import deployed_stack
from tests.waiting import wait_for
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.project import ROOT

SCRIPT = ROOT / "docs" / "drained.py"


@pytest.fixture(scope="module")
def stack(place: Place) -> Any:
    with deployed_stack(place, {"ShardCount": "2", "BatchWindowSeconds": "0"}) as stack:
        yield stack


def drained(
    endpoint: str, stack: Stack, folder: Path, *, patience: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), stack.name, str(patience)],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def items(place: Place, stack: Stack) -> int:
    table = stack.outputs["EventDataTable"]
    return place.dynamodb().scan(TableName=table, Select="COUNT")["Count"]


def test_a_stream_that_is_read_to_its_end_is_drained(
    place: Place, endpoint: str, new_stack: Callable[[], Stack], tmp_path: Path
) -> None:
    # The other checks leave what they wrote behind.
    stack = new_stack()

    outcome = drained(endpoint, stack, tmp_path, patience=60)

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == "drained: the function has read 2 of 2 shards to their end\n"
    assert items(place, stack) == 0


def test_a_stream_that_nobody_reads_is_not_drained(
    place: Place, endpoint: str, stack: Stack, tmp_path: Path
) -> None:
    client = place.lambda_()
    [mapping] = client.list_event_source_mappings(FunctionName=stack.outputs["DDBEventProcessor"])[
        "EventSourceMappings"
    ]

    def becomes(state: str) -> None:
        wait_for(
            lambda: client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == state,
            f"the mapping to be {state}",
        )

    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    becomes("Disabled")
    try:
        outcome = drained(endpoint, stack, tmp_path, patience=1)
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
        becomes("Enabled")

    assert outcome.returncode == 1
    assert "NOT drained: of 2 shards 0 were read to their end within 1 s" in outcome.stderr
    assert not outcome.stdout


def test_a_stream_that_is_still_written_to_is_not_drained(
    place: Place, endpoint: str, stack: Stack, tmp_path: Path
) -> None:
    with producing(environment_for(endpoint), stack.name, tmp_path, rate=20):
        # More than the markers that an earlier check may have left.
        wait_for(lambda: items(place, stack) > 10, "tweets")
        outcome = drained(endpoint, stack, tmp_path, patience=60)

    assert outcome.returncode == 1
    assert "NOT drained: something still writes to the stream" in outcome.stderr
