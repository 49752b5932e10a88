"""Sensor readings: events other than tweets, in a folder like a user's."""

from __future__ import annotations

from pathlib import Path

ITEM = """
from processor.errors import Rejected
from processor.reading import json_object

KEY = {"sensor": "S", "ts": "N"}


def to_item(data):
    reading = json_object(data)
    if not isinstance(reading.get("temp"), (int, float)):
        raise Rejected("no-temperature", "the reading has no temperature")
    return {"sensor": reading["sensor"], "ts": reading["ts"], "temp": reading["temp"]}
"""

EVENTS = """
import json
from random import Random

NAME = "reading"


def partition_key(data):
    return json.loads(data)["sensor"]


def expected(seed, index):
    chance = Random(f"{seed} {index}")
    temperature = round(chance.gauss(20, 5), 2)
    return {"sensor": f"a{chance.randrange(20)}", "ts": 1764150000 + index, "temp": temperature}


def fake(seed, index):
    reading = expected(seed, index)
    return json.dumps(reading).encode(), reading["sensor"]


def malformed(seed, index):
    return b'{"sensor": "a1", "ts": %d, "seed": %d}' % (index, seed)


def shown(item):
    return item["sensor"], str(item["ts"]), f"{item['temp']} degrees"
"""


def written(folder: Path, *, item: str = ITEM, events: str = EVENTS, **others: str) -> Path:
    """The folder with these modules in it; `others` by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"item": item, "events": events, **others}.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder
