"""The image as infra/producer.yaml runs it: its command, its user, its rights, and its end.

It runs in the network of this machine, where stand-ins for AWS and X listen on loopback. The one
for AWS hands out the task's credentials as ECS does, and allows what the task's role allows.
"""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.containers.janitor import LABEL
from tests.http_server import Request, serving
from tests.unit.infra.test_producer import CONTAINER, granted
from tests.unit.tweetpipe.commands.endpoint import stack_in
from tests.waiting import LONG, wait_for
from tweetpipe.project import ROOT
from tweets.fakes.x_api import FakeX
from tweets.fakes.x_api import serving as serving_x

KEY = "ASIATASK"
KILLED = 137


class Aws:
    """Keeps what was put, what was asked for, and what the role does not allow."""

    url: str

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.allowed: set[str] = set()
        self.denied: set[str] = set()

    def answer(self, request: Request) -> None:
        if request.path == "/credentials":
            later = datetime.now(UTC) + timedelta(hours=6)
            credentials = {
                "AccessKeyId": KEY,
                "SecretAccessKey": "secret",
                "Token": "token",
                "Expiration": later.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            return request.reply(200, json.dumps(credentials).encode())
        action = _action(request)
        is_allowed = f"Credential={KEY}/" in request.headers["Authorization"] and any(
            right.split(":")[1] == action for right in granted("TaskRole")
        )
        (self.allowed if is_allowed else self.denied).add(action)
        if not is_allowed:
            return request.reply(403, b'{"__type": "AccessDeniedException"}')
        if action == "DescribeStacks":
            return request.reply(200, stack_in("CREATE_COMPLETE").encode())
        records = json.loads(request.body)["Records"]
        first = len(self.stored)
        self.stored += [b64decode(record["Data"]) for record in records]
        said = [
            {"SequenceNumber": str(number), "ShardId": "shardId-000000000000"}
            for number, _ in enumerate(records, first + 1)
        ]
        answer = {"FailedRecordCount": 0, "Records": said}
        return request.reply(200, json.dumps(answer).encode())


def _action(request: Request) -> str:
    found = re.search(rb"Action=(\w+)", request.body)
    target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    return target or (found[1].decode() if found else request.path)


@pytest.fixture
def aws() -> Iterator[Aws]:
    stand_in = Aws()
    with serving(stand_in.answer) as stand_in.url:
        yield stand_in


@pytest.fixture(scope="module")
def image(docker_session: str) -> str:
    """The image, built from this checkout."""
    docker("build", "--quiet", "--label", f"{LABEL}={docker_session}", "-t", docker_session, ".")
    return docker_session


def docker(*arguments: str) -> str:
    outcome = subprocess.run(
        ["docker", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=LONG, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.strip() + outcome.stderr.strip()


def test_the_task_sends_posts_with_its_role_and_ends_in_time_with_all_delivered(
    image: str, docker_session: str, aws: Aws
) -> None:
    with serving_x(FakeX(rate=200.0, heartbeat=1.0)) as x:
        # A busy machine may not deliver all in the second that it has after the signal.
        for _ in range(5):
            aws.stored.clear()
            said, exit_code = stopped_task(image, docker_session, aws, x.url)
            if "failed 0" in said:
                break

    assert exit_code != KILLED, said
    assert aws.allowed == {"DescribeStacks", "PutRecords"}
    # Which only what it says at the end would need.
    assert aws.denied <= {"GetQueueAttributes", "FilterLogEvents"}
    [sent] = re.findall(r"sent ([\d,]+) .*failed 0", said)[-1:]
    assert int(sent.replace(",", "")) == len(aws.stored)
    assert FakeX().credentials.bearer_token not in said


def stopped_task(image: str, docker_session: str, aws: Aws, x_url: str) -> tuple[str, int]:
    """What a task has said that was stopped while it sent posts, and its exit code."""
    values = {"PipelineStack": "tweets", "Track": "RT OR is OR a OR the"}
    command = [
        values[word["Ref"]] if isinstance(word, dict) else word for word in CONTAINER["Command"]
    ]
    environment = {
        "AWS_REGION": "us-east-1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{aws.url}/credentials",
        "AWS_ENDPOINT_URL": aws.url,
        "X_API_URL": x_url,
        CONTAINER["Secrets"][0]["Name"]: FakeX().credentials.bearer_token,
    }
    task = docker(
        "run",
        *("--detach", "--network", "host", "--label", f"{LABEL}={docker_session}"),
        *("--init", "--cap-drop", "ALL", "--user", CONTAINER["User"]),
        *(f"--env={name}={value}" for name, value in environment.items()),
        image,
        *command,
    )
    try:
        wait_for(lambda: len(aws.stored) >= 50, "posts on the stream", seconds=LONG)
    finally:
        docker("stop", "--time", str(CONTAINER["StopTimeout"]), task)
    said = docker("logs", task)
    exit_code = int(docker("inspect", "--format", "{{.State.ExitCode}}", task))
    docker("rm", task)  # what is left at the end of all tests is taken for LocalStack's
    return said, exit_code
