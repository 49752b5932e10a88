"""The whole pipeline on this machine, with the embedded LocalStack; looks for every item."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from benchmarks.emulators import Pipeline, ministack, on_moto, ours
from benchmarks.measuring import Figures, Sample, Table, Way

if TYPE_CHECKING:
    from tweetpipe.aws.place import Place

Start = Callable[[int], AbstractContextManager[Pipeline]]

_SEED = 7
_WARM_UP = 200  # tweets; the first ones wait until the function's process has started
_PROBES = 1000  # at most so many tweets have their latency measured
_PROBE_EVERY = 0.025  # seconds
_KEYS_PER_CALL = 100  # API reference, BatchGetItem
_PATIENCE = 240.0  # seconds
_OTHERS: dict[str, Start] = {
    "LocalStack with moto's Kinesis and its own poller": on_moto,
    "MiniStack": ministack,
}

Key = tuple[str, str]


def tables() -> list[Table]:
    """At full speed and at a steady rate, by number of shards and beside other emulators."""
    return [
        Table(
            title="End to end, embedded, as fast as it goes",
            unit="tweet",
            baseline="1 shard, 10,000 tweets",
            ways=(
                _way(1, 10_000),
                _way(2, 10_000),
                _way(4, 10_000),
                _way(4, 1_000),
                _way(4, 200_000, rounds=1),
            ),
            note="From the first PutRecords call until the last item can be read. Latencies are "
            "those of a backlog: all tweets are on the stream long before the last is stored. CPU "
            "and memory are those of LocalStack, the function, and the producer together.",
        ),
        Table(
            title="End to end, embedded, at 100 tweets a second",
            unit="tweet",
            baseline="1 shard, 1,000 tweets",
            ways=tuple(_way(shards, 1_000, rate=100.0) for shards in (1, 2, 4)),
            note="Latency is from the PutRecords call until the item can be read, checked "
            f"every {_PROBE_EVERY * 1000:g} ms.",
        ),
        _beside_others("as fast as it goes", 10_000),
        _beside_others("at 100 tweets a second", 1_000, rate=100.0),
    ]


def _beside_others(how: str, count: int, *, rate: float | None = None) -> Table:
    baseline, *_ = _OTHERS
    ways = {**_OTHERS, "ours": ours}
    return Table(
        title=f"Emulators, 4 shards, {how}",
        unit="tweet",
        baseline=baseline,
        ways=tuple(
            Way(
                name=name,
                measure=partial(_run, shards=4, count=count, rate=rate, start=start),
                rounds=2,
            )
            for name, start in ways.items()
        ),
        note="The same function, producer, and probe. MiniStack can't deploy the template, so it "
        "has a stream, a table, and a function with the same settings. It treats a batch with "
        "partial failures as done.",
    )


def _way(shards: int, count: int, *, rate: float | None = None, rounds: int = 2) -> Way:
    return Way(
        name=f"{shards} shard{'s' * (shards > 1)}, {count:,} tweets",
        measure=partial(_run, shards=shards, count=count, rate=rate),
        rounds=rounds,
    )


def _run(*, shards: int, count: int, rate: float | None = None, start: Start = ours) -> Sample:
    from producer import OutgoingRecord
    from tweets import fakes

    tweets = fakes.FakeTweets(_SEED)
    step = max(1, count // _PROBES)
    probed: dict[bytes, Key] = {}
    records = []
    for index in range(_WARM_UP + count):
        record = tweets.record(index)
        records.append(OutgoingRecord(data=record.data, partition_key=record.partition_key))
        if index >= _WARM_UP and index % step == 0:
            item = fakes.expected_item(tweets.tweet(index))
            probed[record.data] = item["Username"], item["Id"]
    with start(shards) as pipeline:
        place, table = pipeline.place, pipeline.table
        _send(pipeline, records[:_WARM_UP], None, {})
        _wait_for_items(place, table, _WARM_UP)
        cpu = _cpu(pipeline)
        started = time.perf_counter()
        probe = _Probe(place, table)
        with probe.at_work():
            _send(pipeline, records[_WARM_UP:], rate, probed, probe)
            _wait_for_items(place, table, _WARM_UP + count)
            wall = time.perf_counter() - started
            probe.wait_until_all_are_there()
        return Sample(
            units=count,
            wall=wall,
            cpu=_cpu(pipeline) - cpu,
            peak_mb=_memory_mb(pipeline),
            figures=probe.figures(),
        )


class _Probe:
    """Checks the table for tweets repeatedly, and records when it first finds each."""

    def __init__(self, place: Place, table: str) -> None:
        self._client = place.dynamodb()
        self._table = table
        self._lock = threading.Lock()
        self._waiting: dict[Key, float] = {}
        self._latencies: list[float] = []
        self._done = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look_until_done)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    def sent(self, key: Key, at: float) -> None:
        """Note that a tweet is about to be put on the stream, for the first time or again."""
        with self._lock:
            self._waiting.setdefault(key, at)

    def wait_until_all_are_there(self) -> None:
        _wait_until(lambda: not self._waiting)

    def figures(self) -> Figures:
        cuts = quantiles(self._latencies, n=100)
        return {"p50 s": median(self._latencies), "p99 s": cuts[98]}

    def _look_until_done(self) -> None:
        at = 0
        while not self._done.wait(_PROBE_EVERY):
            with self._lock:
                keys = list(self._waiting)
            # In turn: a shard that is behind must not hide what the other shards have stored.
            at = at if at < len(keys) else 0
            found = self._present(keys[at : at + _KEYS_PER_CALL])
            now = time.perf_counter()
            with self._lock:
                self._latencies += [now - self._waiting.pop(key) for key in found]
            at += _KEYS_PER_CALL - len(found)

    def _present(self, keys: list[Key]) -> list[Key]:
        if not keys:
            return []
        wanted: Any = [{"Username": {"S": name}, "Id": {"S": id_}} for name, id_ in keys]
        answer = self._client.batch_get_item(
            RequestItems={
                self._table: {
                    "Keys": wanted,
                    "ConsistentRead": True,
                    "ProjectionExpression": "Username, Id",
                }
            }
        )
        return [(i["Username"]["S"], i["Id"]["S"]) for i in answer["Responses"][self._table]]


class _Noting:
    """A Kinesis client that reports each call to the probe."""

    def __init__(self, client: Any, probed: dict[bytes, Key], probe: _Probe) -> None:
        self._client, self._probed, self._probe = client, probed, probe

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_records(self, **call: Any) -> Any:
        now = time.perf_counter()
        for record in call["Records"]:
            if key := self._probed.get(record["Data"]):
                self._probe.sent(key, now)
        return self._client.put_records(**call)


def _send(
    pipeline: Pipeline,
    records: list[Any],
    rate: float | None,
    probed: dict[bytes, Key],
    probe: _Probe | None = None,
) -> None:
    import producer

    settings = producer.Settings(rate=rate)
    client: Any = pipeline.place.kinesis(producer.kinesis_client_config(settings))
    if probe:
        client = _Noting(client, probed, probe)
    with tempfile.TemporaryDirectory() as folder:
        report = producer.produce(
            records,
            client=client,
            stream=pipeline.stream,
            undelivered=Path(folder) / "undelivered.ndjson",
            settings=settings,
        )
    if report.sent != len(records):
        raise RuntimeError(f"only {report.sent} of {len(records)} tweets were sent")


def _wait_for_items(place: Place, table: str, count: int) -> None:
    client = place.dynamodb()

    def are_there() -> bool:
        return client.describe_table(TableName=table)["Table"]["ItemCount"] >= count

    _wait_until(are_there)


def _wait_until(happened: Any) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all tweets were in the table after {_PATIENCE:g} s")
        time.sleep(_PROBE_EVERY)


def _cpu(pipeline: Pipeline) -> float:
    spent = [process.cpu_times() for process in _processes(pipeline)]
    return float(sum(times.user + times.system for times in spent))


def _memory_mb(pipeline: Pipeline) -> float:
    return float(sum(process.memory_info().rss for process in _processes(pipeline))) / (1 << 20)


def _processes(pipeline: Pipeline) -> list[Any]:
    import psutil

    return [
        psutil.Process(),
        psutil.Process(pipeline.pid),
        *psutil.Process(pipeline.pid).children(recursive=True),
    ]
