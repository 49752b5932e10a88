"""`make test-aws`, against an emulator as if it were AWS."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import environment_for
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.project import ROOT

STACK = "tweets-test-aws"


def run(endpoint: str, *options: str, stack: str = STACK) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return subprocess.run(
        [sys.executable, "-m", "tests.on_aws", "--stack", stack, *options],
        cwd=ROOT,
        env=environment_for(endpoint) | keys | {"AWS_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_made_before_somebody_agrees_to_the_cost(endpoint: str, place: Place) -> None:
    outcome = run(endpoint)

    assert outcome.returncode == 2
    assert "Cost: about $0." in outcome.stdout
    assert "--yes" in outcome.stderr
    assert stacks.find(place, STACK) is None


def test_a_stack_that_is_there_is_left_alone(endpoint: str, place: Place, deployed: Stack) -> None:
    outcome = run(endpoint, "--yes", stack=deployed.name)

    assert outcome.returncode == 2
    assert "Use another name" in outcome.stderr
    assert stacks.get(place, deployed.name).id == deployed.id


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_run_is_reported_and_leaves_nothing_behind(
    endpoint: str, place: Place, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"

    outcome = run(endpoint, "--yes", "--count", "1000", "--report", str(path))

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    report = json.loads(path.read_text())
    assert (report["tweets"], report["stored_equal"], report["difference"]) == (1000, 1000, 0)
    assert report["tests"]["passed"] > 8
    assert report["tests"].keys() == {"passed", "skipped"}  # no emulator checks rights
    latencies = report["seconds_of_one_tweet"]
    assert 0 < latencies["median"] <= latencies["longest"]
    assert report["region"] == "us-east-1"
    assert 0 < report["dollars_at_most"] < 1
    [deleted] = re.findall(r"Deleted: (.*)", outcome.stdout)
    names = {STACK, f"{STACK}-redrive", f"{STACK}-exhausted"}
    assert set(deleted.split(", ")) == names
    assert not any(stacks.find(place, name) for name in names)
