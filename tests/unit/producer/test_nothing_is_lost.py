from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer import (
    DeliveryError,
    OutgoingRecord,
    Report,
    SourceError,
)
from tests.examples import examples
from tests.unit.producer.doubles import (
    THROTTLED,
    FakeKinesis,
    accept,
    call_failure,
    contained,
    lines,
    records,
    run,
)


def timeout_after(kinesis: FakeKinesis, data: list[bytes]) -> Sequence[str | None]:
    kinesis.store(data)
    raise ReadTimeoutError(endpoint_url="http://x")


def timeout_before(kinesis: FakeKinesis, data: list[bytes]) -> Sequence[str | None]:
    raise ReadTimeoutError(endpoint_url="http://x")


def server_error(kinesis: FakeKinesis, data: list[bytes]) -> Sequence[str | None]:
    raise call_failure("InternalFailure", 500)


def refuse_every_other(kinesis: FakeKinesis, data: list[bytes]) -> Sequence[str | None]:
    return [THROTTLED if n % 2 else None for n in range(len(data))]


def accept_all(kinesis: FakeKinesis, data: list[bytes]) -> Sequence[str | None]:
    return accept(data)


def out_of_credentials(kinesis: FakeKinesis, data: list[bytes]) -> Sequence[str | None]:
    raise call_failure("ExpiredTokenException")


FAULTS = [timeout_after, timeout_before, server_error, refuse_every_other, accept_all]


@given(
    count=st.integers(0, 60),
    faults=st.lists(st.sampled_from([*FAULTS, out_of_credentials]), max_size=12),
    poison=st.sets(st.integers(0, 59), max_size=3),
    patient=st.booleans(),
    breaks_off=st.booleans(),
    stop_after=st.none() | st.integers(0, 60),
    aggregate=st.booleans(),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=examples(50),
)
def test_whatever_happens_every_record_read_is_acknowledged_or_in_the_file(
    undelivered: Path,
    count: int,
    faults: list[Callable[[FakeKinesis, list[bytes]], Sequence[str | None]]],
    poison: set[int],
    patient: bool,
    breaks_off: bool,
    stop_after: int | None,
    aggregate: bool,
) -> None:
    undelivered.unlink(missing_ok=True)
    # So large that a call holds several aggregates.
    outgoing = [record._replace(data=record.data.ljust(5000)) for record in records(count)]
    spoilt = {record.data for n, record in enumerate(outgoing) if n in poison}
    plan = iter(faults)
    stop = threading.Event()
    given: Counter[bytes] = Counter()

    def source() -> Iterator[OutgoingRecord]:
        for n, record in enumerate(outgoing):
            if n == stop_after:
                stop.set()
            given[record.data] += 1
            yield record
        if breaks_off:
            raise ConnectionError

    def answer(data: list[bytes]) -> Sequence[str | None]:
        if spoilt & set(contained(data)):
            raise call_failure("InvalidArgumentException")
        return next(plan, accept_all)(kinesis, data)

    kinesis = FakeKinesis(answer)
    report: Report | None
    try:
        report = run(
            source(),
            kinesis,
            undelivered,
            stop=stop,
            max_records=7,
            calls_in_flight=3,
            aggregate=aggregate,
            give_up_after=60.0 if patient else 0.0,
        )
    except (DeliveryError, SourceError) as error:
        report = error.report

    assert report is not None
    set_aside = Counter(lines(undelivered))
    assert report.read == report.sent + report.failed == given.total()
    assert report.failed == set_aside.total()
    assert report.unwritten == 0
    assert given <= kinesis.stored + set_aside
    assert spoilt.isdisjoint(kinesis.stored)
    if all(fault in (accept_all, refuse_every_other, server_error) for fault in faults):
        assert given == kinesis.stored + set_aside
