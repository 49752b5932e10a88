"""A producer whose calls fail in all ways, against LocalStack in a container.

A function in a container can't reach a proxy of the tests: the faults of its calls are for the
embedded LocalStack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from producer import Settings
from tests.fault_proxy import PUT_RECORDS, Fault, FaultProxy
from tests.integration.test_pipeline import send
from tests.tweets import fake_source
from tests.waiting import LONG
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import verify


def test_put_records_that_fail_in_all_ways_lose_nothing(
    place: Place, new_stack: Callable[[], Stack], producer_settings: Settings, tmp_path: Path
) -> None:
    stack, count = new_stack(), 2000
    settings = replace(producer_settings, max_records=50)
    faults = {PUT_RECORDS: set(Fault)}
    with FaultProxy(str(place.endpoint), seed=1, faults=faults).serving() as proxy:
        report = send(
            replace(place, endpoint=proxy.endpoint),
            stack,
            fake_source(seed=61, count=count),
            settings=settings,
            folder=tmp_path,
        )

    assert (report.sent, report.failed) == (count, 0)
    assert {fault for _, fault in proxy.counts} == set(Fault)
    comparison = verify.wait_until_stored(
        place,
        stack.outputs["EventDataTable"],
        verify.expected_items(61, count),
        patience=LONG,
    )
    assert comparison == verify.Comparison(expected=count)
    assert proxy.accepted >= count
