"""The newest versions of edited posts, in place of those that are stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.commands import terminal
from tweetpipe.complying import Account, Left, delete
from tweetpipe.dead_letters.function import PATIENT, Function, NotStored, calls, store_in_parts
from tweetpipe.dead_letters.stream import StreamRecord
from tweetpipe.words import counted

if TYPE_CHECKING:
    from tweets.x import Allowance, XApi


def replace_stale(
    place: Place,
    deployed: Stack,
    api: XApi,
    stale: list[Left],
    account: Account,
    allowance: Allowance,
) -> tuple[list[str], int]:
    """Have the newest versions stored that X has, and delete the older ones.

    Gives what failed, and how many are replaced.
    """
    from tweets import x

    # Each may take two: itself, which names the newest, and that.
    taken = allowance.take(2 * len(stale))
    fetched = x.newest_versions(api, [one.id for one in stale[: taken // 2]])
    allowance.settle(taken - fetched.paid)
    terminal.say(f"Fetched from X, which charges for each: {counted(fetched.paid, 'post')}")
    failures = []
    if left := len(stale) - taken // 2:
        failures.append(
            f"The monthly limit left no room for {counted(left, 'edited post')}: raise "
            "X_MONTHLY_LIMIT or --monthly-limit, or wait for the next month"
        )
    records = [
        StreamRecord(
            stream_arn="",
            shard="",
            sequence_number=str(number),
            partition_key="",
            arrived=time.time(),
            data=data,
        )
        for number, (_, data) in enumerate(fetched.records.values(), start=1)
    ]
    function = Function(
        place.lambda_(PATIENT),
        deployed.outputs["DDBEventProcessor"],
        options(place.target, deployed.name),
    )
    try:
        for group in calls(records):
            for _ in store_in_parts(function, group):
                pass
    except NotStored as error:
        return [*failures, f"The newest versions of edited posts are not stored: {error}"], 0
    # Where the newest is the one that was there, it is stored anew under the same key.
    whys = [(one, "unavailable") for one in stale if one.id in fetched.missing]
    for one in stale:
        newest, _ = fetched.records.get(one.id, (one.id, b""))
        if newest != one.id:
            whys.append((one, "edited"))
    delete(place, deployed.outputs["EventDataTable"], whys, account)
    return failures, len(whys)
