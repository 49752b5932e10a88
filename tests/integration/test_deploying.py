"""Deploying while others do, after failures, and beside changes that were made by hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.stack_fixtures import PARAMETERS, deploy_quietly
from tweetpipe import deploy, stack
from tweetpipe.changes import ChangeSet
from tweetpipe.errors import NothingThere
from tweetpipe.place import Place


@pytest.fixture
def name(place: Place) -> Iterator[str]:
    """The name of a stack that is destroyed after the test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    deploy.destroy(place, name, on_event=lambda _: None)


def decline_after(place: Place, name: str, meanwhile: object) -> None:
    """Plans a first deployment, has something else happen, then answers no."""

    def approve(_: ChangeSet) -> bool:
        assert callable(meanwhile)
        meanwhile()
        return False

    with pytest.raises(NothingThere, match=r"Nothing was changed\."):
        deploy.deploy(
            place,
            name,
            parameters=PARAMETERS,
            approve=approve,
            on_step=lambda _: None,
            on_event=lambda _: None,
        )


def test_declining_a_first_deployment_leaves_no_stack(place: Place, name: str) -> None:
    decline_after(place, name, lambda: None)

    assert stack.find(place, name) is None


def test_declining_leaves_the_stack_that_somebody_else_deployed_meanwhile(
    place: Place, name: str
) -> None:
    decline_after(place, name, lambda: deploy_quietly(place, name, PARAMETERS))

    found = stack.get(place, name)
    assert found.status == "CREATE_COMPLETE"
    table = place.dynamodb().describe_table(TableName=found.outputs["EventDataTable"])
    assert table["Table"]["TableStatus"] == "ACTIVE"


def test_of_two_first_plans_the_one_declined_last_takes_the_empty_stack_away(
    place: Place, name: str
) -> None:
    def decline_another() -> None:
        decline_after(place, name, lambda: None)
        assert stack.find(place, name) is not None, "the first plan is still looked at"

    decline_after(place, name, decline_another)

    assert stack.find(place, name) is None
