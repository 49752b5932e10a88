"""The contract that all events must meet."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from processor.events import Events as FunctionEvents
from processor.key import Key
from producer import Contents
from tweetpipe.events.imports import function_files

Item = dict[str, Any]
"""An item's attributes as plain Python: text, int or Decimal, bool, None, bytes, list, dict."""


class Shown(NamedTuple):
    """How an item is shown to the user."""

    title: str
    time: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Events:
    """The events of one folder.

    `name` is the name for Python and the function; `noun` and `nouns` are the words for one and
    several events. The other fields come from the folder's modules, with `function` as the Lambda
    function uses it. `malformed` is None if the folder has none, and `shapes` are the formats of an
    event, if there are several. `contents` reads events from files.
    """

    name: str
    folder: Path
    noun: str
    nouns: str
    function: FunctionEvents
    partition_key: Callable[[bytes], str]
    fake: Callable[..., tuple[bytes, str]]
    expected: Callable[[int, int], Item]
    shown: Callable[[Item], tuple[str, str, str]]
    malformed: Callable[[int, int], bytes] | None
    expected_of: Callable[[bytes], Item | None]
    shapes: tuple[str, ...]
    contents: Callable[[str | None], Contents]

    @property
    def key(self) -> Key:
        """The attributes that identify an item."""
        return self.function.key

    @property
    def parameters(self) -> dict[str, str]:
        """The template's parameters that follow from the events."""
        partition, sort = self.key
        return {
            "Events": self.name,
            "PartitionKeyName": partition.name,
            "PartitionKeyType": partition.type,
            "SortKeyName": sort.name,
            "SortKeyType": sort.type,
        }

    @cached_property
    def packaged(self) -> dict[str, Path]:
        """What the function's package needs of the folder, by the names there."""
        return {
            f"{self.name}/{path.relative_to(self.folder).as_posix()}": path
            for path in function_files(self.folder, self.name)
        }

    def key_of(self, item: Item) -> tuple[Any, Any]:
        """The key of an item; empty if another program's item lacks it."""
        return item.get(self.key.partition.name, ""), item.get(self.key.sort.name, "")

    def show(self, item: Item) -> Shown:
        """How to show an item, even one that `shown` can't handle."""
        try:
            title, time, text = map(str, self.shown(item))
        except Exception:
            # An older version or another program may have written it.
            title, time, text = str(self.key_of(item)[0]), "", json.dumps(item, default=in_json)
        return Shown(title, time, text)


def in_json(value: Any) -> Any:
    """Converts a value that JSON does not support, for json.dumps."""
    if isinstance(value, Decimal):
        return float(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def normal(value: Any) -> Any:
    """A value as the table returns it: a number that isn't whole as a Decimal."""
    match value:
        case float():
            return Decimal(str(value))
        case list() | tuple():
            return [normal(inside) for inside in value]
        case dict():
            return {name: normal(inside) for name, inside in value.items()}
    return value
