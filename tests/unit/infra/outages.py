"""The function behind its event source mapping, as the template sets them up, in virtual time.

The mapping is the embedded LocalStack's engine, which retries as AWS documents. The function is the
processor's code, except that it tries records without a child process. DynamoDB and SQS are stubs
with AWS's rules, which can be told to refuse calls.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

import processor.batch
from localstack_embedded.plugin.mapping.event import Events
from localstack_embedded.plugin.mapping.interfaces import Answer, Batch
from localstack_embedded.plugin.streams import Entry
from localstack_embedded.tests.mapping_world import ARN, FAILED, NOON, World
from processor.batch import process, tried
from processor.dead_letters import DeadLetterQueue
from processor.lambda_event import respond
from processor.rounds import Rounds
from processor.table import Table
from processor.trial import Trial
from processor.turns import Turns
from tests.tweets import TWEETS
from tests.unit.infra.reading import DEFAULTS, RESOURCES
from tests.unit.processor.events import encode, v1_tweet
from tests.unit.processor.fakes import QUEUE_URL, FakeDynamoDB, FakeSQS

HOUR = 3600.0
CRASHING = b'{"crash": true}'
_EVERY = 60.0  # seconds between two tweets
_RESTART = 0.5  # seconds until a function that has died is back
_CALL = 0.02  # seconds


class _Died(BaseException):
    """Represents the end of the interpreter."""


class _AtOnce:
    """A pool that runs everything immediately, in the caller's thread."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


def _try_out(
    items: Sequence[Any], read: Callable[[Any], object], *, example: Any, seconds: float
) -> Trial:
    """The result that child processes would have."""
    fatal = {}
    for place, item in enumerate([example, *items]):
        try:
            read(item)
        except _Died:
            fatal[place - 1] = "it dies"
        except Exception:
            pass
    return Trial(len(items), {} if -1 in fatal else fatal)


class Pipeline(World):
    """A stack with the template's defaults, except for `changes`.

    `refusals` has the errors that calls of `table` and `queue` raise. While `is_broken`, the
    function can't be imported. It raises `bug` for each record.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, str]) -> None:
        super().__init__(shards=2)
        parameters = {**DEFAULTS, **changes}
        self.refusals: dict[str, Exception] = {}
        self.is_broken = False
        self.bug: type[Exception] | None = None
        self.put_at: dict[str, float] = {}
        self.stored_at: dict[str, float] = {}
        self.malformed = 0
        self.table = FakeDynamoDB(self._fault("table"))
        self.queue = FakeSQS(self._fault("queue"))
        self._timeout = float(parameters["Timeout"])
        self._elapsed = 0.0  # seconds in the invocation
        self._events = Events(ARN, "")
        monkeypatch.setattr(processor.batch, "try_out", _try_out)
        rounds = Rounds(cast("Any", _AtOnce()), sleep=self._pass, uniform=lambda _, most: most)
        self._turns = Turns()  # one process gets the batches of both shards
        self._tweets = replace(TWEETS, to_item=self._to_item)
        self._writer = Table(self.table, "tweets-EventData", rounds, TWEETS.key)
        self._sender = DeadLetterQueue(self.queue, QUEUE_URL, rounds)
        self.stream.retention_hours = int(parameters["RetentionHours"])
        self.start(**mapping_settings(parameters))

    def flow(self, seconds: float) -> None:
        """Send tweets for this time; one in ten is malformed."""
        for _ in range(round(seconds / _EVERY)):
            number = len(self.put_at) + 1
            self.put_one(encode(v1_tweet(number)), str(number))
            self.put_at[str(number)] = self.now
            if number % 10 == 0:
                self.put_one(b"no tweet", str(number))
                self.malformed += 1
            self.wait(_EVERY)

    def put_one(self, data: bytes, key: str) -> None:
        """Put a record in the shard of its key."""
        self.stream.put([Entry(data, key, None)])

    @property
    def missing(self) -> int:
        """How many tweets are lost, after all of them had enough time."""
        return len(self.put_at.keys() - self.stored_at.keys())

    @property
    def longest(self) -> float:
        """The most seconds from a tweet's arrival until it was stored."""
        return max(self.stored_at[number] - self.put_at[number] for number in self.stored_at)

    async def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if function == self._give_up:
            return function(*arguments)
        self._elapsed = 0.0
        answer = self._run(arguments[0])
        await asyncio.sleep(self._elapsed)
        return answer

    def _run(self, batch: Batch) -> Answer:
        """An invocation of the function."""
        records = json.loads(self._events.of(batch))["Records"]
        try:
            if self.is_broken:
                raise ImportError
            trial = tried(
                records,
                events=self._tweets,
                turns=self._turns,
                now=NOON + self.now,
                seconds=self._left(),
            )
            account = process(
                records,
                events=self._tweets,
                table=self._writer,
                queue=self._sender,
                seconds_left=self._left,
                trial=trial,
            )
        except (Exception, _Died):
            self._turns = Turns()
            self._pass(_RESTART)
            return FAILED
        if not account.unhandled:
            self._turns.finish(records[-1], NOON + self.now + self._elapsed)
        for _, number in self.table.items:
            self.stored_at.setdefault(number, self.now + self._elapsed)
        return Answer(respond(account.unhandled))

    def _left(self) -> float:
        return self._timeout - self._elapsed

    def _pass(self, seconds: float) -> None:
        self._elapsed += seconds

    def _fault(self, whose: str) -> Callable[[list[str]], list[str]]:
        def fault(_: list[str]) -> list[str]:
            self._pass(_CALL)
            if whose in self.refusals:
                raise self.refusals[whose]
            return []

        return fault

    def _to_item(self, data: bytes) -> object:
        if self.bug:
            raise self.bug
        if data == CRASHING:
            raise _Died
        return TWEETS.to_item(data)


@contextmanager
def pipeline(**changes: str) -> Iterator[Pipeline]:
    """A stack, until the block ends."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = Pipeline(monkeypatch, changes)
        try:
            yield made
        finally:
            made.close()


def mapping_settings(parameters: Mapping[str, str]) -> dict[str, Any]:
    """The properties of the template's mapping in Lambda's format."""
    values = {
        name: parameters[value["Ref"]] if isinstance(value, dict) and "Ref" in value else value
        for name, value in RESOURCES["StreamToProcessor"]["Properties"].items()
    }
    return {
        name: int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value
        for name, value in values.items()
    }
