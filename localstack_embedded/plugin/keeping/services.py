"""What LocalStack's services hold: LocalStack's stores and moto's backends, each a part.

A part's name is that of its module and variable.
"""

from __future__ import annotations

import importlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from localstack.services.stores import AccountRegionBundle
from moto.core.base_backend import BackendDict

from . import pickling

NOT_KEPT = {
    "es": "its clusters are separate processes",
    "events": "EventBridge runs rules, buses, and archives in separate objects",
    "opensearch": "its clusters are separate processes",
    "transcribe": "its jobs run in separate threads",
}
"""Services whose state is not kept, and why."""

_TRIES = 20
_LONG = 0.5  # seconds for which other threads must wait, unless it is done sooner

Make = Callable[[], bytes]
Restored = Callable[[str, Any], None]


def parts() -> dict[str, tuple[str, Make]]:
    """For each current part, the service it belongs to and a function that makes its bytes."""
    found: dict[str, tuple[str, Make]] = {}
    for module in list(sys.modules.values()):
        for variable, value in list(getattr(module, "__dict__", {}).items()):
            if isinstance(value, AccountRegionBundle):
                home, make = value.store.__module__, _pickles_of_store(value)
            elif isinstance(value, BackendDict):
                home, make = value.backend.__module__, _pickles_of_backends(value)
            else:
                continue
            if value and home == module.__name__ and value.service_name not in NOT_KEPT:
                found[f"{home}:{variable}"] = value.service_name, make
    return found


def give_back(names: Iterable[str], read: Callable[[str], bytes], restored: Restored) -> None:
    """Restore all parts; raises whatever prevents that.

    All modules are imported first, since one part may contain objects of another module. Nothing
    is left to the first use: of two threads that import modules, one could restore a part into a
    module that the other has only half imported.
    """
    holders = {name: _holder(name) for name in sorted(names)}
    for name, holder in holders.items():
        _give_back(holder, read(name))
        restored(holder.service_name, holder)


def _holder(name: str) -> Any:
    module, _, variable = name.partition(":")
    return getattr(importlib.import_module(module), variable)


def _give_back(variable: Any, content: bytes) -> None:
    """Restore a store, or backends, from these bytes."""
    state = pickling.loads(content)
    if isinstance(variable, BackendDict):
        for account, backends in state.items():
            dict.update(variable[account], backends)
        return
    variable._universal.update(state["universal"])
    for account, (shared, stores) in state["accounts"].items():
        variable[account]._global.update(shared)
        for region, attributes in stores.items():
            vars(variable[account][region]).update(attributes)


def _pickles_of_store(bundle: Any) -> Make:
    def make() -> bytes:
        with ExitStack() as held:
            held.enter_context(bundle.lock)
            for queue in _queues(bundle):
                held.enter_context(queue.mutex)
            accounts = {
                account: (stores._global, {region: _own(each) for region, each in stores.items()})
                for account, stores in bundle.items()
            }
            return pickling.dumps({"universal": bundle._universal, "accounts": accounts})

    return lambda: _undisturbed(make)


def _own(store: Any) -> Mapping[str, Any]:
    shared = ("_global", "_universal")
    return {name: value for name, value in vars(store).items() if name not in shared}


def _queues(bundle: Any) -> Iterator[Any]:
    """The queues, which move messages from one place to another: none may be lost in between."""
    if bundle.service_name == "sqs":
        for _, _, store in bundle.iter_stores():
            yield from list(store.queues.values())


def _pickles_of_backends(backends: Any) -> Make:
    def make() -> bytes:
        state = {account: dict(regions) for account, regions in list(backends.items())}
        if backends.service_name == "dynamodb":
            from ..dynamodb.tables import LOCK

            with LOCK:  # so that a transaction, or a change and its stream record, is complete
                state = {
                    account: {region: _at_this_moment(each) for region, each in regions.items()}
                    for account, regions in state.items()
                }
        return pickling.dumps(state)

    return lambda: _undisturbed(make)


def _at_this_moment(backend: Any) -> Any:
    """A copy of the tables as they are now, since they may change while they are pickled."""
    tables = {}
    for name, table in list(backend.tables.items()):
        tables[name] = _copy(table)
        # Python copies a dictionary, or a list, without letting other threads run.
        partitions = {
            key: dict(each) if isinstance(each, dict) else each
            for key, each in list(table.items.items())
        }
        tables[name].items = defaultdict(dict, partitions)
        if shard := table.stream_shard:
            told = list(shard.items)
            tables[name].stream_shard = _copy(shard, items=told, table=tables[name])
    return _copy(backend, tables=tables)


def _copy(value: Any, **changes: Any) -> Any:
    """Copy without `copy.copy`: moto keeps track of every object that is created, forever."""
    made = object.__new__(type(value))
    vars(made).update(vars(value) | changes)
    return made


def _undisturbed(make: Make) -> bytes:
    """Retry if something changes in the meantime, which Python reports as a RuntimeError."""
    interval = sys.getswitchinterval()
    try:
        for _ in range(_TRIES - 1):
            try:
                return make()
            except RuntimeError:  # "dictionary changed size during iteration", and the like
                sys.setswitchinterval(_LONG)  # so that other threads are less likely to interfere
        return make()
    finally:
        sys.setswitchinterval(interval)
