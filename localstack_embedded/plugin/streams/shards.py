"""The shards of a stream, and which of them a record goes to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import md5
from typing import Any

from .errors import HashKeyError, NoSuchShardError, RecordSizeError
from .keeping import Home
from .log import Log
from .record import Entry
from .shard import MAX_HASH_KEY, Shard

Route = tuple[bytes | None, int]
"""The hash key of a record, or None if any shard will do, and its size in bytes."""

_HASH_BYTES = 16


class Shards:
    """The shards of a stream; guarded by its lock."""

    def __init__(self, home: Home | None, second: int) -> None:
        self.all: dict[str, Shard] = {}
        """By ID, in order of creation."""
        self.open: list[Shard] = []
        """Ordered by hash key."""
        self.second = second
        """The last second in which a shard was created, or the first in which one can be."""
        self._home = home
        self._starts: list[bytes] = []
        self._turn = 0
        self._made = 0

    def find(self, shard_id: str) -> Shard:
        """The shard with this ID; raises NoSuchShardError."""
        shard = self.all.get(shard_id)
        if shard is None:
            raise NoSuchShardError(shard_id)
        return shard

    def find_for(self, hash_key: bytes | None) -> Shard:
        """The open shard for a record."""
        if hash_key is not None:
            return self.open[bisect_right(self._starts, hash_key) - 1]
        self._turn = (self._turn + 1) % len(self.open)
        return self.open[self._turn]

    def replace(
        self, now: float, parents: Sequence[Shard], ranges: list[tuple[int, int]]
    ) -> list[Shard]:
        """Close shards and open children with these ranges of hash keys; then call `settle`."""
        self.second = max([self.second, int(now), *(parent.created + 1 for parent in parents)])
        children = [
            self._add(
                self._made + number,
                start=start,
                end=end,
                created=self.second,
                parents=tuple(parent.id for parent in parents),
            )
            for number, (start, end) in enumerate(ranges)
        ]
        self._made += len(children)
        for parent in parents:
            parent.closed = now
            parent.children = tuple(child.id for child in children)
            parent.notify()
        return children

    def settle(self) -> None:
        """Route records to the shards that are open now."""
        shards = (shard for shard in self.all.values() if not shard.is_closed)
        self.open = sorted(shards, key=lambda shard: shard.start)
        self._starts = [shard.start.to_bytes(_HASH_BYTES, "big") for shard in self.open]
        self.shrink()

    def trim(self, horizon: float) -> bool:
        """Drop records that arrived before `horizon`; returns whether shards expired with them."""
        expired = []
        for shard in self.all.values():
            shard.log.trim(horizon)
            if shard.closed is not None and shard.closed < horizon:
                expired.append(shard)
        for shard in expired:
            self._remove(shard)
        return bool(expired)

    def shrink(self) -> None:
        """Keep each shard within its share of memory, which gets smaller with each new one."""
        for shard in self.all.values():
            shard.log.shrink()

    def end(self) -> None:
        """Tell the watchers that nothing more will come."""
        for shard in self.all.values():
            shard.is_gone = True
            shard.notify()

    def clear(self) -> None:
        """Delete all shards and their records."""
        for shard in list(self.all.values()):
            self._remove(shard)
        self.open = []

    def document(self) -> dict[str, Any]:
        """What `restore` needs, as JSON-compatible values."""
        return {
            "second": self.second,
            "made": self._made,
            "shards": [
                {
                    "index": shard.index,
                    "start": shard.start,
                    "end": shard.end,
                    "created": shard.created,
                    "parents": shard.parents,
                    "children": shard.children,
                    "closed": shard.closed,
                    "next": shard.log.next,
                }
                for shard in self.all.values()
            ],
        }

    def restore(self, document: dict[str, Any], *, last: float | None) -> float:
        """Take over what another process left; returns when the last record arrived.

        `last` is that time, or None if records may have been written or lost since the save.
        """
        latest = 0.0
        for kept in document["shards"]:
            shard = self._add(
                kept["index"],
                start=kept["start"],
                end=kept["end"],
                created=kept["created"],
                parents=tuple(kept["parents"]),
                children=tuple(kept["children"]),
                closed=kept["closed"],
            )
            # All records of a shard are written before it is saved as closed.
            found = shard.log.find(kept["next"], shard.closed or last)
            latest = max(latest, found)
        self._made, self.second = document["made"], document["second"]
        self.settle()
        return latest

    def _add(self, index: int, **what: Any) -> Shard:
        shard = Shard(index=index, **what)
        if self._home:
            shard.log = Log(self._home.segments(shard.id))
        self.all[shard.id] = shard
        return shard

    def _remove(self, shard: Shard) -> None:
        del self.all[shard.id]
        shard.log.delete()
        shard.is_gone = True
        shard.notify()


def route(index: int, entry: Entry, max_bytes: int) -> Route:
    """The route of the entry at this index of a call; raises RecordSizeError, HashKeyError."""
    data, key, explicit = entry
    encoded = b"" if key is None else key.encode()
    size = len(data) + len(encoded)
    if size > max_bytes:
        raise RecordSizeError(index, size)
    if explicit is not None:
        if not 0 <= explicit <= MAX_HASH_KEY:
            raise HashKeyError(explicit)
        return explicit.to_bytes(_HASH_BYTES, "big"), size
    return None if key is None else md5(encoded, usedforsecurity=False).digest(), size
