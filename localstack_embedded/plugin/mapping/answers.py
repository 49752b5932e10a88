"""What the function's answer says about its batch.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .interfaces import Answer, Record


def done_of(
    answer: Answer, records: Sequence[Record], *, reports_item_failures: bool, has_state: bool
) -> int:
    """How many records are done, from the first on; 0 means that the whole batch has failed.

    An answer without item failures is a success, and a malformed one is a failure. In a tumbling
    window, an answer without a state is a failure, too.
    """
    response = answer.response
    if answer.failure is not None:
        return 0
    if has_state and not (isinstance(response, dict) and "state" in response):
        return 0
    if not reports_item_failures or not response:
        return len(records)
    failures = response.get("batchItemFailures") if isinstance(response, dict) else response
    if not failures:
        return len(records)
    return _lowest(failures, records) if isinstance(response, dict) else 0


def _lowest(failures: Any, records: Sequence[Record]) -> int:
    """The index of the first record that failed, or 0 if a reported one isn't in the batch."""
    index = {record.sequence_number: at for at, record in enumerate(records)}
    try:
        # A number is accepted like its text.
        return min(index[str(failure["itemIdentifier"])] for failure in failures)
    except (KeyError, TypeError):
        return 0
