"""After an outage of hours, the template's defaults leave no work for hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.unit.infra.outages import CRASHING, HOUR, Pipeline, pipeline
from tests.unit.processor.fakes import client_error


def unavailable() -> Exception:
    return client_error("ServiceUnavailable", status=503)


def denied() -> Exception:
    return client_error("AccessDeniedException")


@contextmanager
def refused(made: Pipeline, error: Exception, *whose: str) -> Iterator[None]:
    made.refusals = dict.fromkeys(whose, error)
    made.refusal = OSError if "queue" in whose else None
    yield
    made.refusals, made.refusal = {}, None


@contextmanager
def not_importable(made: Pipeline) -> Iterator[None]:
    made.is_broken = True
    yield
    made.is_broken = False


@contextmanager
def failing_for_each_record(made: Pipeline) -> Iterator[None]:
    made.bug = KeyError
    yield
    made.bug = None


OUTAGES: dict[str, tuple[float, Callable[[Pipeline], AbstractContextManager[None]]]] = {
    "DynamoDB is gone": (3, lambda made: refused(made, unavailable(), "table")),
    "SQS is gone": (3, lambda made: refused(made, unavailable(), "queue")),
    "both are gone": (3, lambda made: refused(made, unavailable(), "table", "queue")),
    "the role may not write the table": (1, lambda made: refused(made, denied(), "table")),
    "the role may do nothing": (1, lambda made: refused(made, denied(), "table", "queue")),
    "the function can't be imported": (1, not_importable),
    "the function fails for each record": (1, failing_for_each_record),
}


def ran_through(made: Pipeline, name: str) -> None:
    hours, outage = OUTAGES[name]
    made.flow(300)
    with outage(made):
        made.flow(hours * HOUR)
    made.flow(300)
    made.wait(300)


@pytest.mark.heavy
@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_leaves_no_work_for_hands(name: str) -> None:
    with pipeline() as made:
        ran_through(made, name)

        assert made.missing == 0
        assert not made.given_up
        assert {letter["reason"] for letter in made.queue.messages} == {"not-json"}
        assert len({letter["sequenceNumber"] for letter in made.queue.messages}) == made.malformed


@pytest.mark.parametrize("changes", [{}, {"BatchSize": "1"}], ids=["in a batch", "alone"])
def test_a_record_that_ends_the_interpreter_holds_up_its_shard_for_minutes(
    changes: dict[str, str],
) -> None:
    with pipeline(**changes) as made:
        made.flow(60)
        for number in range(20):
            made.put_one(CRASHING, f"crash {number}")
        made.flow(300)
        made.wait(300)

        assert made.missing == 0
        assert not made.given_up
        assert [letter["reason"] for letter in made.queue.messages].count("crash") == 20
        assert made.longest < 180
