"""A short soak; `make soak` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from localstack_embedded import Instance
from tests.soak.run import PARAMETERS, soak
from tests.stack_fixtures import deployed_stack
from tweetpipe.aws.place import local_place
from tweetpipe.events.loading import DEFAULT
from tweetpipe.project import EXAMPLE


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("folder", "aggregate"),
    [(DEFAULT, False), (DEFAULT, True), (EXAMPLE, False)],
    ids=["plain", "aggregated", "other events"],
)
def test_under_all_faults_at_once_the_books_balance(
    folder: Path,
    aggregate: bool,
    emulator: Instance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TWEETPIPE_EVENTS", str(folder))
    place = local_place(embedded_endpoint=emulator.endpoint, environ={})
    with deployed_stack(place, PARAMETERS) as stack:
        outcome = soak(
            place,
            stack,
            emulator,
            count=2000,
            seed=7,
            folder=tmp_path,
            outage=0,
            aggregate=aggregate,
            say=print,
        )

    assert outcome.books.is_equal, outcome.books
    if aggregate:
        assert outcome.accepted < outcome.offered.total
    else:
        assert outcome.accepted >= outcome.offered.total
    assert outcome.faults["producer killed with kill -9"]
    assert outcome.faults["worker of the function killed"]
    assert outcome.faults["shard split"] + outcome.faults["shards merged"]
