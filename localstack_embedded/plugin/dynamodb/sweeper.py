"""Time to live: the operations on it, and the deletion of expired items."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from threading import RLock, Thread
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table

from ..settings import number
from .errors import invalid, not_found
from .expiry import has_expired
from .tables import Place, all_items, plain


class Sweeper:
    """Deletes expired items every few seconds, as long as any table has a time to live."""

    def __init__(self, lock: RLock, clock: Callable[[], float] = time.time) -> None:
        self._lock = lock
        self._clock = clock
        self._seconds = number("DYNAMODB_TTL_SECONDS")
        self._thread: Thread | None = None

    def sweep(self) -> int:
        """Delete all expired items; returns how many."""
        now, swept = self._clock(), 0
        with self._lock:
            tables = list(_with_time_to_live())
        for table in tables:
            with self._lock:
                attribute = table.ttl.get("AttributeName")  # None if turned off meanwhile
                for item in list(all_items(table)) if attribute else ():
                    found = plain(item)
                    if has_expired(found, attribute, now):
                        Place(table, found).set(None, by_expiry=True)
                        swept += 1
        return swept

    def described(self, tables: Mapping[str, Table], name: str) -> dict[str, Any]:
        """The TimeToLiveDescription of a table; raises Refused."""
        return dict(_found(tables, name).ttl)

    def update(self, tables: Mapping[str, Table], request: dict[str, Any], *, again: bool) -> None:
        """Turn time to live on or off; unless `again`, raises Refused if it already is."""
        table, wanted = _found(tables, request["TableName"]), request["TimeToLiveSpecification"]
        is_enabled = table.ttl["TimeToLiveStatus"] == "ENABLED"
        if not again and is_enabled and wanted["Enabled"]:
            current = table.ttl["AttributeName"]
            if current != wanted["AttributeName"]:
                raise invalid(
                    "TimeToLive is active on a different AttributeName: current AttributeName is"
                    f" {current}"
                )
            raise invalid("TimeToLive is already enabled")
        if not again and not is_enabled and not wanted["Enabled"]:
            raise invalid("TimeToLive is already disabled")
        table.ttl.clear()
        table.ttl["TimeToLiveStatus"] = "ENABLED" if wanted["Enabled"] else "DISABLED"
        if wanted["Enabled"]:
            table.ttl["AttributeName"] = wanted["AttributeName"]
            self.begin()

    def begin(self) -> None:
        """Start sweeping if any table has a time to live."""
        if self._thread is None and any(_with_time_to_live()):
            self._thread = Thread(target=self._run, name="time-to-live", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(self._seconds)
            with self._lock:
                if not any(_with_time_to_live()):
                    self._thread = None
                    return
            self.sweep()


def _found(tables: Mapping[str, Table], name: str) -> Table:
    table = tables.get(name.rpartition(":table/")[2])
    if table is None:
        raise not_found(f"Requested resource not found: Table: {name} not found")
    return table


def _with_time_to_live() -> Iterator[Table]:
    for account in list(dynamodb_backends.values()):
        for backend in list(account.values()):
            for table in list(backend.tables.values()):
                if table.ttl["TimeToLiveStatus"] == "ENABLED":
                    yield table
