"""Lists the app's connections, of which X allows one, and ends our own.

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
"""How many seconds X's two timestamps of one connect may differ."""


@dataclass(frozen=True, slots=True)
class Active:
    """An active connection; `since` is UNIX time by X's clock."""

    id: str
    since: float
    client: str

    def __str__(self) -> str:
        return f"since {at(self.since)} UTC{f' from {self.client}' if self.client else ''}"


def active(api: XApi) -> list[Active]:
    """The active connections of the stream; raises XUnreachable, XRefused and NotX."""
    asked = {"status": "active", "endpoints": "filtered_stream"}
    found = json_of(api.authorized("GET", "connections", params=asked)).get("data")
    return [
        connection
        for entry in (found if isinstance(found, list) else [])
        if isinstance(entry, dict) and (connection := _active(entry))
    ]


def end_ours(api: XApi, connections: list[Active], *, connected: float | None) -> list[Active]:
    """End the connections that began when ours did, and return them; raises like `active`.

    They are leftovers of ours: X allows one at a time, and we have none open now.
    """
    ours = [c for c in connections if connected is not None and abs(c.since - connected) <= _SAME]
    if ours:
        api.authorized("DELETE", "connections", json={"uuids": [c.id for c in ours]})
    return ours


def make_room(api: XApi, *, connected: float | None, on_event: Callable[[str], None]) -> bool:
    """End our leftover connection, if any, and return whether there was one; report those of
    others.
    """
    try:
        there = active(api)
        ours = end_ours(api, there, connected=connected)
    except XError as error:
        on_event(
            "X counts a connection of this app as open, and listing its connections failed: "
            f"{error}"
        )
        return False
    if ours:
        on_event(f"X still counted our connection {ours[0]} as open, so it was closed")
    elif there:
        on_event(
            f"This app is already connected to X {there[0]}, and X allows one connection. Stop the "
            "other program, or wait for it to end"
        )
    return bool(ours)


def _active(entry: dict[str, object]) -> Active | None:
    with suppress(KeyError, ValueError):
        since = datetime.fromisoformat(str(entry["connected_at"])).timestamp()
        return Active(str(entry["id"]), since, str(entry.get("client_ip") or ""))
    return None
