"""Judges the health of each part from its figures.

Where the thresholds come from:

    behind by 5 min      infra/template.yaml, BehindAlarm
    behind by 10 s       our own, beside BatchWindowSeconds: a batch takes few seconds, so that by
                         then the function does not keep up, or fails
    80 % of a shard      each takes 1,000 records a second; what is above is refused
                         (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html)
    any failed call, throttled call or dead letter
                         as the template's alarms have it
    a mapping or a function that is switched off
                         our own: nothing is stored until it is on again
    nothing for 10 s     our own: idle
"""

from __future__ import annotations

from dataclasses import dataclass

from tweetpipe.live.calls import Calls
from tweetpipe.live.snapshot import Health, Shard
from tweetpipe.looking.metrics import Metrics
from tweetpipe.plan.constants import SHARD_RECORDS
from tweetpipe.words import counted

IDLE_AFTER = 10.0  # seconds
_LATE = 10.0  # seconds
_FAR_BEHIND = 300.0  # seconds
_NEARLY_FULL = 0.8
# https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
_PROBLEM = "PROBLEM"

OK = Health("ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFigures:
    """What is known about the function.

    `age` is that of the oldest record not stored yet; `window` is its BatchWindowSeconds; `flowing`
    says whether records come in. `last_result` is Lambda's result of the mapping's last batch,
    `concurrency` is the function's reserved concurrency, None if it shares the account's, and
    `unreserve` is the command that removes the reservation. `options` select the stack in a
    suggested command.
    """

    options: str
    unreserve: str
    calls: Calls
    metrics: Metrics
    mapping: str | None
    last_result: str
    concurrency: int | None
    age: float | None
    rising: bool
    window: float
    idle: bool
    flowing: bool


def stream(shards: tuple[Shard, ...], *, quiet_for: float, is_local: bool) -> Health:
    """The stream's health; an emulator throttles nothing."""
    if not any(shard.records_per_s is not None for shard in shards):
        return Health("unknown", "No shard was read in the last seconds.")
    full = [
        shard.id for shard in shards if (shard.records_per_s or 0) >= _NEARLY_FULL * SHARD_RECORDS
    ]
    if full and not is_local:
        return Health(
            "warning",
            f"{len(full)} of {len(shards)} shards take more than {_NEARLY_FULL:.0%} of "
            f"{SHARD_RECORDS:,} records/s ({full[0]}). Kinesis refuses records above the limit. "
            "Raise ShardCount.",
        )
    if quiet_for >= IDLE_AFTER:
        return Health("idle", "No records in the last seconds.")
    return OK


def stack(status: str, *, options: str) -> Health:
    """The stack's health, from CloudFormation's status."""
    if status.endswith("_FAILED"):
        return Health(
            "error", f"Its last update ended with status {status}. Run: tweetpipe deploy{options}"
        )
    return OK


def function(found: FunctionFigures) -> Health:
    """The function's health, most serious problem first."""
    for judge in (_off, _failing, _behind, _throttled, _late, _unknown):
        if (health := judge(found)) is not None:
            return health
    return Health("idle", "There is nothing to do.") if found.idle else OK


def table(*, items_per_s: float | None, idle: bool, flowing: bool, failing: bool) -> Health:
    """The table's health."""
    if items_per_s:
        return OK
    if items_per_s is None and flowing:
        return Health("unknown", "Records come in, but it is not known how many are stored.")
    if failing and not idle:
        return Health("warning", "Records come in, but nothing is stored.")
    return Health("idle", "Nothing is being stored.") if idle else OK


def dead_letters(total: int | None, *, options: str) -> Health:
    """The queue's health: any message is a warning."""
    if total is None:
        return Health("unknown", "Not counted yet.")
    if total == 0:
        return OK
    verb = "waits" if total == 1 else "wait"
    return Health("warning", f"{total:,} {verb}. See why: tweetpipe dead-letters list{options}.")


def _off(found: FunctionFigures) -> Health | None:
    if found.concurrency == 0:
        return Health(
            "error",
            "Its reserved concurrency is 0, so Lambda never calls it and nothing is stored. Run: "
            f"{found.unreserve}",
        )
    if found.mapping in (None, "Enabled"):
        return None
    if found.mapping == "missing":
        return Health(
            "error",
            f"It has no event source mapping from the stream. Run: tweetpipe deploy{found.options}",
        )
    why = f"The event source mapping is {found.mapping}: it reads no records."
    if found.mapping in ("Disabled", "Disabling"):
        return Health("error", f"{why} To turn it on, run: tweetpipe deploy{found.options}")
    return Health("warning", why)


def _behind(found: FunctionFigures) -> Health | None:
    if found.age is None or found.age < _FAR_BEHIND:
        return None
    return Health(
        "error",
        f"It is {found.age / 60:,.0f} min behind the stream{_trend(found)}. To make it faster, "
        "raise ShardCount, ParallelizationFactor or memory.",
    )


def _failing(found: FunctionFigures) -> Health | None:
    failed = found.calls.failed or round(found.metrics.errors or 0)
    if failed:
        return Health(
            "error",
            f"{counted(failed, 'call')} failed in the last minutes. "
            f"See why: tweetpipe logs{found.options}.",
        )
    if found.last_result.startswith(_PROBLEM):
        return Health("error", f"Lambda's result of its last batch: {found.last_result}")
    return None


def _throttled(found: FunctionFigures) -> Health | None:
    if refused := round(found.metrics.throttles or 0):
        return Health(
            "warning",
            f"Lambda refused {counted(refused, 'call')} in the last minutes, because the account's "
            "concurrency or ReservedConcurrency is used up.",
        )
    unhandled = found.calls.unhandled or round(found.metrics.unhandled or 0)
    if unhandled:
        return Health(
            "warning",
            f"{counted(unhandled, 'record')} had to be retried in the last minutes. "
            f"See why: tweetpipe logs{found.options}.",
        )
    return None


def _late(found: FunctionFigures) -> Health | None:
    if found.age is None or found.age < _LATE + found.window:
        return None
    return Health("warning", f"It is {found.age:,.0f} s behind the stream{_trend(found)}.")


def _unknown(found: FunctionFigures) -> Health | None:
    if found.mapping is None:
        return Health("unknown", "It is not known yet whether it reads the stream.")
    if found.flowing and found.age is None and found.calls.per_s is None:
        return Health("unknown", "Records come in; it is not known yet how it handles them.")
    return None


def _trend(found: FunctionFigures) -> str:
    return ", and falling further behind" if found.rising else ""
