"""Injected faults: their notation, and the script that applies them in order."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

_FAULT = re.compile(
    r"(?P<kind>[a-z0-9-]+?)(?::(?P<value>\d+(?:\.\d+)?))?(?:@(?P<after>\d+))?(?:x(?P<times>\d+))?"
)


class _Kind(NamedTuple):
    """`value` describes the number that may follow a colon; the default comes after it."""

    at_connect: bool
    means: str
    value: str = ""
    default: float = 0.0


KINDS = {
    "drop": _Kind(False, "close the connection without the final chunk, between two lines"),
    "reset": _Kind(False, "reset the connection, and lose data in transit"),
    "end": _Kind(False, "end the stream properly"),
    "stale": _Kind(False, "drop, but count the connection as still active", "seconds", 300.0),
    "half-line": _Kind(False, "write half a line, then drop"),
    "silence": _Kind(False, "send neither posts nor heartbeats, then continue", "seconds", 30.0),
    "operational-disconnect": _Kind(False, "send X's message of that name, then end the stream"),
    "rubbish": _Kind(False, "send a line that is neither JSON nor UTF-8"),
    "unknown": _Kind(False, "send a line of JSON without data"),
    "slow": _Kind(False, "send the next posts in tiny pieces", "posts", 5),
    "duplicates": _Kind(True, "send the last posts again after the next connect", "posts", 5),
    "refuse": _Kind(True, "stop listening", "seconds", 1.0),
    "401": _Kind(True, "Unauthorized"),
    "403": _Kind(True, "client-not-enrolled"),
    "404": _Kind(True, "Not Found"),
    "409": _Kind(True, "no rules"),
    "html": _Kind(True, "200 and a page, like a network's login page"),
    "429": _Kind(True, "rate limit, with the reset time in the header", "seconds", 60.0),
    "429-bare": _Kind(True, "rate limit without any header"),
    "too-many-connections": _Kind(True, "429, ConnectionException"),
    "usage-capped": _Kind(True, "429, because the month's posts are used up"),
    **{str(code): _Kind(True, "server error") for code in (500, 502, 503, 504)},
}


class FaultError(ValueError):
    """The text of a fault is invalid; the message says what is valid."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, `times` in a row; in-stream ones come after that many posts of a connection."""

    kind: str
    value: float = 0.0
    after: int = 0
    times: int = 1

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `kind[:value][@posts][xtimes]`; raises FaultError."""
        found = _FAULT.fullmatch(text.strip())
        kind = KINDS.get(found["kind"]) if found else None
        if found is None or kind is None:
            raise FaultError(f"{text!r} is not a fault; use one of {', '.join(KINDS)}")
        after, times = int(found["after"] or 0), int(found["times"] or 1)
        if found["value"] and not kind.value:
            raise FaultError(f"{found['kind']} takes no value, so {text!r} is not valid")
        if kind.at_connect and after:
            raise FaultError(f"{text!r} happens at a connect; put drop@{after} before it")
        if not times:
            raise FaultError(f"{text!r} must happen at least once")
        return cls(found["kind"], float(found["value"] or kind.default), after, times)

    @property
    def at_connect(self) -> bool:
        return KINDS[self.kind].at_connect

    def __str__(self) -> str:
        value = f":{self.value:g}" if KINDS[self.kind].value else ""
        after = f"@{self.after}" if self.after else ""
        return f"{self.kind}{value}{after}{f'x{self.times}' if self.times > 1 else ''}"


class Script:
    """Faults waiting for their turn: only the first one can happen. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: deque[Fault] = deque()
        self._done: list[Fault] = []

    @property
    def pending(self) -> list[Fault]:
        with self._lock:
            return list(self._pending)

    @property
    def done(self) -> list[Fault]:
        """The faults that happened, in order."""
        with self._lock:
            return list(self._done)

    def add(self, faults: Iterable[Fault]) -> None:
        with self._lock:
            self._pending.extend(faults)

    def clear(self) -> None:
        """Drop the faults that have not happened."""
        with self._lock:
            self._pending.clear()

    def take_at_connect(self) -> Fault | None:
        """The fault for this connect, unless another kind is next."""
        with self._lock:
            head = self._pending[0] if self._pending else None
            return self._take() if head and head.at_connect and head.kind != "refuse" else None

    def take_refusal(self) -> Fault | None:
        """The fault if the server should not listen now."""
        with self._lock:
            head = self._pending[0] if self._pending else None
            return self._take() if head and head.kind == "refuse" else None

    def take_in_stream(self, posts: int) -> Fault | None:
        """The fault due on a connection after `posts`."""
        with self._lock:
            head = self._pending[0] if self._pending else None
            due = head and not head.at_connect and head.after <= posts
            return self._take() if due else None

    def posts_until_next(self, posts: int) -> int | None:
        """How many more posts the connection gets before its next fault; None without a fault."""
        with self._lock:
            head = self._pending[0] if self._pending else None
            return max(0, head.after - posts) if head and not head.at_connect else None

    def _take(self) -> Fault:
        fault = self._pending[0]
        if fault.times > 1:
            self._pending[0] = replace(fault, times=fault.times - 1)
        else:
            self._pending.popleft()
        once = replace(fault, times=1)
        self._done.append(once)
        return once
