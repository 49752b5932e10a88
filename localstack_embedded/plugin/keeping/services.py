"""What LocalStack's services hold: its own stores, and moto's backends, each a part.

A part's name says which variable of which module it is.
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
    "es": "its clusters are processes of their own",
    "events": "rules, buses, and archives of EventBridge run in objects of their own",
    "opensearch": "its clusters are processes of their own",
    "transcribe": "its jobs run in threads of their own",
}
"""Services of which nothing is kept, and why."""

_TRIES = 20
_LONG = 0.5  # seconds without another thread, if it needs no more

Make = Callable[[], bytes]
Restored = Callable[[str, Any], None]


def parts() -> dict[str, tuple[str, Make]]:
    """For each part there is now, the service that it belongs to, and what makes its bytes."""
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
    """Have all hold again what they held; raises whatever keeps it from that.

    All modules come first, since what is in one may be of another. And none waits for its first
    use: of two threads that load them, one would give back to what the other has loaded half.
    """
    holders = {name: _holder(name) for name in sorted(names)}
    for name, holder in holders.items():
        _give_back(holder, read(name))
        restored(holder.service_name, holder)


def _holder(name: str) -> Any:
    module, _, variable = name.partition(":")
    return getattr(importlib.import_module(module), variable)


def _give_back(variable: Any, content: bytes) -> None:
    """Have a store, or backends, hold what they held when these bytes were made."""
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
    """What moves messages from one place to another, between which they must not be lost."""
    if bundle.service_name == "sqs":
        for _, _, store in bundle.iter_stores():
            yield from list(store.queues.values())


def _pickles_of_backends(backends: Any) -> Make:
    def make() -> bytes:
        state = {account: dict(regions) for account, regions in list(backends.items())}
        if backends.service_name == "dynamodb":
            from ..dynamodb.tables import LOCK

            with LOCK:  # so that a transaction, or a change and what its stream tells, is whole
                state = {
                    account: {region: _at_this_moment(each) for region, each in regions.items()}
                    for account, regions in state.items()
                }
        return pickling.dumps(state)

    return lambda: _undisturbed(make)


def _at_this_moment(backend: Any) -> Any:
    """The tables as they are now, which may change while they are pickled."""
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
    """Not by `copy`: moto notes each object of its that is made, for good."""
    made = object.__new__(type(value))
    vars(made).update(vars(value) | changes)
    return made


def _undisturbed(make: Make) -> bytes:
    """Try again if something is changed meanwhile, of which Python says so."""
    interval = sys.getswitchinterval()
    try:
        for _ in range(_TRIES - 1):
            try:
                return make()
            except RuntimeError:  # "dictionary changed size during iteration", and the like
                sys.setswitchinterval(_LONG)  # so that others have less of a chance
        return make()
    finally:
        sys.setswitchinterval(interval)
