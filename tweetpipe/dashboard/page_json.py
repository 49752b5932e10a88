"""The page's data as plain JSON; long texts are cut."""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from dataclasses import replace
from typing import Any

from tweetpipe import events
from tweetpipe.dead_letters import DeadLetter
from tweetpipe.events import Item
from tweetpipe.events.contract import in_json
from tweetpipe.live.snapshot import Landed, Point, Snapshot, as_json

MAX_TEXT = 1000  # characters of a text in the list of the newest
MAX_PAYLOAD = 64 * 1024  # characters of a dead letter
_POINT = ("at", "records_per_s", "items_per_s", "p50_s", "p99_s", "failed", "rejected")

Key = tuple[str, str, float]


def key(landed: Landed) -> Key:
    """Identifies one landing, even among several of the same event."""
    return *landed.key, landed.landed_at


def snapshot(seen: Snapshot, *, without: Set[Key] = frozenset()) -> dict[str, Any]:
    """The snapshot, without newest events that the page already has."""
    newest = tuple(_cut(landed) for landed in seen.newest if key(landed) not in without)
    return as_json(replace(seen, newest=newest))


def item(found: Item, *, whole: bool = False) -> dict[str, Any]:
    """An item as shown to people; with `whole`, all its attributes."""
    chosen = events.chosen()
    title, time, text = chosen.show(found)
    return {
        "key": [str(part) for part in chosen.key_of(found)],
        "title": title,
        "time": time,
        "text": text if whole else shortened(text),
        **({"attributes": json.loads(json.dumps(found, default=in_json))} if whole else {}),
    }


def columns(points: Iterable[Point]) -> dict[str, list[float | None]]:
    """The time series in the chart's format."""
    found = list(points)
    return {name: [getattr(point, name) for point in found] for name in _POINT}


def dead_letter(letter: DeadLetter) -> dict[str, Any]:
    """A dead letter; `payload` is its bytes as text, decoded as well as possible."""
    text = letter.text or json.dumps(letter.body, ensure_ascii=False, indent=2)
    return {
        "id": letter.id,
        "kind": letter.kind.value,
        "reason": letter.reason,
        "detail": str(letter.body.get("detail", "")),
        "arrived_at": letter.arrived_at,
        "sent_at": letter.sent_at.isoformat() if letter.sent_at else "",
        "shard": letter.shard,
        "sequence_number": letter.sequence_number,
        "records": letter.records,
        "bytes": letter.size,
        "payload": text[:MAX_PAYLOAD],
        "is_cut": len(text) > MAX_PAYLOAD,
        "is_body": not letter.text,
    }


def event(name: str, data: Any) -> bytes:
    """A server-sent event; JSON in ASCII has no line ends and no lone surrogates."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _cut(landed: Landed) -> Landed:
    return replace(landed, text=shortened(landed.text))


def shortened(text: str) -> str:
    """Shorten a text for a list."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
