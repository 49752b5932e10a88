"""Takes one snapshot, for a command that reports and exits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.live.reads import MeteredPlace, Pace, ReadMeter
from tweetpipe.live.snapshot import Snapshot
from tweetpipe.live.watching import Watching
from tweetpipe.looking.metrics import Metrics


class Look(NamedTuple):
    """What `watch` and the dashboard would show now, plus CloudWatch's last minutes."""

    snapshot: Snapshot
    metrics: Metrics


def look_once(
    place: Place,
    deployed: Stack,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Look:
    """Takes one second, on AWS two."""
    pace = Pace.at(place)
    metered = MeteredPlace.of(place, ReadMeter(pace.limits), patient=True)
    watching = Watching(metered, deployed, pace, now=clock())
    watching.look(clock)
    # Incoming records are only seen between two samples.
    sleep(pace.interval)
    watching.look(clock)
    return Look(watching.snapshot(clock()), watching.measured)
