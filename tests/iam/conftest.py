"""One MiniStack for all tests of the IAM policies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.iam import emulator, identities, stacks, template
from tests.iam.identities import Identity
from tests.iam.stacks import Pair


@pytest.fixture(scope="session")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Identity]:
    """The administrator of an emulator that enforces policies; the function's package is there."""
    with emulator.running(tmp_path_factory.mktemp("ministack")) as endpoint:
        found = identities.administrator(endpoint)
        stacks.upload_package(found)
        yield found


@pytest.fixture(scope="session")
def pair(admin: Identity) -> Pair:
    """Two stacks of the unchanged template."""
    return stacks.deploy_pair(admin, template.load())


@pytest.fixture(scope="session")
def producer(admin: Identity, pair: Pair) -> Identity:
    """The first stack's user, with a new access key."""
    return identities.user(admin, pair.own.user)


@pytest.fixture(scope="session")
def function(admin: Identity, pair: Pair) -> Identity:
    """The first stack's role, as Lambda assumes it."""
    return identities.role(admin, pair.own.role)
