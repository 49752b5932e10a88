"""The function's log as an emulator keeps it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking.logs import LogRetriever, by_now


def test_lines_of_several_instances_come_in_the_order_of_their_time(
    place: Place, deployed: Stack
) -> None:
    group = f"/aws/lambda/{deployed.outputs['DDBEventProcessor']}"
    now = int(time.time() * 1000)
    for first, instance in enumerate(("one", "other", "third")):
        place.logs().create_log_stream(logGroupName=group, logStreamName=instance)
        place.logs().put_log_events(
            logGroupName=group,
            logStreamName=instance,
            logEvents=[
                {"timestamp": now - 9000 + 1000 * n, "message": f"in order {n}"}
                for n in range(first, 9, 3)
            ],
        )

    retriever = LogRetriever(place, deployed)
    found = [event.message for event in by_now(retriever, datetime.now(UTC) - timedelta(minutes=1))]

    assert [line for line in found if "in order" in line] == [f"in order {n}" for n in range(9)]
