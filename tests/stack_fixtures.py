"""Fixtures for tests that deploy; the conftest must provide the `endpoint` of an emulator."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.commands import environment_for, run_here
from tests.on_aws.given import given
from tweetpipe.aws.place import Place, local_place
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import deploy

Command = Callable[..., subprocess.CompletedProcess[str]]
Deploying = Callable[..., AbstractContextManager[Stack]]

PARAMETERS = {"ShardCount": "2", "BatchSize": "200", "Timeout": "20", "BatchWindowSeconds": "0"}


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> Place:
    """The emulator as tweetpipe's commands see it, or the AWS account of the run."""
    if ours := given(request):
        return ours.place
    return local_place(embedded_endpoint=request.getfixturevalue("endpoint"), environ={})


@pytest.fixture
def new_stack(place: Place) -> Iterator[Callable[[], Stack]]:
    """Deploys a separate stack for one test, and destroys it afterwards."""
    with ExitStack() as cleanup:
        yield lambda: cleanup.enter_context(deployed_stack(place, PARAMETERS))


@pytest.fixture(scope="session")
def deploying(place: Place, request: pytest.FixtureRequest) -> Deploying:
    """Deploys a stack for a purpose, with these parameters, and destroys it after the block."""
    ours = given(request)

    def deploy_for(purpose: str, **parameters: str) -> AbstractContextManager[Stack]:
        if ours is None:
            return deployed_stack(place, PARAMETERS | parameters)
        return deployed_stack(
            place, PARAMETERS | ours.parameters | parameters, name=ours.name_for(purpose)
        )

    return deploy_for


@pytest.fixture(scope="session")
def deployed(place: Place) -> Iterator[Stack]:
    """One stack for all tests that don't change it; its table fills up meanwhile."""
    with deployed_stack(place, PARAMETERS) as stack:
        yield stack


@pytest.fixture(scope="module")
def own_stack(place: Place, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """One stack for the tests of a file that check everything that arrives in it."""
    if ours := given(request):
        yield ours.stack
        return
    with deployed_stack(place, PARAMETERS) as stack:
        yield stack


@pytest.fixture
def command_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of a user who has set only the emulator's address."""
    if ours := given(request):
        return ours.environment
    return environment_for(request.getfixturevalue("endpoint"))


@pytest.fixture
def tweetpipe_command(command_environment: dict[str, str], tmp_path: Path) -> Command:
    """Runs `tweetpipe` with these arguments in an empty folder; `answers` are typed in."""

    def run(
        *arguments: str, answers: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        outcome = run_here(
            *arguments,
            folder=tmp_path,
            environment=command_environment | environment,
            answers=answers,
        )
        assert "Traceback" not in outcome.stderr
        return outcome

    return run


@contextmanager
def deployed_stack(
    place: Place, parameters: dict[str, str], *, name: str | None = None
) -> Iterator[Stack]:
    """A stack with a new name, or this one, until the block ends."""
    name = name or f"test-{uuid.uuid4().hex[:8]}"
    try:
        yield deploy_quietly(place, name, parameters)
    finally:
        deploy.destroy(place, name, on_event=lambda _: None)


def deploy_quietly(place: Place, name: str, parameters: dict[str, str]) -> Stack:
    """Deploys a stack without asking; the caller destroys it."""
    stack, _ = deploy.deploy(
        place,
        name,
        parameters=parameters,
        approve=lambda _: True,
        on_step=lambda _: None,
        on_event=lambda _: None,
    )
    return stack


def make_sample_table(place: Place, name: str) -> None:
    """Creates a table like that of the 2015 sample; the caller deletes it."""
    place.dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in ("Username", "Id")
        ],
        KeySchema=[
            {"AttributeName": "Username", "KeyType": "HASH"},
            {"AttributeName": "Id", "KeyType": "RANGE"},
        ],
    )
