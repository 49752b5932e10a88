"""Reads records as the function does, without storing them."""

from __future__ import annotations

from collections.abc import Sequence

from processor.aggregation import deaggregate
from processor.errors import Reason, Rejected
from processor.trial import try_out
from tweetpipe import events

_TRIAL = 60.0  # seconds in which to read the records of a call of the function


def contained(data: bytes, place: int) -> bytes | None:
    """The record at an index of an aggregated one; None if the stream now has something else."""
    try:
        contents = deaggregate(data) or []
    except Rejected:
        return None
    return contents[place].data if place < len(contents) else None


def refusals(records: Sequence[bytes]) -> list[list[str]]:
    """Why the function would reject each event of each record; empty if it would not.

    A record that crashes the function would crash this process too, so it is read in a child
    process.
    """
    example = events.chosen().function.example or b""
    fatal = try_out(records, _read, example=example, seconds=_TRIAL).fatal
    return [
        [f"{Reason.CRASH}: {fatal[place]}"] if place in fatal else _read(data)
        for place, data in enumerate(records)
    ]


def _read(data: bytes) -> list[str]:
    try:
        contents = deaggregate(data)
    except Rejected as rejected:
        return [str(rejected)]
    if contents is None:
        return [_refusal(data)]
    return [_refusal(event.data) for event in contents]


def _refusal(data: bytes) -> str:
    try:
        events.chosen().function.item(data)
    except Rejected as rejected:
        return str(rejected)
    except Exception as error:
        # Like the function: any exception counts as the record's fault.
        return f"{Reason.UNEXPECTED}: {type(error).__name__}"
    return ""
