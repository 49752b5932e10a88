"""The time ranges that the stream missed: those still to be searched, and those that are lost.

All times are UNIX times by X's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

LATE = 30.0
"""How many seconds late a post may come after newer ones; X says that 6 to 7 are usual.

X, "Filtered stream": https://docs.x.com/x-api/posts/filtered-stream/introduction
"""
SEVERAL = "several reasons; these are the oldest gaps, merged"

_MOST = 1000
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time range to search for some rules, at `due` or later.

    `is_second` marks a second search, for posts that the search index did not have at first.
    """

    since: float
    until: float
    rules: tuple[str, ...]
    due: float
    is_second: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time range in which posts of these rules may be missing for good, and why.

    If it was `searched`, only posts that no search can find are missing.
    """

    since: float
    until: float
    rules: tuple[str, ...]
    why: str
    searched: bool = False

    @property
    def seconds(self) -> float:
        return max(0.0, self.until - self.since)

    def __str__(self) -> str:
        return f"from {at(self.since)} to {at(self.until)} UTC: {self.why}"


def at(time: float) -> str:
    """Format a time for people, in UTC."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}"


def with_gap(gaps: Sequence[Gap], new: Gap) -> tuple[Gap, ...]:
    """Add a gap; if there are too many, merge the oldest."""
    if gaps and _is_continued(gaps[-1], new):
        *gaps, last = gaps
        new = _both(last, new, why=new.why)
    gaps = (*gaps, new)
    if len(gaps) > _MOST:
        gaps = (_both(gaps[0], gaps[1], why=SEVERAL), *gaps[2:])
    return gaps


def told(gaps: Iterable[Gap], *, to_be_searched: float = 0.0) -> list[str]:
    """Lines that say what is missing and why, and what is still to search; may be empty."""
    gaps = list(gaps)
    lost = [gap for gap in gaps if not gap.searched]
    lines = []
    if lost:
        lines.append(f"Posts may be missing in {_so_many(lost)}:")
        lines += [f"  {gap}" for gap in lost[-_MOST_TOLD:]]
        if len(lost) > _MOST_TOLD:
            lines.append(f"  and {len(lost) - _MOST_TOLD:,} earlier ones")
    if len(gaps) > len(lost):
        searched = [gap for gap in gaps if gap.searched]
        lines.append(
            f"Searched for posts that the stream missed in {_so_many(searched)}. No search finds "
            "posts that match only by what they quote; rules with -is:quote are not affected"
        )
    if to_be_searched:
        lines.append(
            f"{to_be_searched:,.0f} s are still to be searched. To continue, run the same command "
            "again"
        )
    return lines


def _so_many(gaps: Sequence[Gap]) -> str:
    seconds = sum(gap.seconds for gap in gaps)
    return f"{'1 gap' if len(gaps) == 1 else f'{len(gaps):,} gaps'} of {seconds:,.0f} s in all"


def _is_continued(gap: Gap, new: Gap) -> bool:
    same = (gap.rules, gap.why, gap.searched) == (new.rules, new.why, new.searched)
    return same and gap.since <= new.until and new.since <= gap.until


def _both(one: Gap, other: Gap, *, why: str) -> Gap:
    return Gap(
        since=min(one.since, other.since),
        until=max(one.until, other.until),
        rules=tuple(dict.fromkeys((*one.rules, *other.rules))),
        why=why,
        searched=one.searched and other.searched,
    )
