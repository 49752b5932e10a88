from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.producer.doubles import KinesisServer, kinesis_server


@pytest.fixture
def undelivered(tmp_path: Path) -> Path:
    return tmp_path / "undelivered.ndjson"


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    return tmp_path / "tweets.ndjson"


@pytest.fixture
def server() -> Iterator[KinesisServer]:
    with kinesis_server() as running:
        yield running
