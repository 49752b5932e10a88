from __future__ import annotations

import pytest

from processor.trial import Trial
from tweetpipe.dead_letters import reading


@pytest.fixture
def crashing() -> None:
    """Asked for by a test in which reading a record ends its process."""


@pytest.fixture(autouse=True)
def _no_child_reads_first(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the child process, which takes as long as ten tests, where no record crashes."""
    if "crashing" not in request.fixturenames:
        monkeypatch.setattr(reading, "try_out", lambda items, *_, **__: Trial(len(items)))
