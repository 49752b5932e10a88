"""Saves the state of the services, about once a second while something changes.

All changes are written at once, with the mappings' checkpoints as they were just before the state
was read. So what functions had done by then is saved, too: a mapping may repeat a batch, but never
continues after one whose effects are lost. Writing takes at most a tenth of the time, so saves
become less frequent where a service holds a lot.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from threading import Event, Lock, Thread
from typing import Any
from zlib import crc32

from .folder import Folder

LOG = logging.getLogger(__name__)

EVERY = 1.0  # second
_SHARE = 10  # the pause until the next save, in multiples of the time that writing took
_LINGER = 10.0  # seconds after a call in which it may still change something
_ALWAYS = frozenset({"cloudformation", "lambda"})  # these continue to work after a call has ended

Part = tuple[str, Callable[[], bytes]]  # the service, and a function that makes the bytes


@dataclass
class Keeper:
    """Call `touch` when a service may have changed, and `close` at the end."""

    folder: Folder
    parts: Callable[[], Mapping[str, Part]]
    noted: Callable[[], Any]  # as JSON
    flush: Callable[[], bool]  # writes what saves itself; whether that worked
    kept: Callable[[set[str]], None] = lambda services: None  # called with what is saved
    clock: Callable[[], float] = time.monotonic
    _touched: dict[str, float] = field(default_factory=dict)
    _swept: float = -inf
    _sums: dict[str, tuple[int, int]] = field(default_factory=dict)
    _is_failing: bool = False
    _lock: Lock = field(default_factory=Lock)
    _end: Event = field(default_factory=Event)

    def start(self) -> None:
        """Start saving, in a thread."""
        Thread(target=self._run, name="keeping", daemon=True).start()

    def touch(self, service: str) -> None:
        """Note that a call to this service has ended and may have changed it."""
        self._touched[service] = self.clock()

    def touch_all(self) -> None:
        """Note that everything may have changed."""
        self._swept = -inf
        self.touch("")

    def close(self) -> bool:
        """Save everything one last time; returns whether that worked."""
        self._end.set()
        with self._lock:
            self.touch_all()
            return self._keep(is_last=True)

    def _run(self) -> None:
        pause = EVERY
        while not self._end.wait(pause):
            with self._lock:
                began = self.clock()
                if not self._end.is_set():
                    self._keep()
                pause = max(EVERY, _SHARE * (self.clock() - began))

    def _keep(self, *, is_last: bool = False) -> bool:
        try:
            self._write(is_last=is_last)
        except Exception as error:
            if not self._is_failing:
                LOG.error(
                    "The state can't be saved; changes are lost if LocalStack ends now: %s",
                    error,
                    exc_info=not isinstance(error, OSError),
                )
            self._is_failing = True
            self.touch_all()
            return False
        if self._is_failing:
            LOG.warning("The state is being saved again")
            self._is_failing = False
        return True

    def _write(self, *, is_last: bool) -> None:
        places = self.noted()
        if not self.flush():
            raise OSError("the records of streams can't be written; see the error above")
        there = self.parts()
        chosen = self._chosen(there)
        made, failed = _made({name: there[name] for name in chosen})
        sums = {name: (len(content), crc32(content)) for name, content in made.items()}
        changed = {name: made[name] for name in made if sums[name] != self._sums.get(name)}
        gone = self.folder.names - there.keys()
        if failed:  # these may hold what functions have done
            places = (self.folder.note or {}).get("mappings")
        note = {"mappings": places, "is_clean": is_last and not failed}
        if changed or gone or note != self.folder.note:
            self.folder.write(changed, gone=gone, note=note)
        self._sums = {name: it for name, it in (self._sums | sums).items() if name not in gone}
        self.kept({there[name][0] for name in made})
        if failed:
            raise ExceptionGroup(f"these can't be saved: {', '.join(failed)}", [*failed.values()])

    def _chosen(self, there: Mapping[str, Part]) -> Iterable[str]:
        """The parts that may have changed since the last save; once in a while, all of them."""
        now = self.clock()
        touched = self._touched.copy()
        recent = {service for service, when in touched.items() if now - when < _LINGER}
        for service in touched.keys() - recent:
            self._touched.pop(service, None)
        if touched and now - self._swept >= _LINGER:
            self._swept = now
            return list(there)
        services = recent and recent | _ALWAYS
        return [name for name, (service, _) in there.items() if service in services]


def _made(parts: Mapping[str, Part]) -> tuple[dict[str, bytes], dict[str, Exception]]:
    """The bytes of the parts, and the errors of those that failed."""
    made, failed = {}, {}
    for name, (_, make) in parts.items():
        try:
            made[name] = make()
        except Exception as error:  # the others are saved all the same
            failed[name] = error
    return made, failed
