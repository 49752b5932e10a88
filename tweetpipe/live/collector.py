"""Watches a stack for all subscribers, with one thread and one set of reads.

An error is a snapshot too. After an error, the stack is looked up again and again, so that it is
found once the emulator is back, or the stack was destroyed and deployed again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from localstack_embedded import EmulatorError
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import TweetpipeError, mistake
from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import Place, check_answers
from tweetpipe.live.reads import MeteredPlace, Pace, ReadMeter
from tweetpipe.live.snapshot import (
    DeadLettersState,
    FunctionState,
    Health,
    Landed,
    Point,
    Snapshot,
    StreamState,
    TableState,
)
from tweetpipe.live.watching import Watching

_logger = logging.getLogger(__name__)

_HISTORY = 15 * 60.0  # seconds
_ENDS_WITHIN = 2.0  # seconds; the thread keeps no process from ending
_LOOK_UP = 30.0  # seconds after which it is asked whether the stack is still the same


class Subscription:
    """One subscriber; close it when done."""

    def __init__(self, collector: Collector) -> None:
        self.interval = collector.interval
        self._collector = collector
        self._seen = 0

    def wait(self, timeout: float) -> Snapshot | None:
        """The newest snapshot not seen yet; None if there is none within `timeout` seconds."""
        found = self._collector._wait_for_newer(self._seen, timeout)
        if found is None:
            return None
        self._seen, snapshot = found
        return snapshot

    def close(self) -> None:
        """Unsubscribe; the collector pauses without subscribers."""
        self._collector._leave(self)


class Collector:
    """Takes a snapshot every `interval` seconds while it has subscribers.

    `find_place` looks up the place again after nothing answered; by default, the place stays the
    same. Raises ValueError if the interval would read too often.
    """

    def __init__(
        self,
        place: Place,
        stack_name: str,
        *,
        interval: float | None = None,
        clock: Callable[[], float] = time.time,
        find_place: Callable[[], Place] | None = None,
    ) -> None:
        self._place = place
        self._find_place = find_place or self._same_place
        self._stack_name = stack_name
        self._pace = Pace.at(place, interval)
        self._meter = ReadMeter(self._pace.limits)
        self._metered = MeteredPlace.of(place, self._meter)
        self._clock = clock
        self._changed = threading.Condition()
        self._subscriptions: set[Subscription] = set()
        self._stopped = False
        self._version = 0
        self._latest: Snapshot | None = None
        self._history: deque[Point] = deque()
        self._newest: tuple[Landed, ...] = ()
        self._watching: Watching | None = None
        self._stack_id = ""
        self._looked_up = 0.0
        self._next_look = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start watching, in a thread of its own."""
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, after the current call if that is quick."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_ENDS_WITHIN)

    @property
    def interval(self) -> float:
        """Seconds between snapshots."""
        return self._pace.interval

    def latest(self) -> Snapshot | None:
        """The last snapshot, if any."""
        with self._changed:
            return self._latest

    def history(self) -> list[Point]:
        """The points of the last 15 minutes, oldest first."""
        with self._changed:
            return list(self._history)

    def subscribe(self) -> Subscription:
        """Add a subscriber; the number of reads stays the same."""
        subscription = Subscription(self)
        with self._changed:
            self._subscriptions.add(subscription)
            self._changed.notify_all()
        return subscription

    def _leave(self, subscription: Subscription) -> None:
        with self._changed:
            self._subscriptions.discard(subscription)
            self._changed.notify_all()

    def _wait_for_newer(self, seen: int, timeout: float) -> tuple[int, Snapshot] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._version > seen or self._stopped, timeout)
            if self._latest is None or self._version <= seen:
                return None
            return self._version, self._latest

    def _run(self) -> None:
        while self._is_wanted():
            try:
                self._round()
            except BaseException as error:
                # Nothing may end the thread and leave a frozen picture.
                self._publish(self._nothing(self._reason(error)))

    def _round(self) -> None:
        """Take a snapshot, or do the work between two."""
        if (left := self._next_look - time.monotonic()) > 0:
            self._between(left)
            self._pause(min(left, self._pace.check))
            return
        self._next_look = time.monotonic() + self._pace.interval
        watching = self._watched()
        watching.look(self._clock)
        snapshot = watching.snapshot(self._clock())
        self._newest = snapshot.newest
        self._publish(snapshot)

    def _is_wanted(self) -> bool:
        """Wait for a subscriber; False when stopped."""
        with self._changed:
            if not (self._stopped or self._subscriptions):
                # What was being followed is out of date.
                self._watching = None
                self._changed.wait_for(lambda: self._stopped or bool(self._subscriptions))
            return not self._stopped

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, seconds)

    def _between(self, left: float) -> None:
        watching = self._watching
        if watching is None:
            return
        try:
            if left <= 1.5 * self._pace.check:
                watching.prepare(self._clock())
            watching.check(self._clock)
        except (TweetpipeError, BotoCoreError, ClientError):
            # The next snapshot reports it.
            self._watching = None

    def _watched(self) -> Watching:
        now = self._clock()
        if self._watching is None:
            self._metered = self._entered()
        elif not self._must_look_up(self._watching, now):
            return self._watching
        deployed = stacks.get(self._metered, self._stack_name)
        self._looked_up = now
        if deployed.id != self._stack_id:
            self._stack_id, self._newest, self._watching = deployed.id, (), None
        if self._watching is None:
            self._watching = Watching(
                self._metered, deployed, self._pace, now=now, newest=self._newest
            )
        return self._watching

    def _must_look_up(self, watching: Watching, now: float) -> bool:
        due = watching.is_doubtful() or now >= self._looked_up + _LOOK_UP
        return due and self._meter.allows("cloudformation")

    def _entered(self) -> MeteredPlace:
        place = self._find_place()
        if place is self._place:
            return self._metered
        self._place = place
        return MeteredPlace.of(place, self._meter)

    def _same_place(self) -> Place:
        if self._place.is_local and self._place.endpoint:
            check_answers(self._place.endpoint)
        return self._place

    def _reason(self, error: BaseException) -> str:
        if isinstance(error, TweetpipeError | EmulatorError):
            return str(error)
        if not isinstance(error, BotoCoreError | ClientError):
            _logger.error("reading the stack failed", exc_info=error)
            return mistake(error)
        # "No emulator" is more useful than a failed call.
        try:
            self._find_place()
        except (TweetpipeError, EmulatorError) as better:
            return str(better)
        except Exception as other:
            return mistake(other)
        return explain(error)

    def _nothing(self, why: str) -> Snapshot:
        self._watching = None
        now = self._clock()
        unknown = Health("unknown", "The stack can't be read.")
        before = self._latest
        return Snapshot(
            at=now,
            target="local" if self._place.is_local else "aws",
            region=self._place.region,
            stack=self._stack_name,
            reachable=Health("error", why),
            stream=StreamState(before.stream.name if before else "", unknown, (), None),
            function=FunctionState(
                before.function.name if before else "", unknown, None, None, None, None
            ),
            table=TableState(before.table.name if before else "", unknown, None, None),
            dead_letters=DeadLettersState(unknown, None, None, None),
            newest=self._newest,
            latest=Point(now, None, None, None, None, None, None),
            reads=self._meter.reads(),
            endpoint=self._place.address,
        )

    def _publish(self, snapshot: Snapshot) -> None:
        with self._changed:
            self._latest = snapshot
            self._version += 1
            self._history.append(snapshot.latest)
            while self._history[0].at < snapshot.at - _HISTORY:
                self._history.popleft()
            self._changed.notify_all()
