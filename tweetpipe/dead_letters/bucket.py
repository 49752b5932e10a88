"""Exhausted batches in the user's own bucket, where Lambda saves the records themselves.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.dead_letters.letter import DeadLetter, Kind, read_object
from tweetpipe.dead_letters.stream import StreamRecord
from tweetpipe.words import counted

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# aws/lambda/<mapping>/<shard>/<year>/<month>/<day>/<time>-<id>
PREFIX = "aws/lambda/"
# The part before the records, which Lambda writes first.
_HEAD = 4096
# An object has at most an invocation's 6 MB, plus what surrounds it.
_MAX_BYTES = 16 * 2**20
_AT_A_TIME = 1000  # DeleteObjects takes no more


# The bucket's lifecycle rules may archive it:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
_ARCHIVED = "in an S3 archive; restore it before reading it: {key}"


class _Archived(Exception):
    """The object is in an archive storage class and must be restored first."""


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The bucket of a stack's exhausted batches, and their stream."""

    name: str
    stream: str


def bucket_of(stack: Stack) -> Bucket | None:
    """The stack's bucket, if it was deployed with one."""
    name = stack.outputs.get("ExhaustedBucket")
    return Bucket(name=name, stream=stack.outputs["KinesisStream"]) if name else None


class Objects:
    """The objects of a bucket as dead letters; those of other stacks have kind unknown."""

    def __init__(self, place: Place, bucket: Bucket) -> None:
        self._s3 = place.s3()
        self._bucket = bucket

    def count(self) -> int:
        """The number of objects, including those of other stacks."""
        return sum(1 for _ in self._keys())

    def letters(self) -> Iterator[DeadLetter]:
        """All letters in the bucket."""
        for key, sent_at, size in self._keys():
            try:
                head = self._read(key, min(size, _HEAD)) if size else b""
            except _Archived:
                yield replace(read_object(key, b"", sent_at), reason=_ARCHIVED.format(key=key))
                continue
            if head is None:
                continue
            letter = read_object(key, head, sent_at)
            if letter.kind is Kind.UNKNOWN and _HEAD < size <= _MAX_BYTES:
                # In case Lambda starts writing the records first.
                letter = read_object(key, self._read(key, size) or b"", sent_at)
            yield self._ours_or_unknown(letter)

    def records(self, letter: DeadLetter) -> list[StreamRecord] | None:
        """The batch's records; None if they can't be read from the object."""
        try:
            payload = json.loads(self._read(letter.key, _MAX_BYTES) or b"")["payload"]
            event = json.loads(payload) if isinstance(payload, str) else payload
            records = [_record(letter, record) for record in event["Records"]]
        except (ValueError, TypeError, KeyError, RecursionError, _Archived):
            return None
        return records if letter.position and len(records) == letter.records else None

    def rewrite(self, letter: DeadLetter, left: Mapping[str, bytes | None]) -> None:
        """Replace a batch's records by what is `left` of each, by sequence number.

        The batch then begins with the first and ends with the last remaining record.
        """
        content = json.loads(self._read(letter.key, _MAX_BYTES) or b"")
        is_text = isinstance(payload := content["payload"], str)
        event = json.loads(payload) if is_text else payload
        kept = []
        for record in event["Records"]:
            kinesis = record["kinesis"]
            if (data := left[kinesis["sequenceNumber"]]) is not None:
                kinesis["data"] = base64.b64encode(data).decode()
                kept.append(record)
        numbers = [record["kinesis"]["sequenceNumber"] for record in kept]
        batch = content["KinesisBatchInfo"]
        batch |= {
            "batchSize": len(kept),
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
        }
        event["Records"] = kept
        # The records last, as Lambda writes them: the part before them is read separately.
        content["payload"] = _json(event) if is_text else event
        content["payload"] = content.pop("payload")
        self._s3.put_object(Bucket=self._bucket.name, Key=letter.key, Body=_json(content).encode())

    def delete(self, keys: Collection[str]) -> None:
        """Delete these objects for good; raises TweetpipeError if one remains."""
        left = list(keys)
        while left:
            some, left = left[:_AT_A_TIME], left[_AT_A_TIME:]
            objects: list[ObjectIdentifierTypeDef] = [{"Key": key} for key in some]
            answer = self._s3.delete_objects(
                Bucket=self._bucket.name, Delete={"Objects": objects, "Quiet": True}
            )
            failed = answer.get("Errors", [])
            if failed:
                raise TweetpipeError(
                    f"S3 did not delete {counted(len(failed), 'object')} of {self._bucket.name} "
                    f"({failed[0].get('Code', 'no reason given')}). Run the command again. "
                    "Repeating it does no harm."
                )

    def _keys(self) -> Iterator[tuple[str, Any, int]]:
        pages = self._s3.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket.name, Prefix=PREFIX):
                for entry in page.get("Contents", []):
                    yield entry["Key"], entry.get("LastModified"), entry.get("Size", 0)
        except ClientError as error:
            if _code(error) != "NoSuchBucket":
                raise
            raise TweetpipeError(
                f"The bucket {self._bucket.name}, where the stack saves exhausted batches, does "
                "not exist. Deploy with another one, -p ExhaustedBucket=NAME, or create it "
                f"again:\n  aws s3 mb s3://{self._bucket.name}"
            ) from error

    def _read(self, key: str, size: int) -> bytes | None:
        """The object's first bytes; None if it is gone."""
        try:
            answer = self._s3.get_object(
                Bucket=self._bucket.name, Key=key, Range=f"bytes=0-{size - 1}"
            )
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                return None
            if _code(error) == "InvalidObjectState":
                raise _Archived from error
            raise
        return answer["Body"].read()

    def _ours_or_unknown(self, letter: DeadLetter) -> DeadLetter:
        position = letter.position
        if position is None or position.stream == self._bucket.stream:
            return letter
        return replace(
            letter, kind=Kind.UNKNOWN, reason=f"of another stack's stream, {position.stream}"
        )


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _record(letter: DeadLetter, record: Any) -> StreamRecord:
    kinesis, position = record["kinesis"], letter.position
    number = str(int(kinesis["sequenceNumber"]))
    if position is None or not position.holds(number):
        raise ValueError("not of this batch")
    return StreamRecord(
        stream_arn=position.stream_arn,
        shard=position.shard,
        sequence_number=kinesis["sequenceNumber"],
        partition_key=kinesis.get("partitionKey") or "",
        arrived=float(kinesis.get("approximateArrivalTimestamp") or 0.0),
        data=base64.b64decode(kinesis["data"], validate=True),
    )


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
