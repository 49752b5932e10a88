"""One call to Kinesis and what follows from its answer, record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from producer.aggregation import aggregated, group_sizes, hash_keys
from producer.backlog import Verdict
from producer.batches import Batch
from producer.kinesis import TIMED_OUT, UNANSWERED, RecordRejected, entry_of, put_records
from producer.outgoing import OutgoingRecord

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef as Entry

FIRST_BACKOFF = 0.1
LONGEST_BACKOFF = 5.0
"""Seconds: the ceiling after the first refusal, and the one it doubles up to."""
LONGEST_FOR_SHARD = 1.0
"""Seconds: the same for a full shard. It takes more each second; to wait longer leaves it idle."""
SHARD_FULL = "ProvisionedThroughputExceededException"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends batches to one stream; usable from several threads."""

    client: KinesisClient
    stream: str
    give_up_after: float
    clock: Callable[[], float]
    random: Callable[[], float]
    aggregate: bool = False

    def send(self, batch: Batch, *, patience: float = 1.0) -> Verdict | None:
        """Send the batch in one call; None if every record was acknowledged.

        The answer is waited for `patience` times as long as the client says.

        Records that went as one are refused as one, and each is on its own again.

        Raises DeliveryError when no call can succeed.
        """
        try:
            put = self._put_aggregated if self.aggregate else self._put
            codes = put(batch, patience)
        except RecordRejected as error:
            return _isolate(batch, error.code)
        if not any(codes):
            return None
        return self._refused(batch, codes)

    def _put(self, batch: Batch, patience: float) -> list[str | None]:
        entries = [entry_of(held.record) for held in batch]
        return put_records(self.client, self.stream, entries, patience=patience)

    def _put_aggregated(self, batch: Batch, patience: float) -> list[str | None]:
        counts = group_sizes(held.size for held in batch)
        records = (held.record for held in batch)
        entries = [
            _entry_of([*islice(records, count)], hash_key)
            for count, hash_key in zip(
                counts, hash_keys(len(counts), start=self.random()), strict=True
            )
        ]
        codes = put_records(self.client, self.stream, entries, patience=patience)
        return [code for code, count in zip(codes, counts, strict=True) for _ in range(count)]

    def _refused(self, batch: Batch, codes: list[str | None]) -> Verdict:
        errors = Counter(code for code in codes if code)
        answered = None in codes or SHARD_FULL in errors
        verdict = Verdict(errors=errors, answered=answered, timed_out=TIMED_OUT in errors)
        now = self.clock()
        # One draw a call: records refused together stay together and share their next call.
        share = self.random()
        for held, code in zip(batch, codes, strict=True):
            if code is None:
                continue
            held.attempts += 1
            held.unanswered |= code in UNANSWERED
            if held.refused_since is None:
                held.refused_since = now
            if now - held.refused_since >= self.give_up_after:
                verdict.given_up.append(held)
            else:
                longest = LONGEST_FOR_SHARD if code == SHARD_FULL else LONGEST_BACKOFF
                verdict.later.append((held, now + backoff(held.attempts, share, longest)))
        return verdict


def _entry_of(records: Sequence[OutgoingRecord], hash_key: str) -> Entry:
    if len(records) == 1:
        return entry_of(records[0])
    return {
        "Data": aggregated(records, hash_key=hash_key),
        # It decides nothing beside an explicit hash key; should that be ignored, it does as well.
        "PartitionKey": hash_key,
        "ExplicitHashKey": hash_key,
    }


def backoff(attempts: int, share: float, longest: float) -> float:
    """Seconds to wait after `attempts` refusals: a random share, 0 to 1, of a growing ceiling."""
    # 2 ** 10 is past the longest already; the power of a large count would not fit a float.
    return share * min(longest, FIRST_BACKOFF * 2.0 ** min(attempts - 1, 10))


def _isolate(batch: Batch, code: str) -> Verdict:
    """Halve a batch that Kinesis rejects until the record that spoils it stands alone."""
    if len(batch) == 1:
        batch[0].unsendable = code
        return Verdict(given_up=batch, errors=Counter({code: 1}))
    for held in batch:
        held.attempts += 1
    half = len(batch) // 2
    return Verdict(isolated=[batch[:half], batch[half:]])
