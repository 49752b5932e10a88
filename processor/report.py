"""Writes log lines and metrics about a batch, without any of its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.lambda_event import sequence_number, shard_id

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics

    from processor.batch import BatchAccount
    from processor.lambda_event import KinesisRecord, Origin

# Lambda's own dead letters go to the same queue, so only the stream still has these records.
_NO_QUEUE = (
    "DEAD_LETTER_QUEUE_URL must name an existing queue: run tweetpipe deploy to create it again, "
    "then tweetpipe dead-letters redrive --since 1d to find the records rejected meanwhile"
)
_REMEDIES = {
    "AccessDenied": "allow sqs:SendMessage on the dead-letter queue in the function's role",
    "AccessDeniedException": "allow dynamodb:BatchWriteItem on the table in the function's role",
    "AWS.SimpleQueueService.NonExistentQueue": _NO_QUEUE,
    "QueueDoesNotExist": _NO_QUEUE,
    "OutOfTime": "none if a retry succeeds; otherwise, raise the timeout: tweetpipe deploy -p "
    "Timeout=SECONDS",
    "ResourceNotFoundException": "TABLE_NAME must name an existing table in this account and "
    "region",
}


def log(
    account: BatchAccount, *, first: KinesisRecord, milliseconds: float, logger: Logger
) -> None:
    """Log a line for the batch, and before it one for each rejection and failure."""
    shard = shard_id(first)
    for rejection in account.rejections:
        logger.warning(
            "record rejected",
            shard=shard,
            extra=_position(rejection.origin),
            reason=str(rejection.why.reason),
        )
    silent = account.unusable - len(account.rejections)
    if silent > 0:
        logger.warning("more records rejected", shard=shard, records=silent)
    for failure in account.failures:
        logger.error(
            "records left for a retry",
            shard=shard,
            error_code=failure.code,
            error=str(failure),
            remedy=_REMEDIES.get(failure.code, "none needed if a retry succeeds"),
        )
    logger.info(
        "batch processed",
        shard=shard,
        first_sequence_number=sequence_number(first),
        extra={"milliseconds": round(milliseconds), "records": account.records, **_counts(account)},
    )


def measure(account: BatchAccount, *, milliseconds: float, metrics: Metrics) -> None:
    """Add the batch's metrics; the caller publishes them."""
    metrics.add_metric("Records", "Count", account.records)
    for name, value in _counts(account).items():
        metrics.add_metric(name.capitalize(), "Count", value)
    metrics.add_metric("BatchLatency", "Milliseconds", milliseconds)


def _position(origin: Origin) -> dict[str, str | int]:
    position: dict[str, str | int] = {"sequence_number": sequence_number(origin.record)}
    if origin.contained:
        position["subsequence_number"] = origin.contained.subsequence_number
    return position


def _counts(account: BatchAccount) -> dict[str, int]:
    return {
        "stored": account.stored,
        "duplicates": account.duplicates,
        "rejected": account.rejected,
        "retries": account.repeats,
        "unhandled": len(account.unhandled),
    }
