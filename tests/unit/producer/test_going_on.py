from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from producer import FakesGoingOn, PositionError
from tests.tweets import EVENTS
from tests.unit.producer.doubles import FakeKinesis, run
from tweets.fakes import records


def sent(folder: Path, *, stack: str = "arn:1", malformed: float = 0.0) -> set[bytes]:
    """What one run without end delivers until it is stopped."""
    stop = threading.Event()

    def accept_and_stop(data: list[bytes]) -> Sequence[str | None]:
        stop.set()
        return [None] * len(data)

    kinesis = FakeKinesis(accept_and_stop)
    fakes = FakesGoingOn(folder / "fakes.position", EVENTS, stack=stack, malformed=malformed)
    run(fakes, kinesis, folder / "undelivered.ndjson", stop=stop, rate=1000.0, linger=0.01)
    return set(kinesis.stored)


@pytest.mark.parametrize("malformed", [0.0, 0.3])
def test_a_further_run_sends_tweets_that_were_not_sent_before(
    tmp_path: Path, malformed: float
) -> None:
    first, second, third = (sent(tmp_path, malformed=malformed) for _ in range(3))

    assert min(len(first), len(second), len(third)) > 0
    assert len(first | second | third) == len(first) + len(second) + len(third)


def test_together_the_runs_send_all_of_them(tmp_path: Path) -> None:
    found = sent(tmp_path) | sent(tmp_path)

    assert found == {tweet.data for tweet in islice(records(0, count=None), len(found))}


def test_another_stack_gets_them_from_the_beginning(tmp_path: Path) -> None:
    sent(tmp_path)

    assert next(records(0, count=1)).data in sent(tmp_path, stack="arn:2")


def test_a_position_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "fakes.position").write_text("not JSON")

    with pytest.raises(PositionError, match="Delete that file"):
        sent(tmp_path)
