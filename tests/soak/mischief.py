"""Kills, stops, and pauses the processes of the pipeline during a run."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import psutil

from tests.fault_proxy import BATCH_WRITE_ITEM, SEND_MESSAGE_BATCH, FaultProxy

_WORKER = "python_main"


class Mischief:
    """Causes faults at random moments, each at its own average interval, and `counts` them.

    A function's worker is killed, or stopped until the function times out, or DynamoDB or SQS is
    unavailable for as long. The emulator is paused and keeps its state.
    """

    def __init__(
        self, emulator: int, proxy: FaultProxy, *, seed: int, timeout: float, scale: float = 1.0
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._emulator = psutil.Process(emulator)
        self._proxy = proxy
        self._timeout = timeout
        self._scale = scale
        self._chance = random.Random(seed)
        self._over = threading.Event()

    @contextmanager
    def at_work(self, *more: tuple[Callable[[], None], float]) -> Iterator[None]:
        """Cause faults until the block ends; `more` adds faults with their average intervals."""
        deeds: list[tuple[Callable[[], None], float]] = [
            *more,
            (self._kill_worker, 20.0),
            (self._stop_worker, 90.0),
            (partial(self._refuse, BATCH_WRITE_ITEM, "DynamoDB unavailable"), 120.0),
            (partial(self._refuse, SEND_MESSAGE_BATCH, "SQS unavailable"), 120.0),
            (self._pause_emulator, 45.0),
        ]
        threads = [threading.Thread(target=self._now_and_then, args=deed) for deed in deeds]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _now_and_then(self, deed: Callable[[], None], every: float) -> None:
        while not self._over.wait(self._chance.uniform(0.5, 1.5) * every * self._scale):
            with suppress(psutil.NoSuchProcess):
                deed()

    def _workers(self) -> list[psutil.Process]:
        found = []
        for process in self._emulator.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if any(_WORKER in part for part in process.cmdline()):
                    found.append(process)
        return found

    def _kill_worker(self) -> None:
        if any(self._proxy.refuses.values()):
            return  # it must stay alive until it times out
        for worker in self._workers()[:1]:
            worker.kill()
            self.counts["worker of the function killed"] += 1

    def _stop_worker(self) -> None:
        for worker in self._workers()[:1]:
            worker.suspend()
            self.counts["function made to time out"] += 1
            self._over.wait(self._timeout + 2)
            worker.resume()

    def _refuse(self, operation: str, what: str) -> None:
        with self._proxy.refusing(operation):
            self.counts[what] += 1
            self._over.wait(self._timeout + 2)

    def _pause_emulator(self) -> None:
        self._emulator.suspend()
        try:
            self.counts["emulator paused"] += 1
            self._over.wait(self._chance.uniform(1, 4))
        finally:
            self._emulator.resume()
