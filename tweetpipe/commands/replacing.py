"""Replaces stored posts that were edited with their newest versions."""

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
    from tweets.x import Allowance, Fetched, XApi

_AT_ONCE = 100
"""Posts, as many as one call to X may name."""


def replace_stale(
    place: Place,
    deployed: Stack,
    api: XApi,
    stale: list[Left],
    account: Account,
    allowance: Allowance,
) -> tuple[list[str], int]:
    """Store the newest versions that X has, and delete the older ones.

    Returns what failed, and how many posts were replaced.
    """
    from tweets import x

    failures: list[str] = []
    done = paid = 0
    # Few at a time: what X has charged for is stored before more is read.
    for start in range(0, len(stale), _AT_ONCE):
        some = stale[start : start + _AT_ONCE]
        # A post may take two reads: of itself, which names its newest version, and of that version.
        taken = allowance.take(2 * len(some))
        affordable = some[: taken // 2]
        try:
            fetched = x.newest_versions(api, [one.id for one in affordable])
        except x.XError:
            allowance.close()
            raise
        allowance.settle(taken - fetched.paid)
        paid += fetched.paid
        try:
            done += _replace(place, deployed, affordable, fetched, account)
        except NotStored as error:
            first = f" ({error.command})" if error.command else ""
            failures.append(f"The newest versions of edited posts were not stored: {error}{first}")
            break
        if len(affordable) < len(some):
            left = len(stale) - start - len(affordable)
            failures.append(
                f"The monthly limit left no room for {counted(left, 'edited post')}: raise "
                "X_MONTHLY_LIMIT or --monthly-limit, or wait until next month"
            )
            break
    terminal.say(f"Fetched {counted(paid, 'post')} from X, which charges for each")
    return failures, done


def _replace(
    place: Place, deployed: Stack, stale: list[Left], fetched: Fetched, account: Account
) -> int:
    """Store what was fetched, and delete what it replaces; raises NotStored."""
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
    for group in calls(records):
        for _ in store_in_parts(function, group):
            pass
    # If the stored post already was the newest version, the put above has overwritten it.
    whys = [(one, "unavailable") for one in stale if one.id in fetched.missing]
    for one in stale:
        newest, _ = fetched.records.get(one.id, (one.id, b""))
        if newest != one.id:
            whys.append((one, "edited"))
    delete(place, deployed.outputs["EventDataTable"], whys, account)
    return len(whys)
