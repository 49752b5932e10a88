"""Deliver records from a source to Kinesis without losing one.

Whatever happens, each record is either acknowledged by Kinesis or appended to the file of
undelivered records; the counts at the end say how many of each. Delivery is at least once: after a
call that timed out, Kinesis may hold a record twice. Order is not kept, even among the records of
one partition key: several calls are in flight at once, and PutRecords itself promises no order. An
endpoint that answers slowly gets fewer and smaller calls (`producer.sending.window`), and a full
shard gets only what it accepts (`producer.sending.outbox`, which decides what is sent and when).

Memory is bounded by two batches for each call in flight, and once shards are full, by what they
take in a few seconds; then reading pauses. One full shard may fill that room, because the source
can't be read past what is in hand. A live source is still read, and records that find no room go
straight to the undelivered file.

In a resumable source, the position before which nothing is in hand is kept once a second and at the
end, so that a run that was killed loses nothing: the next one sends again what came after.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from random import random
from typing import TYPE_CHECKING

from producer import undelivered as undelivered_file
from producer.backlog import Backlog
from producer.errors import DeliveryError, PositionError, ProducerError, SourceError
from producer.keeping import Keeper
from producer.outgoing import OutgoingRecord
from producer.pacing import paced
from producer.report import Progress, Report
from producer.sending.direct_calls import write_and_read_directly
from producer.sending.kinesis import RecordRejected, require_stream_name
from producer.sending.outbox import Call, Outbox
from producer.sending.sender import Sender
from producer.setting_aside import SetAside
from producer.settings import Settings
from producer.sources import LiveSource, ResumableSource

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

TOO_LARGE = "RecordTooLarge"
"""The error code that counts records over the stream's size limit; they are never sent."""

_BATCHES_PER_CALL = 2
_RECORDS_PER_GROUP = 10
"""The average number of records that fit in each Kinesis record."""
_TICK = 0.1
"""Seconds between checks of `stop`, and between calls of `on_progress`."""
_GRACE = 0.2
"""Seconds to wait for a source that may be blocked."""
_ANSWER_GRACE = 1.0
"""Seconds to wait for calls in flight when no further call can succeed."""
_LIVE_GRACE = 1.5
"""Seconds for a live source to hand over what it has read."""


def produce(
    source: Iterable[OutgoingRecord],
    *,
    client: KinesisClient,
    stream: str,
    undelivered: Path | None,
    settings: Settings | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    random: Callable[[], float] = random,
) -> Report:
    """Deliver every record of `source`; append those that can't be delivered to `undelivered`.

    Pass None for `undelivered` when the source can produce its records again: then they are
    dropped. Setting `stop`, which a signal handler may do, ends reading at once, even when the
    source is blocked; what was read is flushed within `settings.drain_deadline`, and the report
    says `interrupted`. A blocked source is left behind in its thread: don't use it again. A live
    source is told to finish. `on_progress` is called in this thread, about ten times a second and,
    however the run ends, with the report.

    Raises SettingsError, UndeliveredError and PositionError before anything is read; later
    SourceError, DeliveryError, UndeliveredError or PositionError, with the report, after every
    record read was dealt with.
    """
    settings = settings or Settings()
    require_stream_name(stream)
    if undelivered is not None:
        undelivered_file.require_writable(undelivered)
    write_and_read_directly(client)
    run = _Run(
        source,
        Sender(client=client, stream=stream),
        Outbox(settings, random=random, now=clock()),
        undelivered=undelivered,
        settings=settings,
        stop=stop or threading.Event(),
        on_progress=on_progress or (lambda _: None),
        clock=clock,
    )
    return run.deliver()


class _Run:
    """One run: a thread that reads, some that send, and the caller's, which does the rest."""

    def __init__(
        self,
        source: Iterable[OutgoingRecord],
        sender: Sender,
        outbox: Outbox,
        *,
        undelivered: Path | None,
        settings: Settings,
        stop: threading.Event,
        on_progress: Callable[[Progress], None],
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._live = source if isinstance(source, LiveSource) else None
        self._resumable = source if isinstance(source, ResumableSource) else None
        self._sender = sender
        self._undelivered = undelivered
        self._settings = settings
        self._stop = stop
        self._on_progress = on_progress
        self._clock = clock
        self._started = clock()
        self._interrupted = self._exhausted = False
        self._keyless = 0
        self._source_error: SourceError | None = None
        self._refusal: DeliveryError | None = None
        self._position_error: PositionError | None = None
        calls = _BATCHES_PER_CALL * settings.calls_in_flight
        records = calls * settings.max_records
        if settings.aggregate:
            records *= _RECORDS_PER_GROUP
        self._backlog = Backlog(
            outbox,
            max_held_records=records,
            max_held_bytes=settings.max_in_hand or calls * settings.max_bytes,
            is_live=self._live is not None,
            clock=clock,
            start=self._resumable.offset if self._resumable else 0,
        )
        limit = settings.max_undelivered if self._live else None
        self._aside = SetAside(self._backlog, undelivered, limit=limit, clock=clock)
        self._keeper: Keeper | None = None
        if self._resumable:
            self._keeper = Keeper(self._resumable, self._backlog, now=self._started)

    def deliver(self) -> Report:
        if self._keeper and (unkept := self._keeper.keep()):
            raise unkept
        # Daemons: neither a source that is blocked nor a call that hangs may hold up the exit.
        reader = threading.Thread(target=self._read, daemon=True)
        senders = [
            threading.Thread(target=self._send_batches, daemon=True)
            for _ in range(self._settings.calls_in_flight)
        ]
        for thread in (*senders, reader):
            thread.start()
        try:
            self._supervise(reader)
        finally:
            # Also when the caller is interrupted or its on_progress fails.
            try:
                report = self._finish(reader)
            except KeyboardInterrupt:
                # An interrupt must not lose the records in hand: the loop resumes where it was.
                self._finish(reader)
                raise
        if not report.failed:
            for thread in senders:
                thread.join()
        self._raise_with(report)
        return report

    def _finish(self, reader: threading.Thread) -> Report:
        """Set aside everything still in hand, and tell the caller how the run ended."""
        if not self._interrupted:
            self._end_reading(reader)
        if self._refusal is not None:
            self._backlog.send_no_more(timeout=_ANSWER_GRACE)
        leftovers = self._backlog.give_up_all()
        # The next run must read dropped records from the source again.
        if self._keeper and self._undelivered is None:
            self._position_error = self._keeper.keep(at_the_end=True)
        self._aside.put_the_last(leftovers)
        if self._keeper and self._undelivered is not None:
            self._position_error = self._keeper.keep(at_the_end=True)
        report = self._report()
        self._on_progress(report)
        return report

    def _supervise(self, reader: threading.Thread) -> None:
        told = self._started
        deadline: float | None = None
        settings = self._settings
        while not (
            self._backlog.over
            or self._refusal
            or self._aside.has_failed_for(settings.file_deadline)
        ):
            # Never wait on `stop` here: signal handlers interrupt this thread, and a handler that
            # sets an event in the middle of a wait for it blocks forever.
            self._aside.put(self._backlog.given_up(timeout=_TICK))
            now = self._clock()
            if now - told >= _TICK:
                told = now
                self._on_progress(self._progress())
            if self._keeper:
                self._keeper.keep_if_due(now)
            if deadline is None and self._stop.is_set():
                deadline = now + settings.drain_deadline
                self._interrupted = True
                self._end_reading(reader)
            if deadline is not None and now >= deadline:
                return

    def _end_reading(self, reader: threading.Thread) -> None:
        self._backlog.want_no_more()
        if self._live is not None:
            self._live.finish()
        # Unless it is blocked, the source still yields its current record.
        reader.join(_GRACE if self._live is None else _LIVE_GRACE)
        self._backlog.end_reading()

    def _read(self) -> None:
        source, resumable = self._source, self._resumable
        rate, largest = self._settings.rate, self._settings.max_record_bytes
        if rate is not None:
            source = paced(source, rate, clock=self._clock, wait=self._stop.wait)
        try:
            for record in source:
                size = record.size
                if not record.has_key:
                    self._keyless += 1
                refusal = TOO_LARGE if size > largest else None
                wait = self._live is None
                end = resumable.offset if resumable else 0
                wanted = self._backlog.add(record, size=size, end=end, refusal=refusal, wait=wait)
                # A live source ends after the records that can't be read again.
                if wait and (not wanted or self._stop.is_set()):
                    return
            self._exhausted = not self._stop.is_set()
        except BaseException as error:
            self._source_error = SourceError.of(error, "reading the source failed")
        finally:
            if self._stop.is_set():
                self._interrupted = True
            self._backlog.end_reading()

    def _send_batches(self) -> None:
        call: Call | None = None
        try:
            while (call := self._backlog.take()) is not None:
                try:
                    answer = self._sender.send(call.batch, patience=call.trip.patience)
                except RecordRejected as error:
                    self._backlog.reject(call, error.code)
                else:
                    self._backlog.settle(call, answer)
        except BaseException as error:
            if call is not None:
                unanswered = not isinstance(error, DeliveryError)
                self._backlog.break_off(call, unanswered=unanswered)
            self._refusal = self._refusal or DeliveryError.of(error, "sending failed")
            self._backlog.want_no_more()
            self._backlog.wake_caller()

    def _progress(self) -> Progress:
        return self._backlog.progress(elapsed=self._clock() - self._started)

    def _report(self) -> Report:
        end = self._progress()
        counts = vars(end) | {"failed": end.read - end.sent}
        report = Report(
            **counts,
            exhausted=self._exhausted,
            interrupted=self._interrupted,
            undelivered=self._undelivered,
            unwritten=end.waiting,
            unsendable=self._aside.unsendable,
            keyless=self._keyless,
        )
        return report if report.kept else replace(report, undelivered=None)

    def _raise_with(self, report: Report) -> None:
        """Raise the error that ended the run, if any; other errors are in its notes."""
        unwritten = self._aside.loss_of(report.unwritten) if report.unwritten else None
        candidates = (unwritten, self._refusal, self._source_error, self._position_error)
        errors: list[ProducerError] = [error for error in candidates if error is not None]
        if errors:
            errors[0].report = report
            for other in errors[1:]:
                errors[0].add_note(str(other))
            raise errors[0]
