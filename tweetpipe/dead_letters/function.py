"""Stores records through the stack's own function, with its code, role, and log."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.config import Config

from tweetpipe.dead_letters.stream import StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# A synchronous call takes 6 MB of JSON, including what surrounds the records.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_BYTES = 6_000_000
# A function may run for 15 minutes, and a timeout here would only start it a second time.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
PATIENT = Config(read_timeout=910, retries={"total_max_attempts": 2})
_TIMED_OUT = re.compile(r"timed out after (\d+)")
_LONGEST_TIMEOUT = 900  # seconds
# Keep calls short, no matter how large the batch was.
_MAX_RECORDS = 500


class Function(NamedTuple):
    """The stack's function; `options` select the stack in a suggested command."""

    client: LambdaClient
    name: str
    options: str


class NotStored(Exception):
    """The function did not store all records of a call; the message tells people why.

    `command` is what to run first, if anything. `done` counts those before the first that is not
    stored. `may_fit` says whether fewer records might succeed.
    """

    def __init__(
        self, why: str, *, command: str = "", done: int = 0, may_fit: bool = False
    ) -> None:
        super().__init__(why)
        self.command = command
        self.done = done
        self.may_fit = may_fit


def calls(records: Iterable[StreamRecord]) -> Iterator[list[StreamRecord]]:
    """All records of one shard, grouped into calls."""
    group: list[StreamRecord] = []
    size = 0
    for record in records:
        length = len(json.dumps(_event_record(record)))
        if group and (size + length > _MAX_BYTES or len(group) == _MAX_RECORDS):
            yield group
            group, size = [], 0
        group.append(record)
        size += length + 2
    if group:
        yield group


def store_in_parts(
    function: Function, records: Sequence[StreamRecord]
) -> Iterator[Sequence[StreamRecord]]:
    """Yield the records part by part once they are stored; raises NotStored for one that isn't.

    If a call is too large, it continues from where the function stopped, or else in halves, after
    trying the first record alone: if that is not stored either, the call was not too large.
    """
    waiting = [records]
    while waiting:
        part = waiting.pop()
        try:
            store(function, part)
        except NotStored as error:
            if error.done:
                yield part[: error.done]
                waiting.append(part[error.done :])
            elif error.may_fit and len(part) > 1:
                half = (len(part) + 1) // 2
                waiting += [some for some in (part[half:], part[1:half], part[:1]) if some]
            else:
                raise
        else:
            yield part


def store(function: Function, records: Sequence[StreamRecord]) -> None:
    """Return once each record is stored or has its own dead letter; else raise NotStored."""
    event = json.dumps({"Records": [_event_record(record) for record in records]}).encode()
    if len(event) > _MAX_BYTES + 1000:
        raise NotStored(
            f"a record of {len(records[0].data):,} bytes is too large for a call of {function.name}"
        )
    answer = function.client.invoke(FunctionName=function.name, Payload=event)
    said = _json(answer["Payload"].read())
    see = f"look for the reason in its log, /aws/lambda/{function.name}, then run the command again"
    command = f"tweetpipe logs{function.options} --since 1h"
    if answer.get("FunctionError"):
        message = str(said.get("errorMessage", "")) if isinstance(said, dict) else ""
        if timeout := _TIMED_OUT.search(message):
            longer = min(3 * int(timeout[1]), _LONGEST_TIMEOUT)
            see = "raise its timeout, then run the command again"
            command = f"tweetpipe deploy{function.options} -p Timeout={longer}"
        failed = f"{function.name} failed{f' ({message})' if message else ''}"
        raise NotStored(f"{failed}: {see}", command=command, may_fit=True)
    failures = said.get("batchItemFailures") if isinstance(said, dict) else None
    if not isinstance(failures, list):
        raise NotStored(
            f"{function.name} did not report on the records. Check that it is this stack's function"
        )
    if failures:
        numbers = [record.sequence_number for record in records]
        first = failures[0].get("itemIdentifier") if isinstance(failures[0], dict) else None
        raise NotStored(
            f"{function.name} could not store the records now: {see}. If that says OutOfTime, "
            f"first deploy with -p Timeout={_LONGEST_TIMEOUT}",
            command=command,
            done=numbers.index(first) if first in numbers else 0,
            may_fit=True,
        )


def _event_record(record: StreamRecord) -> dict[str, Any]:
    """A record in the format of Lambda's events.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
    """
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence_number,
            "data": base64.b64encode(record.data).decode(),
            "approximateArrivalTimestamp": record.arrived,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{record.shard}:{record.sequence_number}",
        "eventName": "aws:kinesis:record",
        # arn:aws:kinesis:<region>:<account>:stream/<name>
        "awsRegion": (record.stream_arn.split(":") + [""] * 4)[3],
        "eventSourceARN": record.stream_arn,
    }


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return None
