"""Ways to fill the shards of a stream, against a stub with the limits of real shards.

Each way gets more records than the shards accept, as fast as it asks for them. The results are how
many records it gives up, what share of the limits it reaches, and how often it sends a record until
it is accepted. `python -m benchmarks limits` measures a few settings, and `all_limits` all of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import logging
import random
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.clients import STREAM, boto3_client, credentials
from benchmarks.measuring import Meter, Sample, Table, Way, metered
from benchmarks.shards import BURST, SHARD_BYTES
from benchmarks.stub_kinesis import StubKinesis, stub_kinesis
from benchmarks.stub_stream import Books

_SERVICE_TIME = 0.02
"""Seconds that Kinesis takes for a call."""
_OTHERS = 0.4
"""The share of each shard that a second producer takes."""
_BASELINE = "PutRecords of 500, one thread"

Tweet = tuple[bytes, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Keep the shards full for `seconds`; other producers take the share `others` of each."""

    shards: int
    size: int
    aggregate: bool = False
    others: float = 0.0
    seconds: float = 20.0

    @property
    def title(self) -> str:
        shards = f"{self.shards} shard{'s' if self.shards > 1 else ''}"
        beside = ", beside another producer" if self.others else ""
        how = "aggregated where it can be" if self.aggregate else "plain"
        return f"Full: {shards}, tweets of {self.size // 1000} KB, {how}{beside}"

    @property
    def tweets(self) -> int:
        """As many tweets as fill the shards for `seconds`, plus the capacity saved up before."""
        left = (1 - self.others) * self.shards * SHARD_BYTES
        return int((self.seconds + BURST) * left / (self.size + 16))


def tables() -> list[Table]:
    """A few settings; in the first, records wait longer than the KPL allows."""
    return [
        _table(Setting(shards=1, size=8_000, seconds=45.0)),
        _table(Setting(shards=2, size=2_000, aggregate=True, others=_OTHERS)),
        _table(Setting(shards=8, size=50_000, others=_OTHERS)),
    ]


def all_tables() -> list[Table]:
    """Each setting."""
    choices = itertools.product((1, 2, 8), (2_000, 8_000, 50_000), (False, True), (0.0, _OTHERS))
    return [
        _table(Setting(shards=shards, size=size, aggregate=aggregate, others=others))
        for shards, size, aggregate, others in choices
    ]


def _table(setting: Setting) -> Table:
    ways: dict[str, tuple[Callable[[StubKinesis, Setting], _Done], bool]] = {
        _BASELINE: (_put_records, False),
        "aiokpl, by the KPL's rules": (_aiokpl, True),
        "async-kinesis": (_async_kinesis, True),
        "ours": (_ours, False),
    }
    return Table(
        title=setting.title,
        unit="tweet",
        ways=tuple(
            Way(name=name, measure=partial(_measured, put, setting), peer=peer, rounds=1)
            for name, (put, peer) in ways.items()
        ),
        baseline=_BASELINE,
        note="Steady: seconds from the first refusal until 90 % of the limits are reached for "
        "good; -1 means never. Records that were given up may still have arrived.",
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """What a way reports: how many records it gave up."""

    meter: Meter
    given_up: int


def _measured(put: Callable[[StubKinesis, Setting], _Done], setting: Setting) -> Sample:
    options: dict[str, Any] = {"shards": setting.shards, "others": setting.others}
    with stub_kinesis(service_time=_SERVICE_TIME, **options) as stub:
        done = put(stub, setting)
        books = stub.books()
    if books.distinct + done.given_up < setting.tweets:
        raise AssertionError(f"not all of {setting.tweets} tweets are accounted for: {books}")
    return done.meter.sample(books.distinct, _figures(books, done))


def _figures(books: Books, done: _Done) -> dict[str, float]:
    return {
        "given up": done.given_up,
        # Both include the capacity that the shards had saved up.
        "% of the limits": 100 * (books.seconds_if_even + BURST) / (books.seconds_taken + BURST),
        "sendings a record": (books.records + books.refused) / max(books.records, 1),
        "twice": books.tweets - books.distinct,
        "steady": books.seconds_to_steady,
    }


def _tweets(setting: Setting) -> Iterator[Tweet]:
    """Tweets of one size with evenly spread keys: the shards get them in turn."""
    filling = b"x" * (setting.size - 12)
    keys = _even_keys(setting.shards)
    for number in range(setting.tweets):
        yield b"%012d%b" % (number, filling), next(keys)


def _even_keys(shards: int) -> Iterator[str]:
    found: list[list[str]] = [[] for _ in range(shards)]
    for number in itertools.count():
        key = f"author{number:09}"
        hashed = int(hashlib.md5(key.encode()).hexdigest(), 16)
        found[hashed * shards >> 128].append(key)
        if all(len(keys) >= 100 for keys in found):
            break
    for place in itertools.count():
        for keys in found:
            yield keys[place % 100]


def _put_records(stub: StubKinesis, setting: Setting) -> _Done:
    """Calls of up to 500 records; refused records are sent again after a growing delay."""
    client = boto3_client(stub)

    def put(batch: list[dict[str, Any]]) -> None:
        for attempt in itertools.count():
            answer = client.put_records(StreamName=STREAM, Records=batch)
            results = zip(batch, answer["Records"], strict=True)
            batch = [entry for entry, result in results if "ErrorCode" in result]
            if not batch:
                return
            time.sleep(random.random() * min(5.0, 0.1 * 2.0**attempt))

    batches = list(_batches(setting))
    with metered() as meter:
        for batch in batches:
            put(batch)
    return _Done(meter, 0)


def _batches(setting: Setting) -> Iterator[list[dict[str, Any]]]:
    most = min(500, 5 * SHARD_BYTES // setting.size)
    entries = [{"Data": data, "PartitionKey": key} for data, key in _tweets(setting)]
    for start in range(0, len(entries), most):
        yield entries[start : start + most]


def _aiokpl(stub: StubKinesis, setting: Setting) -> _Done:
    """The KPL's rules in Python: by default 150 % of a shard's limits, and 30 s per record."""
    from aiokpl import Config, Producer

    config = Config(
        region="us-east-1",
        endpoint_url=stub.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        aggregation_enabled=setting.aggregate,
        rate_limit_records_per_sec_per_shard=1_500.0,
        rate_limit_bytes_per_sec_per_shard=1.5 * SHARD_BYTES,
    )

    async def run() -> tuple[Meter, int]:
        with metered() as meter:
            async with Producer(config) as kpl:
                outcomes = [
                    await kpl.put_record(stream=STREAM, data=data, partition_key=key)
                    for data, key in _tweets(setting)
                ]
                results = [await outcome.wait() for outcome in outcomes]
        return meter, sum(not result.success for result in results)

    return _Done(*_run(run()))


def _async_kinesis(stub: StubKinesis, setting: Setting) -> _Done:
    """Its defaults: send as much a second as the shards take; after a refusal, wait 0.25 s."""
    from aiobotocore.session import AioSession
    from kinesis import Producer
    from kinesis.processors import StringProcessor

    session = AioSession()
    signed = credentials(stub)
    session.set_credentials(signed["aws_access_key_id"], signed["aws_secret_access_key"])

    async def run() -> tuple[Meter, int]:
        with metered() as meter:
            async with Producer(
                STREAM,
                session=session,
                endpoint_url=stub.url,
                region_name="us-east-1",
                processor=StringProcessor(),
            ) as put:
                for data, key in _tweets(setting):
                    await put.put(data.decode(), partition_key=key)
                await put.flush()
        return meter, 0

    return _Done(*_run(run()))


def _run(work: Coroutine[Any, Any, tuple[Meter, int]]) -> tuple[Meter, int]:
    logging.disable()
    return asyncio.run(work)


def _ours(stub: StubKinesis, setting: Setting) -> _Done:
    from producer import OutgoingRecord, Settings, kinesis_client_config, produce

    settings = Settings(aggregate=setting.aggregate)
    client = boto3_client(stub, config=kinesis_client_config(settings))
    with tempfile.TemporaryDirectory() as folder, metered() as meter:
        report = produce(
            (OutgoingRecord(data, key) for data, key in _tweets(setting)),
            client=client,
            stream=STREAM,
            undelivered=Path(folder) / "undelivered.ndjson",
            settings=settings,
        )
    return _Done(meter, report.failed)
