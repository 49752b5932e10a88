"""What X counts as the app's connections, of which it allows one, and how to end our own.

https://docs.x.com/x-api/connections/introduction
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from tweets.x.answers import json_of
from tweets.x.api import XApi
from tweets.x.errors import XError
from tweets.x.gaps import at

_SAME = 3.0
"""Seconds by which X's two records of one connect may differ."""


@dataclass(frozen=True, slots=True)
class Active:
    """A connection that counts; `since` is UNIX time by X's clock."""

    id: str
    since: float
    client: str

    def __str__(self) -> str:
        return f"since {at(self.since)} UTC{f' from {self.client}' if self.client else ''}"


def active(api: XApi) -> list[Active]:
    """Those of the stream; raises XUnreachable, XRefused and NotX."""
    asked = {"status": "active", "endpoints": "filtered_stream"}
    found = json_of(api.authorized("GET", "connections", params=asked)).get("data")
    return [
        connection
        for entry in (found if isinstance(found, list) else [])
        if isinstance(entry, dict) and (connection := _active(entry))
    ]


def end_ours(api: XApi, connections: list[Active], *, connected: float | None) -> list[Active]:
    """End those that were connected just when we did, and tell which; raises as `active`.

    They are left over from us: X allows one at a time, and now none is ours.
    """
    ours = [c for c in connections if connected is not None and abs(c.since - connected) <= _SAME]
    if ours:
        api.authorized("DELETE", "connections", json={"uuids": [c.id for c in ours]})
    return ours


def make_room(api: XApi, *, connected: float | None, on_event: Callable[[str], None]) -> bool:
    """Whether a connection of ours that X still counted was ended; tells of those of others."""
    try:
        there = active(api)
        ours = end_ours(api, there, connected=connected)
    except XError as error:
        on_event(f"X counts a connection of the app as open; asked for it, {error}")
        return False
    if ours:
        on_event(f"X still counted our connection {ours[0]} as open: it is ended")
    elif there:
        on_event(
            f"The app is connected to X {there[0]} already, and X allows one connection: end the "
            "program that reads there, or wait for it to end"
        )
    return bool(ours)


def _active(entry: dict[str, object]) -> Active | None:
    with suppress(KeyError, ValueError):
        since = datetime.fromisoformat(str(entry["connected_at"])).timestamp()
        return Active(str(entry["id"]), since, str(entry.get("client_ip") or ""))
    return None
