"""Counts what a stream has delivered so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Counts:
    """Counts since the source was opened; only the thread that reads the stream writes them.

    `posts` are all posts that X sent, and charges for. Of these, `duplicates` had come before and
    `foreign` matched only rules that are not ours; both were skipped. `unknown` messages are JSON
    of no known kind, `notices` those of known kinds, and `rubbish` lines are not JSON. `recovered`
    are posts that only a search found; only the search thread writes it.

    `by_rule` counts the new posts of the stream by the name of each rule that they match.
    `limit_reached` says that a spending limit ended the reading. `unread` posts were in transit
    when reading stopped: X charges for them as well.
    """

    posts: int = 0
    duplicates: int = 0
    foreign: int = 0
    errors: int = 0
    unknown: int = 0
    rubbish: int = 0
    notices: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    limit_reached: bool = False
    unread: int = 0
    recovered: int = 0

    @property
    def paid(self) -> int:
        """The posts that were read, which X charges for."""
        return self.posts + self.recovered

    def in_words(self) -> str:
        """Anything unusual, in one line; empty if nothing is."""
        unusual = [
            (self.duplicates, "duplicate", "duplicates"),
            (self.foreign, "of other rules", "of other rules"),
            (self.errors, "error message", "error messages"),
            *((n, name, f"{name}s") for name, n in sorted(dict(self.notices).items())),
            (self.unknown, "unknown message", "unknown messages"),
            (self.rubbish, "unreadable line", "unreadable lines"),
            (max(0, self.connections - 1), "reconnection", "reconnections"),
            (self.unread, "more on its way at the end", "more on their way at the end"),
            (self.recovered, "post recovered by search", "posts recovered by search"),
        ]
        return ", ".join(f"{n:,} {one if n == 1 else more}" for n, one, more in unusual if n)
