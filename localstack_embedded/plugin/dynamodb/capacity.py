"""The capacity units that requests consume, as in "DynamoDB read and write operations".

A write consumes a unit per KB of the item before or after it, whichever is larger. A strongly
consistent read consumes a unit per 4 KB, any other read half of that. In a transaction, both
consume twice as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .keys import Schema
from .values import Item, item_size

_READ_BYTES = 4096
_WRITE_BYTES = 1024


def read_units(size: int, *, consistent: bool) -> float:
    """The units of a GetItem, or of one page of a Query or Scan, that reads this many bytes."""
    units = max(1, -(-size // _READ_BYTES))
    return float(units) if consistent else units / 2


def write_units(*sizes: int) -> float:
    """The units of writing an item, given its sizes in bytes before and after."""
    return float(max(1, -(-max(sizes) // _WRITE_BYTES)))


@dataclass
class Consumed:
    """The units that one request consumes on one table and on its indexes."""

    schema: Schema
    transaction: str = ""
    """In a transaction, "Read" or "Write"; the answer then also gives the units by this name."""
    table: float = 0.0
    indexes: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def wrote(self, before: Item | None, after: Item | None) -> None:
        """Count a write, given the item before and after it; None if there is no item."""
        factor = 2 if self.transaction else 1
        sizes = [item_size(item) for item in (before, after) if item]
        self.table += factor * write_units(*sizes, 0)
        for index, keys in self.schema.indexes.items():
            was, now = (
                self.schema.entry(index, item)
                if item is not None and all(name in item for name, _kind in keys)
                else None
                for item in (before, after)
            )
            if was == now:
                continue
            entries = [item_size(entry) for entry in (was, now) if entry]
            # If the key changes, one entry of the index is deleted and another is put.
            moved = was and now and _key(was, keys) != _key(now, keys)
            units = sum(map(write_units, entries)) if moved else write_units(*entries)
            self.indexes[index] += factor * units

    def read(self, size: int, *, consistent: bool, index: str | None = None) -> None:
        """Count a read of this many bytes."""
        units = read_units(size, consistent=consistent) * (2 if self.transaction else 1)
        if index:
            self.indexes[index] += units
        else:
            self.table += units

    def shown(self, detail: str) -> dict[str, Any]:
        """The table's ConsumedCapacity; `detail` is TOTAL or INDEXES."""
        answer = {
            "TableName": self.schema.table,
            **self._units(self.table + sum(self.indexes.values())),
        }
        if detail == "INDEXES":
            answer["Table"] = self._units(self.table)
            for kind, known in (("Local", self.schema.local), ("Global", self.schema.global_)):
                used = {name: self.indexes[name] for name in known if name in self.indexes}
                if used:
                    answer[f"{kind}SecondaryIndexes"] = {
                        name: self._units(units) for name, units in used.items()
                    }
        return answer

    def _units(self, units: float) -> dict[str, Any]:
        told_apart = {f"{self.transaction}CapacityUnits": units} if self.transaction else {}
        return {"CapacityUnits": units, **told_apart}


def _key(item: Item, keys: Iterable[tuple[str, str]]) -> list[Any]:
    return [item[name] for name, _kind in keys]


def asked_for(request: Mapping[str, Any]) -> str | None:
    """TOTAL or INDEXES; None if the request doesn't ask for the capacity it consumed."""
    detail = request.get("ReturnConsumedCapacity")
    return None if detail in (None, "NONE") else str(detail)
