"""Saves how far the stream was read, so that the next run continues there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from producer.errors import PositionError
from producer.position import content_of, replace_file
from tweets.x.gaps import Gap, Window

_VERSION = 1
_END_OF_TIME = 4e9  # in the year 2096
_CLOCKS_APART = 300.0  # seconds that this machine's clock may be ahead of X's


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What was read for a stack, with the values of its rules.

    `seen` is the time, by X's clock, before which the stream has delivered everything; None if
    nothing from before the next connect is missing. `connected` is when the last connection was
    made. `backfill` is whether X resends the last minutes on request, None if unknown.
    """

    stack: str
    rules: tuple[str, ...]
    seen: float | None = None
    last_id: str = ""
    connected: float | None = None
    backfill: bool | None = None
    windows: tuple[Window, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def to_be_searched(self) -> float:
        """The seconds still to be searched."""
        return sum(window.until - window.since for window in self.windows)


def save(path: Path, lately: Lately) -> None:
    """Save it, and return once it is on disk; raises PositionError."""
    content = json.dumps({"version": _VERSION} | asdict(lately)).encode() + b"\n"
    try:
        replace_file(path, content)
    except OSError as error:
        raise PositionError(
            f"cannot save in {path} how far X's stream was read: {error.strerror}. Make sure that "
            "its folder is writable and has free space, then run the command again"
        ) from error


def load(path: Path) -> Lately | None:
    """The saved state, None if there is none; raises PositionError if it can't be read."""
    if (content := content_of(path)) is None:
        return None
    with suppress(ValueError, TypeError, KeyError, RecursionError, AttributeError):
        fields = json.loads(content)
        if fields.pop("version") == _VERSION:
            return _lately(fields)
    raise PositionError(f"{path} is not a valid state file of an earlier run: it may be incomplete")


def resumed(path: Path, *, stack: str, rules: Sequence[str]) -> tuple[Lately, list[str]]:
    """The state of an earlier run for the rules that are still tracked, and a message about it.

    An unreadable file is renamed, and everything since it was written is searched. Raises
    PositionError if it can't be renamed.
    """
    new = Lately(stack=stack, rules=tuple(rules))
    try:
        kept = load(path)
    except PositionError as error:
        aside = path.with_name(f"{path.name}.unreadable")
        try:
            written = path.stat().st_mtime
            path.replace(aside)
        except OSError as failure:
            raise PositionError(
                f"{error}, and it can't be renamed: {failure.strerror}. Rename or delete it, then "
                "run the command again"
            ) from failure
        said = f"{error}. It was renamed to {aside.name}; posts since then will be searched for"
        return replace(new, seen=written - _CLOCKS_APART), [said]
    if kept is None:
        return new, []
    if kept.stack != stack:
        return new, [f"{path} belongs to an earlier stack of this name, so reading starts from now"]
    still = tuple(rule for rule in kept.rules if rule in new.rules)
    windows = [
        replace(window, rules=left)
        for window in kept.windows
        if (left := tuple(rule for rule in window.rules if rule in new.rules))
    ]
    # A new rule counts from now on; gaps of a removed rule no longer count.
    owed = kept.seen if still else None
    return replace(kept, rules=still or new.rules, windows=tuple(windows), seen=owed), []


def _lately(fields: dict[str, Any]) -> Lately:
    match fields:
        case {
            "stack": str(stack),
            "rules": [*rules],
            "seen": int() | float() | None as seen,
            "last_id": str(last_id),
            "connected": int() | float() | None as connected,
            "backfill": bool() | None as backfill,
            "windows": [*windows],
            "gaps": [*gaps],
        } if all(isinstance(rule, str) for rule in rules):
            return Lately(
                stack=stack,
                rules=tuple(rules),
                seen=_time(seen),
                last_id=last_id,
                connected=_time(connected),
                backfill=backfill,
                windows=tuple(_window(**window) for window in windows),
                gaps=tuple(_gap(**gap) for gap in gaps),
            )
    raise ValueError("a field is missing")


def _window(*, due: float, is_second: bool, **span: Any) -> Window:
    return Window(**_span(**span), due=_known(due), is_second=bool(is_second))


def _gap(*, why: str, searched: bool, **span: Any) -> Gap:
    return Gap(**_span(**span), why=str(why), searched=bool(searched))


def _span(*, since: float, until: float, rules: list[str]) -> dict[str, Any]:
    return {"since": _known(since), "until": _known(until), "rules": tuple(map(str, rules))}


def _time(time: float | None) -> float | None:
    return None if time is None else _known(time)


def _known(time: float) -> float:
    """A UNIX time that a calendar has."""
    if not 0 <= time < _END_OF_TIME:
        raise ValueError("no time")
    return time
