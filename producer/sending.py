"""One call to Kinesis and what follows from its answer, record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from producer.backlog import Verdict
from producer.batches import Batch
from producer.kinesis import RecordRejected, put_records

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

FIRST_BACKOFF = 0.1
LONGEST_BACKOFF = 5.0
"""Seconds: the ceiling after the first refusal, and the one it doubles up to."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends batches to one stream; usable from several threads."""

    client: KinesisClient
    stream: str
    give_up_after: float
    clock: Callable[[], float]
    random: Callable[[], float]

    def send(self, batch: Batch) -> Verdict | None:
        """Send the batch in one call; None if every record was acknowledged.

        Raises DeliveryError when no call can succeed.
        """
        try:
            codes = put_records(self.client, self.stream, [held.record for held in batch])
        except RecordRejected as error:
            return _isolate(batch, error.code)
        if not any(codes):
            return None
        return self._refused(batch, codes)

    def _refused(self, batch: Batch, codes: list[str | None]) -> Verdict:
        verdict = Verdict(errors=Counter(code for code in codes if code))
        now = self.clock()
        # One draw a call: records refused together stay together and share their next call.
        share = self.random()
        for held, code in zip(batch, codes, strict=True):
            if code is None:
                continue
            held.attempts += 1
            if held.refused_since is None:
                held.refused_since = now
            if now - held.refused_since >= self.give_up_after:
                verdict.given_up.append(held)
            else:
                verdict.later.append((held, now + backoff(held.attempts, share)))
        return verdict


def backoff(attempts: int, share: float) -> float:
    """Seconds to wait after `attempts` refusals: a random share, 0 to 1, of a growing ceiling."""
    # 2 ** 10 is past the longest already; the power of a large count would not fit a float.
    return share * min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(attempts - 1, 10))


def _isolate(batch: Batch, code: str) -> Verdict:
    """Halve a batch that Kinesis rejects until the record that spoils it stands alone."""
    if len(batch) == 1:
        return Verdict(given_up=batch, errors=Counter({code: 1}))
    for held in batch:
        held.attempts += 1
    half = len(batch) // 2
    return Verdict(isolated=[batch[:half], batch[half:]])
