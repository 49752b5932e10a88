"""What requests consume, as "DynamoDB read and write operations" has it.

A write takes a unit for each KB of the larger of the item before and after, a strongly consistent
read one for each 4 KB, any other half of that, and a transaction twice as much.
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
    """For the items that one GetItem, or one page of a Query or Scan, has looked at."""
    units = max(1, -(-size // _READ_BYTES))
    return float(units) if consistent else units / 2


def write_units(*sizes: int) -> float:
    """For one item, of its size before and after."""
    return float(max(1, -(-max(sizes) // _WRITE_BYTES)))


@dataclass
class Consumed:
    """The units of one request on one table, and of them those of its indexes."""

    schema: Schema
    transaction: str = ""
    """In a transaction "Read" or "Write", which is told apart there."""
    table: float = 0.0
    indexes: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def wrote(self, before: Item | None, after: Item | None) -> None:
        """Count the write of an item that was, or is now, None where there is none."""
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
            # Another key means deleting one entry of the index, and putting another.
            moved = was and now and _key(was, keys) != _key(now, keys)
            units = sum(map(write_units, entries)) if moved else write_units(*entries)
            self.indexes[index] += factor * units

    def read(self, size: int, *, consistent: bool, index: str | None = None) -> None:
        """Count what was looked at."""
        units = read_units(size, consistent=consistent) * (2 if self.transaction else 1)
        if index:
            self.indexes[index] += units
        else:
            self.table += units

    def shown(self, detail: str) -> dict[str, Any]:
        """The table's ConsumedCapacity."""
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
    """TOTAL or INDEXES; None where nothing is to be shown."""
    detail = request.get("ReturnConsumedCapacity")
    return None if detail in (None, "NONE") else str(detail)
