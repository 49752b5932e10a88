"""Searches for posts that the stream missed, while it is read, and reports each time range."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from producer.outgoing import OutgoingRecord
from tweets.compliance import edit_of
from tweets.x.api import XApi
from tweets.x.counts import Counts
from tweets.x.errors import NotX, XRefused, XUnreachable
from tweets.x.gaps import Gap, Window
from tweets.x.reconnect import Reconnect
from tweets.x.search import (
    FARTHEST,
    LARGEST_PAGE,
    LEAST_PAGE,
    Page,
    leaves_out_quotes,
    search,
    together,
    why_not,
)
from tweets.x.seen import RecentIds, XClock, time_of
from tweets.x.spending import Allowance

OFF = "recovery is turned off"
QUOTES = "search can't find a post by what it quotes"
TOO_OLD = "recent search goes back only seven days"
REPEATED = "X's search returned the same page again"

_SEARCHED_AFTER = 30.0
"""Seconds: without an end time, recent search leaves out the last ones, as not yet complete.

X, "Pagination": https://docs.x.com/x-api/posts/search/integrate/paginate
"""
_AGAIN_AFTER = 60.0
_AGAIN_FOR = 60.0
"""Seconds after which the end of a time range is searched again, for late posts."""
_MARGIN = 60.0
_GLANCE = 1.0
"""Seconds between checks for work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The outcome of a search: the time ranges still to be searched, and those that are lost."""

    done: Window
    left: tuple[Window, ...] = ()
    gaps: tuple[Gap, ...] = ()


def missed(rules: Iterable[str], *, since: float, until: float) -> tuple[list[Window], list[Gap]]:
    """The gaps to search for the rules, and the losses of rules that can't be searched."""
    windows, gaps, searchable = [], [], []
    for rule in rules:
        if why := why_not(rule):
            gaps.append(Gap(since=since, until=until, rules=(rule,), why=why))
        else:
            searchable.append(rule)
    for group in together(searchable):
        due = until + _SEARCHED_AFTER
        windows.append(Window(since=since, until=until, rules=group, due=due))
    return windows, gaps


class Recovery:
    """Searches one time range after another, each when it is due, until `finished` is true.

    Passes new posts and outcomes to `put`. `most` is how many posts it may pay for, `max_posts` how
    many the stream and the search may together. `wait` waits for some seconds or until finished.
    """

    def __init__(
        self,
        api: XApi,
        *,
        put: Callable[[OutgoingRecord | Change], None],
        is_finished: Callable[[], bool],
        wait: Callable[[float], object],
        x_clock: XClock,
        ids: RecentIds,
        counts: Counts,
        most: int,
        max_posts: int | None,
        allowance: Allowance | None,
        on_event: Callable[[str], None],
        on_change: Callable[[bytes], None],
    ) -> None:
        self._api = api
        self._put = put
        self._is_finished = is_finished
        self._wait = wait
        self._clock = x_clock
        self._ids = ids
        self._counts = counts
        self._most = most
        self._allowance = allowance
        self._on_event = on_event
        self._on_change = on_change
        self._windows: list[Window] = []
        self._max_posts = max_posts

    def add(self, windows: Iterable[Window]) -> None:
        """Add time ranges to search; thread-safe."""
        self._windows += windows

    def run(self) -> None:
        """Search until finished."""
        while not self._is_finished():
            window = min(self._windows, key=lambda window: window.due, default=None)
            seconds = _GLANCE if window is None else window.due - self._clock.now()
            if window is None or seconds > 0:
                self._wait(min(seconds, _GLANCE))
                continue
            self._windows.remove(window)
            self._recover(window)

    def _recover(self, window: Window) -> None:
        oldest = self._clock.now() - FARTHEST + _MARGIN
        if window.since < oldest:
            until = min(oldest, window.until)
            gap = gap_of(replace(window, until=min(until + _MARGIN, window.until)), TOO_OLD)
            # Later by a margin, or the range would be too old by the time of the search.
            rest = replace(window, since=until + _MARGIN)
            left = (rest,) if rest.since < rest.until else ()
            self._change(window, left, gap)
            return
        self._search_again(window)
        rest, token = window, None
        try:
            while page := self._page(window, token):
                if not isinstance(page, Page):
                    self._change(rest, (), gap_of(rest, page))
                    return
                for record in self._new(page):
                    self._put(record)
                if page.next_token is None:
                    self._change(rest, (), *_unseen(rest))
                    return
                if page.next_token == token:
                    self._change(rest, (), gap_of(rest, REPEATED))
                    return
                token = page.next_token
                rest = self._shrunk(rest, page)
        except XRefused as refused:
            if refused.status == 400 and len(rest.rules) > 1:
                # The other rules can be searched without the one that X refuses.
                self._change(rest, [replace(rest, rules=(rule,)) for rule in rest.rules])
            else:
                self._change(rest, (), gap_of(rest, str(refused)))
        except NotX as error:
            self._change(rest, (), gap_of(rest, str(error)))

    def _page(self, window: Window, token: str | None) -> Page | str | None:
        """The next page, or the reason for having none, or None once finished."""
        attempts = Reconnect()
        while not self._is_finished():
            asked, why = self._allowed()
            if why:
                return why
            got = 0
            try:
                page = search(
                    self._api,
                    window.rules,
                    since=window.since,
                    until=window.until,
                    most=asked,
                    next_token=token,
                )
                got = len(page.posts)
            except (XUnreachable, XRefused, NotX) as failure:
                is_final = isinstance(failure, XRefused) and failure.status == 400
                if is_final or attempts.gives_up(failure, was_connected=True):
                    raise
                seconds = attempts.after(failure, now=self._clock.now())
                self._on_event(
                    f"The search for missed posts failed: {failure}. Retrying in {seconds:g} s."
                )
                self._wait(seconds)
            else:
                self._clock.heard(page.date)
                return page
            finally:
                if self._allowance is not None:
                    self._allowance.give_back(asked - got)
                    if self._is_finished():
                        self._allowance.close()
        return None

    def _allowed(self) -> tuple[int, str]:
        """How many posts the next page may have, or why none."""
        left = self._most - self._counts.recovered
        if left < LEAST_PAGE:
            return 0, f"the limit of {self._most:,} recovered posts is reached"
        if self._max_posts is not None:
            left = min(left, self._max_posts - self._counts.paid)
            if left < LEAST_PAGE:
                return 0, f"the limit of {self._max_posts:,} posts is reached"
        asked = min(left, LARGEST_PAGE)
        if self._allowance is None:
            return asked, ""
        allowed = self._allowance.take(asked)
        if allowed < LEAST_PAGE:
            self._allowance.give_back(allowed)
            return 0, "the spending limit is reached"
        return allowed, ""

    def _new(self, page: Page) -> Iterator[OutgoingRecord]:
        for post in page.posts:
            if post.id is None or self._ids.is_new(post.id):
                self._counts.recovered += 1
                if change := edit_of(post.content):
                    self._on_change(change)
                yield post.record

    def _shrunk(self, window: Window, page: Page) -> Window:
        """The range left after a page, judged by its ids: the newest posts come first."""
        oldest = time_of(page.posts[-1].id) if page.posts else None
        if oldest is None or not window.since < oldest + 1 < window.until:
            return window
        rest = replace(window, until=oldest + 1)
        self._put(Change(done=window, left=(rest,), gaps=_unseen(replace(window, since=oldest))))
        return rest

    def _search_again(self, window: Window) -> None:
        """Also search the end of a stretch later, unless everything in it is known by now.

        This is noted before the first search returns anything, because it may be interrupted.
        """
        due = window.due + _AGAIN_AFTER
        if not window.is_second and self._clock.now() < due:
            since = max(window.since, window.until - _AGAIN_FOR)
            again = replace(window, since=since, due=due, is_second=True)
            self._windows.append(again)
            self._put(Change(done=window, left=(window, again)))

    def _change(self, done: Window, left: Iterable[Window], *gaps: Gap) -> None:
        left = tuple(left)
        self._windows += left
        self._put(Change(done=done, left=left, gaps=gaps))


def _unseen(window: Window) -> tuple[Gap, ...]:
    """The losses in a searched time range that no search can find."""
    quoting = tuple(rule for rule in window.rules if not leaves_out_quotes(rule))
    if not quoting or window.is_second:
        return ()
    return (gap_of(replace(window, rules=quoting), QUOTES, searched=True),)


def gap_of(window: Window, why: str, *, searched: bool = False) -> Gap:
    """The losses in a stretch that is not searched any more."""
    return Gap(
        since=window.since, until=window.until, rules=window.rules, why=why, searched=searched
    )
