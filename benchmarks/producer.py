"""The producer against a stub of Kinesis, beside other ways to put tweets on a stream.

The tweets are made beforehand, 2.1 KB on average. Every way starts with them and their partition
keys in memory, and ends when the last tweet is acknowledged. Making clients, and their first call,
which opens a connection, don't count.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.clients import STREAM, WARM, boto3_client, credentials, warm_up
from benchmarks.measuring import Meter, Sample, Table, Way, metered
from benchmarks.put_records import call_table
from benchmarks.shards import BURST
from benchmarks.stub_kinesis import StubKinesis, stub_kinesis
from benchmarks.stub_stream import Books
from benchmarks.tweets import DISTINCT, SEED, Tweet, fake_tweets

_BATCH = 500
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.1, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the stub behaves; with `shards`, each takes 1,000 records and 1 MiB a second."""

    service_time: float = 0.0
    failures: float = 0.0
    shards: int = 0


def tables() -> list[Table]:
    """Return a table for each setting of the stub, and one for the cost of a call."""
    return [
        _table("Producer, Kinesis takes 0 ms", Setting(), single=2_000, rounds=2),
        _table(
            "Producer, Kinesis takes 5 ms", Setting(service_time=0.005), many=100_000, sources=True
        ),
        _table("Producer, Kinesis takes 20 ms", Setting(service_time=0.020), single=150, rounds=2),
        _table(
            "Producer, Kinesis takes 5 ms and refuses 1 % of the records",
            Setting(service_time=0.005, failures=0.01),
            many=100_000,
        ),
        _table(
            "Producer, Kinesis takes 5 ms and has 8 shards with their limits",
            Setting(service_time=0.005, shards=8),
            some=12_000,
            many=12_000,
            rounds=2,
            note="Authors fill shards unevenly; the fullest shard sets the limit.",
        ),
        call_table(),
    ]


def _table(
    title: str,
    setting: Setting,
    *,
    single: int = 400,
    some: int = 15_000,
    many: int = 40_000,
    rounds: int | None = None,
    sources: bool = False,
    note: str = "",
) -> Table:
    """Slow, ordinary, and fast ways take about a second for `single`, `some`, and `many` tweets."""
    baseline = "PutRecord, one tweet a call"

    def way(name: str, put: Callable[..., Sample], count: int, *, peer: bool = False) -> Way:
        return Way(name=name, measure=partial(put, setting, count), peer=peer, rounds=rounds)

    ways = [
        way(baseline, _put_record, single),
        way("PutRecords of 500, one thread", partial(_put_records, 1), some),
        way("PutRecords of 500, 8 threads", partial(_put_records, 8), some),
        way("aiobotocore, PutRecords of 500, 8 at once", _aiobotocore, some, peer=True),
        way("ours", partial(_ours, _in_memory), many),
        way("ours, --aggregate", partial(_ours, _in_memory, aggregate=True), many),
    ]
    if sources:
        ways += [
            way("ours, from a file", partial(_ours, _from_file), some),
            way("ours, from fake tweets as they are made", partial(_ours, _from_fake_tweets), some),
        ]
    return Table(title=title, unit="tweet", ways=tuple(ways), baseline=baseline, note=note)


def _put_record(setting: Setting, count: int) -> Sample:
    """As the sample of 2015 does, with a default client."""
    tweets = fake_tweets(count)
    with stub_kinesis(**_options(setting)) as stub:
        client = boto3_client(stub)
        warm_up(client, stub)
        with metered() as meter:
            for data, key in tweets:
                while True:
                    try:
                        client.put_record(StreamName=STREAM, Data=data, PartitionKey=key)
                        break
                    except client.exceptions.ProvisionedThroughputExceededException:
                        time.sleep(_FIRST_BACKOFF * random.random())
        return _checked(meter, count, stub.books(), setting)


def _put_records(threads: int, setting: Setting, count: int) -> Sample:
    tweets = fake_tweets(count)
    with stub_kinesis(**_options(setting)) as stub:
        client = boto3_client(stub)
        warm_up(client, stub)

        def put(batch: list[Tweet]) -> None:
            entries = [{"Data": data, "PartitionKey": key} for data, key in batch]
            attempt = 0
            while True:
                answer = client.put_records(StreamName=STREAM, Records=entries)
                if not (entries := _refused(entries, answer)):
                    return
                time.sleep(_backoff(attempt))
                attempt += 1

        with metered() as meter:
            if threads == 1:
                for batch in _batches(tweets):
                    put(batch)
            else:
                with ThreadPoolExecutor(threads) as pool:
                    for _ in pool.map(put, _batches(tweets)):
                        pass
        return _checked(meter, count, stub.books(), setting)


def _aiobotocore(setting: Setting, count: int) -> Sample:
    from aiobotocore.session import get_session

    async def put(client: Any, batch: list[Tweet], at_once: asyncio.Semaphore) -> None:
        entries = [{"Data": data, "PartitionKey": key} for data, key in batch]
        attempt = 0
        async with at_once:
            while True:
                answer = await client.put_records(StreamName=STREAM, Records=entries)
                if not (entries := _refused(entries, answer)):
                    return
                await asyncio.sleep(_backoff(attempt))
                attempt += 1

    async def run(stub: StubKinesis) -> Meter:
        async with get_session().create_client("kinesis", **credentials(stub)) as client:
            await client.put_records(StreamName=STREAM, Records=WARM)
            stub.forget()
            at_once = asyncio.Semaphore(8)
            with metered() as meter:
                await asyncio.gather(*(put(client, batch, at_once) for batch in _batches(tweets)))
            return meter

    tweets = fake_tweets(count)
    with stub_kinesis(**_options(setting)) as stub:
        meter = asyncio.run(run(stub))
        return _checked(meter, count, stub.books(), setting)


TweetSource = Callable[[list[Tweet], Path], Iterable[Any]]


def _ours(source: TweetSource, setting: Setting, count: int, *, aggregate: bool = False) -> Sample:
    from producer import Settings, kinesis_client_config, produce

    tweets = fake_tweets(count)
    settings = Settings(aggregate=aggregate) if aggregate else Settings()
    with stub_kinesis(**_options(setting)) as stub, tempfile.TemporaryDirectory() as folder:
        client = boto3_client(stub, config=kinesis_client_config(settings))
        warm_up(client, stub)
        records = source(tweets, Path(folder))
        with metered() as meter:
            report = produce(
                records,
                client=client,
                stream=STREAM,
                undelivered=Path(folder) / "undelivered.ndjson",
                settings=settings,
            )
        assert report.sent == count, report
        distinct = count if source is _from_fake_tweets else 0
        return _checked(meter, count, stub.books(), setting, distinct=distinct)


def _in_memory(tweets: list[Tweet], _: Path) -> Iterable[Any]:
    from producer import OutgoingRecord

    return [OutgoingRecord(data, key) for data, key in tweets]


def _from_file(tweets: list[Tweet], folder: Path) -> Iterable[Any]:
    """Read each line, and parse it for its author."""
    from producer import file_source
    from tweets.files import contents

    path = folder / "tweets.ndjson"
    path.write_bytes(b"".join(data + b"\n" for data, _ in tweets))
    return file_source(path, contents=contents())


def _from_fake_tweets(tweets: list[Tweet], _: Path) -> Iterable[Any]:
    """Make the same tweets while sending them."""
    from producer import OutgoingRecord, fake_source
    from tweetpipe import events

    source = iter(fake_source(events.chosen(), seed=SEED, count=len(tweets)))
    # The first tweet also makes what all tweets share.
    first = next(source)

    def records() -> Iterator[OutgoingRecord]:
        yield first
        yield from source

    return records()


def _checked(
    meter: Meter, count: int, books: Books, setting: Setting, *, distinct: int = 0
) -> Sample:
    """Return the sample, once each tweet was accepted at least as often as it should be."""
    distinct = distinct or min(count, DISTINCT)
    if books.distinct != distinct or books.fewest < count // distinct or books.tweets < count:
        raise AssertionError(f"not all of {count} tweets were accepted: {books}")
    figures: dict[str, float] = {"tweets a payload unit": books.tweets / books.payload_units}
    if setting.shards:
        least, taken = books.seconds_by_keys, books.seconds_taken
        figures["% of the limit"] = 100 * (least + BURST) / (taken + BURST)
    return meter.sample(count, figures)


def _batches(tweets: list[Tweet]) -> Iterator[list[Tweet]]:
    for start in range(0, len(tweets), _BATCH):
        yield tweets[start : start + _BATCH]


def _refused(entries: list[dict[str, Any]], answer: Any) -> list[dict[str, Any]]:
    if not answer["FailedRecordCount"]:
        return []
    results = zip(entries, answer["Records"], strict=True)
    return [entry for entry, result in results if "ErrorCode" in result]


def _backoff(attempt: int) -> float:
    return random.random() * min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0**attempt)


def _options(setting: Setting) -> dict[str, Any]:
    return {
        "service_time": setting.service_time,
        "failures": setting.failures,
        "shards": setting.shards,
    }
