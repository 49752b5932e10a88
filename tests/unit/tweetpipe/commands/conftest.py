"""A stream that `tweetpipe produce` sends to, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.commands import run_here
from tests.unit.producer.doubles import KinesisServer, kinesis_server
from tests.unit.tweetpipe.stubs import complete_stack, place_at
from tweetpipe.commands import produce as produce_command

Produce = Callable[..., CompletedProcess[str]]


@pytest.fixture
def kinesis() -> Iterator[KinesisServer]:
    with kinesis_server() as server:
        yield server


@pytest.fixture
def produce(kinesis: KinesisServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Produce:
    """`tweetpipe produce`, for a stack of which only the stream exists."""
    place, stack = place_at(kinesis.url), complete_stack(KinesisStream="tweets")
    monkeypatch.setattr(produce_command, "open_stack", lambda *_: (place, stack))

    def run(*arguments: str) -> CompletedProcess[str]:
        return run_here("produce", *arguments, "--own-credentials", folder=tmp_path, environment={})

    return run
