"""A collector that sees what a test says, a stack in memory, and a dashboard of both."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.unit.tweetpipe.dead_letters.doubles import (
    STACK,
    FakeKinesis,
    FakeLambda,
    FakePlace,
    FakeSqs,
)
from tests.unit.tweetpipe.stubs import session
from tests.waiting import LONG
from tweetpipe.aws.place import LOCAL_REGION, Target
from tweetpipe.dashboard.actions import Actions
from tweetpipe.dashboard.admission import Admission
from tweetpipe.dashboard.app import application
from tweetpipe.dashboard.door import Door
from tweetpipe.dashboard.pages import Pages
from tweetpipe.dashboard.questions import Budget, Questions
from tweetpipe.dashboard.server import DashboardServer, listening_socket, url_of
from tweetpipe.live.snapshot import (
    DeadLettersState,
    FunctionState,
    Health,
    Landed,
    Point,
    Reads,
    Shard,
    Snapshot,
    StreamState,
    TableState,
)

OK = Health("ok")


def landed(number: int, **changes: Any) -> Landed:
    """A tweet that has landed."""
    fields: dict[str, Any] = {
        "key": (f"Author {number}", str(number)),
        "title": f"Author {number}",
        "time": "2026-11-23 05:32:00Z",
        "text": f"message {number}",
        "shard": "shardId-000000000001",
        "sequence_number": str(1000 + number),
        "latency_s": 0.25,
        "landed_at": time.time(),
    }
    return Landed(**fields | changes)


def point(at: float, **changes: Any) -> Point:
    return replace(Point(at, 200.0, 199.5, 0.21, 0.64, 0, 0), **changes)


def snapshot(*newest: Landed, **changes: Any) -> Snapshot:
    """A healthy stack, where just these tweets landed."""
    at = time.time()
    healthy = Snapshot(
        at=at,
        target="local",
        region=LOCAL_REGION,
        stack="tweets",
        reachable=OK,
        stream=StreamState(
            "tweets-stream",
            OK,
            (
                Shard("shardId-000000000000", 103.0, 0.2),
                Shard("shardId-000000000001", 97.0, 0.3),
            ),
            200.0,
        ),
        function=FunctionState("tweets-DDBEventProcessor", OK, 4.0, 0.0, 38.5, 0.3),
        table=TableState("tweets-EventData", OK, 199.5, 12_345),
        dead_letters=DeadLettersState(OK, 0, 0, 0),
        newest=newest,
        latest=point(at),
        reads=Reads({"kinesis": 2.0, "dynamodb": 1.4}, {"kinesis": 2.5, "dynamodb": 3.0}),
        endpoint="http://127.0.0.1:4566",
    )
    return replace(healthy, **changes)


class FakeSubscription:
    def __init__(self, collector: FakeCollector) -> None:
        self._collector = collector
        self._seen: Snapshot | None = None

    def wait(self, timeout: float) -> Snapshot | None:
        changed = self._collector.changed
        with changed:
            changed.wait_for(lambda: self._collector.shown is not self._seen, timeout)
            new = None if self._collector.shown is self._seen else self._collector.shown
            self._seen = self._collector.shown
            return new

    def close(self) -> None:
        with self._collector.changed:
            self._collector.subscribed -= 1
            self._collector.changed.notify_all()


class FakeCollector:
    """Shows the snapshots that are pushed; `subscribed` and `most_subscribed` count who looks."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.shown: Snapshot | None = None
        self.points: list[Point] = []
        self.subscribed = self.most_subscribed = 0

    def push(self, seen: Snapshot) -> None:
        with self.changed:
            self.shown = seen
            self.points.append(seen.latest)
            self.changed.notify_all()

    def latest(self) -> Snapshot | None:
        return self.shown

    def history(self) -> list[Point]:
        return list(self.points)

    def subscribe(self) -> FakeSubscription:
        with self.changed:
            self.subscribed += 1
            self.most_subscribed = max(self.most_subscribed, self.subscribed)
        return FakeSubscription(self)


class BreakingCollector(FakeCollector):
    """Raises `error` after each wait for a snapshot, while there is one."""

    error: BaseException | None = None

    def subscribe(self) -> BreakingSubscription:
        super().subscribe()
        return BreakingSubscription(self)


class BreakingSubscription(FakeSubscription):
    def wait(self, timeout: float) -> Snapshot | None:
        snapshot = super().wait(timeout)
        collector = self._collector
        assert isinstance(collector, BreakingCollector)
        if collector.error is not None:
            raise collector.error
        return snapshot


@dataclass
class FakeTable:
    """EventData in memory; `reads` counts the calls."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    reads: int = 0

    def put(self, username: str, id_: str, message: str) -> None:
        item = {
            "Username": username,
            "Id": id_,
            "Timestamp": "2026-11-23T05:32:00.000Z",
            "Message": message,
        }
        self.items[username, id_] = {name: {"S": text} for name, text in item.items()}

    def query(
        self,
        *,
        ExpressionAttributeValues: Mapping[str, Any],
        Limit: int = 1,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        self.reads += 1
        author = ExpressionAttributeValues[":partition"]["S"]
        ids = sorted((id_ for name, id_ in self.items if name == author), reverse=True)
        if wanted := ExpressionAttributeValues.get(":sort"):
            ids = [id_ for id_ in ids if id_ == wanted["S"]]
        if ExclusiveStartKey:
            ids = [id_ for id_ in ids if id_ < ExclusiveStartKey["Id"]["S"]]
        page = [self.items[author, id_] for id_ in ids[:Limit]]
        if len(ids) <= Limit:
            return {"Items": page}
        key = {name: page[-1][name] for name in ("Username", "Id")}
        return {"Items": page, "LastEvaluatedKey": key}


class FakeCloudFormation:
    """Knows one stack."""

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        outputs = {**STACK.outputs, "EventDataTable": "tweets-EventData"}
        described = {
            "StackName": "tweets",
            "StackStatus": "CREATE_COMPLETE",
            "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
        }
        return {"Stacks": [described]}


@dataclass
class Dashboard:
    """A dashboard that runs, and what it looks at."""

    url: str
    collector: FakeCollector
    table: FakeTable
    sqs: FakeSqs
    function: FakeLambda
    actions: Actions
    requested: list[str]  # the paths of all requests


@contextmanager
def dashboard(
    *,
    collector: FakeCollector | None = None,
    letters: Mapping[str, str] | None = None,
    may_act: bool = True,
    options: str = "",
    beat: float = 1.0,
    questions_per_s: float = 100.0,
    port: int = 0,
    admission: Admission | None = None,
    fresh: float = LONG,
) -> Iterator[Dashboard]:
    """Serves on a free port of 127.0.0.1, or this one, until the block is left.

    It shows a snapshot however long a busy machine takes to open a page.
    """
    collector = collector or FakeCollector()
    table, sqs, function = FakeTable(), FakeSqs(letters or {}), FakeLambda()
    place = FakePlace(
        target=Target.LOCAL,
        session=session(),
        endpoint="http://localhost:4566",
        region=LOCAL_REGION,
        clients={
            "cloudformation": FakeCloudFormation(),
            "dynamodb": table,
            "kinesis": FakeKinesis(),
            "lambda": function,
            "sqs": sqs,
        },
    )
    pages = Pages(collector, beat=beat, linger=0.1, fresh=fresh)
    questions = Questions(Door(lambda: place, "tweets"), Budget(questions_per_s))
    actions = Actions(Door(lambda: place, "tweets"), allowed=may_act, options=options)
    app = application(
        pages, questions, actions, host="127.0.0.1", admission=admission or Admission()
    )
    requested: list[str] = []

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        requested.append(scope["path"])
        await app(scope, receive, send)

    with serving(noted, pages, actions, port=port) as url:
        yield Dashboard(url, collector, table, sqs, function, actions, requested)


class HurriedServer(DashboardServer):
    """Sees a hundred times a second whether it is to end, where uvicorn looks ten times."""

    async def main_loop(self) -> None:
        for tick in itertools.count():
            if await self.on_tick(tick):
                return
            await asyncio.sleep(0.01)


@contextmanager
def serving(app: ASGIApp, pages: Pages, actions: Actions, *, port: int = 0) -> Iterator[str]:
    """The application on a socket; the block gets its address."""

    def end() -> None:
        actions.stop()
        pages.close()

    server = HurriedServer(app, on_end=end)
    with listening_socket("127.0.0.1", port) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield url_of(listening)
        finally:
            server.stop()
            thread.join(60)
            assert not thread.is_alive()
