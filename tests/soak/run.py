"""Runs the whole pipeline under all faults at once, until everything has arrived."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from localstack_embedded import Instance
from tests.fault_proxy import BATCH_WRITE_ITEM, PUT_RECORDS, SEND_MESSAGE_BATCH, Fault, FaultProxy
from tests.functions import configured
from tests.soak.books import Books, Offered, balance, records
from tests.soak.changes import Changes
from tests.soak.forms import write_in_forms, write_lines
from tests.soak.mischief import Mischief
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import verify

TIMEOUT = 12  # seconds
PARAMETERS = {
    "ShardCount": "4",
    "BatchSize": "500",
    "BatchWindowSeconds": "0",
    "Timeout": str(TIMEOUT),
}
"""The parameters of the stack; those that matter in an outage keep their defaults."""

# Shares of the calls of each operation; a batch takes twenty BatchWriteItem calls.
_FAULTY = {BATCH_WRITE_ITEM: 0.03, PUT_RECORDS: 0.15, SEND_MESSAGE_BATCH: 0.15}
_SHORT = 10_000  # events; with fewer, faults are more frequent, so that some occur
_SLOWEST, _SENDING = 300.0, 90.0  # records a second, seconds: long enough to be killed often
_KILLED = "producer killed with kill -9"
_KILLS_BEFORE_OUTAGE = 3
_POLL_EVERY = 1.0  # seconds
_PATIENCE = 90.0  # seconds without success: Lambda may pause for 30 before a retry
_BETWEEN_OUTAGES = 15.0  # seconds


@dataclass(frozen=True, kw_only=True)
class SoakOutcome:
    """The books after a soak, and its figures; `seconds` is the time until all was stored."""

    offered: Offered
    books: Books
    accepted: int
    undelivered: int
    faults: Counter[str]
    seconds: float


def soak(
    place: Place,
    stack: Stack,
    emulator: Instance,
    *,
    count: int,
    seed: int,
    folder: Path,
    outage: float,
    aggregate: bool,
    say: Callable[[str], None],
    in_forms: bool = False,
) -> SoakOutcome:
    """Sends `count` events, mixed with malformed and repeated ones, through the faults.

    Meanwhile, shards are split and merged, and the mapping is paused. Kinesis, the services that
    the function calls, and the function are each unavailable once, for `outage` seconds. Everything
    must arrive without a command. With `aggregate`, several events share a record. They are read
    from a file of lines, or with `in_forms` from files in several forms.
    """
    offered = Offered()
    write = write_in_forms if in_forms else write_lines
    files = write(offered.counted(records(seed, count)), folder)
    expected = verify.expected_items(seed, count)
    started = time.monotonic()
    every_fault = {operation: set(Fault) for operation in _FAULTY}
    proxy = FaultProxy(place.endpoint or "", seed=seed, faults=every_fault, shares=_FAULTY)
    mischief = Mischief(
        emulator.pid, proxy, seed=seed, timeout=TIMEOUT, scale=1.0 if count > _SHORT else 0.4
    )
    changes = Changes(place, stack, seed=seed)
    function = stack.outputs["DDBEventProcessor"]
    with (
        proxy.serving(),
        configured(
            place,
            function,
            AWS_ENDPOINT_URL_DYNAMODB=proxy.endpoint,
            AWS_ENDPOINT_URL_SQS=proxy.endpoint,
        ),
    ):
        producer = _Producer(proxy, stack, folder, seed=seed, outage=outage, aggregate=aggregate)
        with mischief.at_work((changes.reshard, 15.0), (changes.pause_mapping, 40.0)):
            say(f"Sending {offered.total:,} records, of which {count:,} are events")
            with _outages(proxy, place, function, seconds=outage) as outages:
                producer.send_until_done(files, rate=max(_SLOWEST, offered.total / _SENDING))
                undelivered = producer.resend_until_done()
            say("Waiting until all events are stored")
            _wait_until_stored(place, stack, count)
        proxy.is_mischievous = False
        books = _settled(place, stack, offered, expected)
    return SoakOutcome(
        offered=offered,
        books=books,
        accepted=proxy.accepted,
        undelivered=undelivered,
        faults=_in_words(proxy) + mischief.counts + changes.counts + producer.counts + outages,
        seconds=time.monotonic() - started,
    )


class _Producer:
    """`tweetpipe produce` as a process that is killed now and then, and restarted."""

    def __init__(
        self,
        proxy: FaultProxy,
        stack: Stack,
        folder: Path,
        *,
        seed: int,
        outage: float,
        aggregate: bool,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._proxy = proxy
        self._folder = folder
        self._undelivered = folder / "undelivered.ndjson"
        self._stack = stack
        self._outage = outage
        self._aggregated = ["--aggregate"] if aggregate else []
        self._chance = random.Random(seed)
        self._environment = os.environ | {"AWS_ENDPOINT_URL": proxy.endpoint}

    def send_until_done(self, files: list[Path], *, rate: float) -> None:
        """Send the files, continuing after each kill."""
        while self._was_killed(files, rate):
            self.counts[_KILLED] += 1

    def resend_until_done(self) -> int:
        """Send the undelivered records again, and return how many there were."""
        total = 0
        while self._undelivered.exists():
            again = self._undelivered.rename(self._folder / f"again.{total}.ndjson")
            total += len(again.read_bytes().splitlines())
            self.send_until_done([again], rate=1000.0)
        return total

    def _was_killed(self, files: list[Path], rate: float) -> bool:
        arguments = ["--source", "file", "--resume", "--rate", str(rate)]
        for file in files:
            arguments += ["--file", str(file)]
        arguments += ["--undelivered", str(self._undelivered), "--stack", self._stack.name]
        arguments += self._aggregated
        with subprocess.Popen(
            [sys.executable, "-m", "tweetpipe", "produce", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            life = self._chance.uniform(2.0, 10.0)
            if self._outage and self.counts[_KILLED] == _KILLS_BEFORE_OUTAGE:
                life += self._begin_outage()
            killer = threading.Thread(target=self._kill_later, args=(process, life))
            killer.start()
            _, errors = process.communicate()
            killer.join()
        # 1 means that some are undelivered; they are sent again later.
        assert process.returncode in (0, 1, -9), errors
        assert process.returncode != 1 or "send them again" in errors, errors
        return process.returncode == -9

    def _kill_later(self, process: subprocess.Popen[str], life: float) -> None:
        """Kill it this many seconds after its first record is accepted.

        Counted from its start, it might never send anything on a busy machine.
        """
        accepted = self._proxy.accepted
        while self._proxy.accepted == accepted and process.poll() is None:
            threading.Event().wait(0.05)
        try:
            process.wait(life)
        except subprocess.TimeoutExpired:
            process.kill()

    def _begin_outage(self) -> float:
        """Make Kinesis unavailable for this many seconds."""
        seconds, self._outage = self._outage, 0.0
        refusing = ExitStack()
        refusing.enter_context(self._proxy.refusing(PUT_RECORDS))
        self.counts[f"Kinesis unavailable for {seconds:.0f} s"] += 1
        threading.Timer(seconds, refusing.close).start()
        return seconds


@contextmanager
def _outages(
    proxy: FaultProxy, place: Place, function: str, *, seconds: float
) -> Iterator[Counter[str]]:
    """Start long outages, one after another, within the block, and count them."""
    counts: Counter[str] = Counter()
    outages: dict[str, AbstractContextManager[None]] = {
        "DynamoDB": proxy.refusing(BATCH_WRITE_ITEM),
        "SQS": proxy.refusing(SEND_MESSAGE_BATCH),
        "DynamoDB and SQS": proxy.refusing(BATCH_WRITE_ITEM, SEND_MESSAGE_BATCH),
        "the function": configured(place, function, TABLE_NAME=""),
    }

    def one_after_the_other() -> None:
        for what, outage in outages.items():
            threading.Event().wait(_BETWEEN_OUTAGES)
            with outage:
                threading.Event().wait(seconds)
            counts[f"{what} unavailable for {seconds:.0f} s"] += 1

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(one_after_the_other) if seconds else None
        yield counts
        if done:
            done.result()


def _wait_until_stored(place: Place, stack: Stack, count: int) -> None:
    """Returns once there are this many items, or no more arrive.

    It only counts items, because reading them all would keep the emulator busy.
    """
    most, last_arrival = -1, time.monotonic()
    while (stored := _items(place, stack)) < count:
        now = time.monotonic()
        if stored > most:
            most, last_arrival = stored, now
        if now - last_arrival > _PATIENCE:
            break
        threading.Event().wait(_POLL_EVERY)


def _items(place: Place, stack: Stack) -> int:
    """How many items the table has; unlike AWS, emulators know this at once."""
    table = place.dynamodb().describe_table(TableName=stack.outputs["EventDataTable"])
    return table["Table"]["ItemCount"]


def _settled(place: Place, stack: Stack, offered: Offered, expected: verify.Expected) -> Books:
    """The books, once they balance or stop changing."""
    since = time.monotonic()
    while True:
        books = balance(place, stack, offered, expected=expected)
        if books.is_equal or time.monotonic() - since > _PATIENCE:
            return books


def _in_words(proxy: FaultProxy) -> Counter[str]:
    return Counter(
        {
            f"{operation.partition('.')[2]}: {fault}": number
            for (operation, fault), number in proxy.counts.items()
        }
    )
