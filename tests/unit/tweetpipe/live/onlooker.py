"""Observes a fake stack in simulated time."""

from __future__ import annotations

from tests.unit.tweetpipe.live.doubles import TABLE, Clock, FakeStack, fake_place
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.place import Target
from tweetpipe.live.reads import MeteredPlace, Pace, ReadMeter
from tweetpipe.live.snapshot import Snapshot
from tweetpipe.live.watching import Watching
from tweetpipe.looking.table import Key


class Onlooker:
    """Observes a fake stack, second by second, on a clock that only it moves."""

    def __init__(self, target: Target = Target.LOCAL) -> None:
        self.clock = Clock()
        self.stack = FakeStack(self.clock)
        place = fake_place(self.stack, target)
        self.pace = Pace.at(place)
        self.meter = ReadMeter(self.pace.limits, clock=self.clock)
        metered = MeteredPlace.of(place, self.meter)
        deployed = stacks.get(metered, "tweets")
        self.watching = Watching(metered, deployed, self.pace, now=self.clock.now)

    def look(self) -> Snapshot:
        self.watching.look(self.clock)
        return self.watching.snapshot(self.clock.now)

    def say(self, *lines: str, ago: float = 0) -> None:
        """Write a line to the function's log."""
        self.stack.log += [(self.clock.now - ago, line) for line in lines]

    def pass_time(self, seconds: float) -> None:
        """Let time pass, with checks in between as in the collector."""
        until = self.clock.now + seconds
        while self.clock.now < until - 1e-6:
            self.clock.now = min(self.clock.now + self.pace.check, until)
            if until - self.clock.now < self.pace.check:
                self.watching.prepare(self.clock.now)
            self.watching.check(self.clock)

    def looked_for(self) -> list[list[Key]]:
        """The keys of each look at the table."""
        return [
            [
                (key["Username"]["S"], key["Id"]["S"])
                for key in request["RequestItems"][TABLE]["Keys"]
            ]
            for name, request in self.stack.calls
            if name == "batch_get_item"
        ]
