"""docker-compose.yml: up, tweets in the table, down, and nothing left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

import pytest
import requests
from botocore.exceptions import BotoCoreError, ClientError

from localstack_embedded.tests.unused_ports import free_port
from tests.containers import janitor
from tests.stack_fixtures import Command
from tests.waiting import LONG, wait_for
from tweetpipe.aws.errors import NothingThere
from tweetpipe.aws.place import local_place
from tweetpipe.aws.stack import get
from tweetpipe.dead_letters import peek
from tweetpipe.events import Item
from tweetpipe.looking import table, verify
from tweetpipe.project import ROOT
from tweets.fakes import FakeTweets, expected_item

TWEETS = 40
KILLED = "137"  # the exit code of what did not end within its stop_grace_period


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def dashboard_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def endpoint(port: int) -> str:
    """The value for AWS_ENDPOINT_URL, while the project is up."""
    return f"http://localhost:{port}"


@pytest.fixture(scope="module")
def project(docker_session: str, port: int, dashboard_port: int) -> Iterator[dict[str, str]]:
    """The environment that makes `docker compose` work on a project of the tests' own."""
    environment = os.environ | {
        "COMPOSE_PROJECT_NAME": docker_session,
        "LOCALSTACK_PORT": str(port),
        "DASHBOARD_PORT": str(dashboard_port),
        "TWEETPIPE_STACK": "tweets",
        "TWEETS_PER_SECOND": "20",
    }
    compose(environment, "build")
    yield environment
    compose(environment, "--profile", "x", "down", "--volumes")


def compose(environment: dict[str, str], *arguments: str) -> str:
    outcome = run_compose(environment, *arguments)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def run_compose(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "compose", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def states(environment: dict[str, str], what: str = "State") -> dict[str, str]:
    """What each service does."""
    shown = f"{{{{.Service}}}} {{{{.{what}}}}}"

    def listed() -> list[str]:
        outcome = run_compose(environment, "ps", "--all", "--format", shown)
        # compose looks at each container after it has listed them, and `up` may replace one then.
        if "No such container" in outcome.stderr:
            return []
        assert outcome.returncode == 0, outcome.stderr
        return ["", *outcome.stdout.splitlines()]

    _, *lines = wait_for(listed, "a list of containers that are there")
    return dict(line.split() for line in lines)


@contextmanager
def up_until_ctrl_c(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`docker compose up`, and Ctrl-C at the end of the block."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["docker", "compose", "up"], cwd=ROOT, env=environment, stdout=output, stderr=output
        ) as up,
    ):
        try:
            yield up
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(timeout=LONG)


def assert_all_ended_by_themselves(environment: dict[str, str]) -> None:
    wait_for(
        lambda: set(states(environment).values()) <= {"exited", "created"},
        "the end of all containers",
        seconds=LONG,
    )
    assert KILLED not in states(environment, "ExitCode").values()


def test_up_gets_tweets_flowing_and_ctrl_c_stops_all(
    project: dict[str, str],
    endpoint: str,
    dashboard_port: int,
    tweetpipe_command: Command,
    tmp_path: Path,
) -> None:
    log = tmp_path / "up.log"
    with up_until_ctrl_c(project, log) as up:
        wait_for(lambda: stored(endpoint) or up.poll() is not None, "a tweet", seconds=LONG)
        assert up.poll() is None, log.read_text()
        assert_tweets_arrive_as_sent(tweetpipe_command)
        wait_for(
            lambda: is_seen_live(dashboard_port),
            "a stack seen by the dashboard",
            seconds=LONG,
        )
    assert_all_ended_by_themselves(project)
    assert set(states(project).values()) == {"exited"}


def test_ctrl_c_while_containers_start_ends_them_by_themselves(
    project: dict[str, str], tmp_path: Path
) -> None:
    with up_until_ctrl_c(project, tmp_path / "up.log"):
        wait_for(
            lambda: states(project).get("deploy") == "running",
            "the deployment's container",
            seconds=LONG,
        )
    # Interrupted in this phase, compose gives up its own stopping: what it had not come to yet runs
    # on, which is sometimes LocalStack.
    compose(project, "stop")
    assert_all_ended_by_themselves(project)


def test_a_restarted_localstack_is_deployed_to_again(
    project: dict[str, str], endpoint: str
) -> None:
    compose(project, "up", "--detach")
    wait_for(lambda: stored(endpoint), "a tweet", seconds=LONG)
    before = stack_id(endpoint)

    compose(project, "restart", "localstack")

    wait_for(lambda: stack_id(endpoint) not in ("", before), "another stack", seconds=LONG)
    wait_for(lambda: stored(endpoint), "a tweet after the restart", seconds=LONG)
    compose(project, "stop")


def test_it_comes_up_again_with_the_fake_x_and_down_leaves_nothing(
    project: dict[str, str], endpoint: str, docker_session: str, tweetpipe_command: Command
) -> None:
    compose(project, "--profile", "x", "up", "--detach", "--wait")
    wait_for(lambda: stored(endpoint), "a tweet", seconds=LONG)
    assert_tweets_arrive_as_sent(tweetpipe_command)
    tracked = (tweet for tweet in map(FakeTweets(1).tweet, range(10_000)) if "#yolo" in tweet.text)
    first = expected_item(next(tracked))
    wait_for(
        lambda: first in stored(endpoint),
        "the first tweet that came by X's protocol",
        seconds=LONG,
    )
    assert_comply_has_the_table_and_the_dead_letters_follow(project, endpoint)
    compose(project, "--profile", "x", "restart", "producer-x")
    said = compose(project, "--profile", "x", "logs", "producer-x")
    assert re.search(r"By rule: .*\bstories [\d,]+", said), said
    kept = compose(
        project, "--profile", "x", "exec", "-T", "producer-x", "cat", "/data/x-spending.json"
    )
    assert json.loads(kept)["http://fake-x:8888"]["posts"] > 0
    assert states(project) == {
        "dashboard": "running",
        "deploy": "exited",
        "fake-x": "running",
        "localstack": "running",
        "producer": "running",
        "producer-x": "running",
    }

    compose(project, "--profile", "x", "down", "--volumes")
    for kind in ("container", "network", "volume"):
        assert not janitor.left(docker_session, kind, janitor.COMPOSE_LABEL)
    assert len(janitor.left(docker_session, "image", janitor.COMPOSE_LABEL)) == 1


def assert_comply_has_the_table_and_the_dead_letters_follow(
    environment: dict[str, str], endpoint: str
) -> None:
    """What a user types, beside a producer that reads on."""
    tweets = map(FakeTweets(1).tweet, range(10_000))
    originals = (t.id for t in tweets if "#yolo" in t.text and not t.retweet_of)
    deleted, edited, rejected = islice(originals, 3)
    wait_for(lambda: {deleted, edited, rejected} <= ids(endpoint), "the posts", seconds=LONG)
    broken = {"data": {"id": rejected, "author_id": "1", "created_at": "?", "text": "t"}}
    place = local_place(embedded_endpoint=endpoint, environ={})
    stack = get(place, "tweets")
    place.kinesis().put_record(
        StreamName=stack.outputs["KinesisStream"],
        Data=json.dumps(broken).encode(),
        PartitionKey="k",
    )
    queue = stack.outputs["DeadLetterQueueUrl"]
    wait_for(lambda: peek(place, queue, 10)[0], "the dead letter", seconds=LONG)
    changes = [{"delete": deleted}, {"delete": rejected}, {"edit": edited, "text": "yolo, mended"}]
    ask = f"import requests; requests.post('http://localhost:8888/_fake/changes', json={changes})"
    compose(environment, "--profile", "x", "exec", "-T", "fake-x", "python", "-c", ask)

    compose(environment, "--profile", "x", "run", "--rm", "-T", "producer-x", "comply")

    assert not {deleted, edited, rejected} & ids(endpoint)
    assert "yolo, mended" in {item["Message"] for item in stored(endpoint)}
    assert not peek(place, queue, 10)[0]


def ids(endpoint: str) -> set[str]:
    """Of all posts in the table."""
    return {item["Id"] for item in stored(endpoint)}


def test_our_image_runs_without_root_and_holds_no_settings_and_no_socket(
    project: dict[str, str], docker_session: str
) -> None:
    look = r"id -u; find /app /data /home /run /var/run -name '.env*' -o -name docker.sock"
    looked = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", "sh", docker_session, "-c", look],
        capture_output=True,
        text=True,
        check=False,
    )
    assert looked.stdout.split() == ["10001"]


def stack_id(endpoint: str) -> str:
    """The id of the stack; empty before there is a stack, or an emulator."""
    try:
        return get(local_place(embedded_endpoint=endpoint, environ={}), "tweets").id
    except (NothingThere, BotoCoreError, ClientError):
        return ""


def stored(endpoint: str) -> list[Item]:
    """What is in the table; nothing before there is a table, or an emulator."""
    try:
        place = local_place(embedded_endpoint=endpoint, environ={})
        return [*table.scan(place, "tweets-EventData")]
    except (NothingThere, BotoCoreError, ClientError):
        return []


def is_seen_live(port: int) -> bool:
    """Whether the dashboard, of which one page is open for a moment, sees records flow."""
    events = f"http://localhost:{port}/api/events"
    with suppress(requests.RequestException), requests.get(events, stream=True, timeout=10) as page:
        for line in page.iter_lines():
            if line.startswith(b"data: {"):
                seen = json.loads(line.removeprefix(b"data: "))
                return bool(seen["stream"]["records_per_s"])
    return False


def assert_tweets_arrive_as_sent(tweetpipe_command: Command) -> None:
    verified = tweetpipe_command(
        "verify", "--count", str(TWEETS), "--wait", "300", "--allow-others"
    )
    assert verified.returncode == 0, verified.stderr
    author = next(iter(verify.expected_items(0, 1).values()))["Username"]
    queried = tweetpipe_command("query", "--", author)
    assert queried.returncode == 0, queried.stderr
    assert author in queried.stdout
