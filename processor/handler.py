"""The entry point for Lambda: `processor.handler.handler`.

Importing this module reads the environment and connects to AWS, so that both happen once, in
Lambda's initialization before the first batch.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics

from processor import clients, events, report
from processor.batch import process, tried
from processor.dead_letters import DeadLetterQueue
from processor.lambda_event import every_record_failed, records_in, respond
from processor.rounds import Rounds
from processor.settings import FunctionSettings
from processor.table import Table
from processor.turns import Turns

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from processor.lambda_event import BatchResponse

_settings = FunctionSettings.from_environment(os.environ)
_logger = Logger(service=_settings.service)
_metrics = Metrics(service=_settings.service, namespace=_settings.metrics_namespace)
_events = events.load(_settings.events)
_dynamodb, _sqs = clients.connect()
# Separate pools: hanging writes must not block dead letters.
_table = Table(
    _dynamodb,
    _settings.table_name,
    Rounds(ThreadPoolExecutor(clients.MAX_CALLS)),
    _events.key,
    expire_after_days=_settings.expire_after_days,
)
_queue = DeadLetterQueue(
    _sqs, _settings.dead_letter_queue_url, Rounds(ThreadPoolExecutor(clients.MAX_CALLS))
)
_turns = Turns()


@_logger.inject_lambda_context
@_metrics.log_metrics
def handler(event: object, context: LambdaContext) -> BatchResponse:
    """Process one batch of a shard; the answer names the record to retry from, if any."""
    started = time.perf_counter()
    records = records_in(event)
    if records is None:
        _logger.error("no list of records in the event", remedy="invoke with a Kinesis event")
        _metrics.add_metric("Unhandled", "Count", 1)
        return every_record_failed()

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    try:
        trial = tried(
            records, events=_events, turns=_turns, now=time.time(), seconds=seconds_left()
        )
        account = process(
            records,
            events=_events,
            table=_table,
            queue=_queue,
            seconds_left=seconds_left,
            trial=trial,
        )
    except Exception:
        # Metrics are published even if an exception is raised; the counts are then unknown.
        _metrics.add_metric("Records", "Count", len(records))
        raise
    milliseconds = (time.perf_counter() - started) * 1000
    if records:
        if not account.unhandled:
            _turns.finish(records[-1], time.time())
        report.log(account, first=records[0], milliseconds=milliseconds, logger=_logger)
    report.measure(account, milliseconds=milliseconds, metrics=_metrics)
    return respond(account.unhandled)
