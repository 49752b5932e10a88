"""Tells tweetpipe's commands about page views and clicks. Nothing here is deployed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

NAME = "page event"

_START = datetime(2026, 1, 1)
_VISITORS, _STEPS = 16, 8  # how many visitors click at the same time, and how often each one does
_PAGES = ("", "search?q=boots", "products/17", "products/23", "cart", "checkout")
_ELEMENTS = ("a.next", "button#buy", "img.zoom", "input[name=q]")


def partition_key(data: bytes) -> str:
    """All events of a session go to one shard."""
    return str(json.loads(data)["session"])


def fake(seed: int, index: int) -> tuple[bytes, str]:
    """Event `index` of `seed`, as a browser would send it, and its partition key."""
    event = _event(seed, index)
    return json.dumps(event).encode(), event["session"]


def expected(seed: int, index: int) -> dict[str, object]:
    """The item that this event must become."""
    event = _event(seed, index)
    item = {name.capitalize(): event[name] for name in ("session", "type", "url")}
    if event["type"] == "click":
        item["Element"] = event["element"]
    return item | {"Event": f"{event['time']}#{event['number']:06}"}


def malformed(seed: int, index: int) -> bytes:
    """A malformed event that can't be stored; no two are alike."""
    event = _event(seed, index) | {"session": f"malformed-{seed}-{index}"}
    whole, late = json.dumps(event).encode(), json.dumps(event | {"time": "yesterday"}).encode()
    return (whole[:-1], b"[%b]" % whole, whole.replace(b"http", b"\xff"), late)[index % 4]


def shown(item: dict[str, Any]) -> tuple[str, str, str]:
    """Title, time, and text to show for a stored item."""
    what = f"{item.get('Type')} {item.get('Element', '')}".strip()
    return item["Session"], item["Event"].partition("#")[0], f"{what} on {item.get('Url')}"


def _event(seed: int, index: int) -> dict[str, Any]:
    """Deterministic values for an event; visitors take turns."""
    crowd, turn = divmod(index, _VISITORS * _STEPS)
    number, visitor = divmod(turn, _VISITORS)
    chance = Random(f"{seed} {index}")
    time = (_START + timedelta(milliseconds=20 * index)).isoformat(timespec="milliseconds")
    event = {
        "session": f"{seed}-{crowd * _VISITORS + visitor}",
        "number": number,
        "type": chance.choice(("view", "click")),
        "url": f"https://shop.example/{chance.choice(_PAGES)}",
        "time": f"{time}Z",
    }
    return event | ({"element": chance.choice(_ELEMENTS)} if event["type"] == "click" else {})
