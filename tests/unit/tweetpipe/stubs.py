"""A place with botocore's clients, whose answers come from Stubbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.stub import Stubber

from tweetpipe.aws.place import LOCAL_REGION, Place, Target
from tweetpipe.aws.sessions import local_session
from tweetpipe.aws.stack import Stack

_ENDPOINT = "http://localhost:4566"


@dataclass(frozen=True, kw_only=True)
class StubbedPlace(Place):
    """A local place that never opens a connection."""

    stubbers: Mapping[str, Stubber]

    def _client(self, service: str, config: Config | None = None) -> Any:
        return self.stubbers[service].client


def complete_stack(**outputs: str) -> Stack:
    """The stack `tweets`, deployed, with these outputs."""
    return Stack(
        name="tweets",
        id="arn:stack",
        status="CREATE_COMPLETE",
        reason="",
        parameters={},
        outputs=outputs,
    )


def place_at(url: str) -> Place:
    """The local place with that endpoint."""
    return Place(target=Target.LOCAL, session=session(), endpoint=url, region=LOCAL_REGION)


@cache
def session() -> boto3.Session:
    """Shared by all places, because making one takes a while; ignores a test's AWS settings."""
    return local_session(LOCAL_REGION)


@cache
def _client(service: str) -> Any:
    make: Any = session().client
    return make(service, endpoint_url=_ENDPOINT)


@contextmanager
def stubbed_place(*services: str) -> Iterator[StubbedPlace]:
    """A place with stubbed services; at the end, each prepared answer must have been used."""
    stubbers = {service: Stubber(_client(service)) for service in services}
    with ExitStack() as active:
        for stubber in stubbers.values():
            active.enter_context(stubber)
        yield StubbedPlace(
            target=Target.LOCAL,
            session=session(),
            endpoint=_ENDPOINT,
            region=LOCAL_REGION,
            stubbers=stubbers,
        )
    for stubber in stubbers.values():
        stubber.assert_no_pending_responses()
