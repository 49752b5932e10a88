"""Writes and reads the bodies of PutRecords without botocore's models. botocore walks its model of
the operation for every field of every record, both ways, which costs more CPU than the rest of the
call.

The rest is still botocore's: endpoint, credentials, signature, connections and errors.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Mapping
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from botocore.client import BaseClient

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef as Entry

_RECORDS = "tweetpipe.records"
_FIELDS = ("FailedRecordCount", "Records", "EncryptionType")
_FIRST_ERROR = 301
"""The status from which botocore parses a body as an error."""
_STAND_IN = ({"Data": b"", "PartitionKey": "-"},)
"""A minimal valid list of records: botocore serializes it, then it is replaced."""


class Entries(list["Entry"]):
    """Entries for `put_records` that are written directly; their data must be bytes.

    The call waits for its answer `patience` times as long as the client is configured to.
    """

    def __init__(self, entries: Iterable[Entry] = (), *, patience: float = 1.0) -> None:
        super().__init__(entries)
        self.patience = patience


def write_and_read_directly(client: object) -> None:
    """Make a botocore client's `put_records` faster when it gets Entries.

    Calls with any other list, and other kinds of clients, are left as they are. The types in
    Kinesis' answer are not checked.
    """
    if not isinstance(client, BaseClient):
        return
    if client.meta.service_model.resolved_protocol != "json":
        return
    hooks: dict[str, Callable[..., None]] = {
        "before-parameter-build": _keep_records,
        "before-call": _write_body,
        "before-parse": _read_answer,
    }
    for event, hook in hooks.items():
        name = f"{event}.kinesis.PutRecords"
        client.meta.events.register(name, hook, unique_id=f"tweetpipe.{event}")


def _keep_records(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    if isinstance(records := params.get("Records"), Entries):
        context[_RECORDS] = records
        params["Records"] = _STAND_IN
        if timeout := context["client_config"].read_timeout:
            context["read_timeout"] = timeout * records.patience


def _write_body(params: dict[str, Any], context: Mapping[str, Any], **_: object) -> None:
    if _RECORDS not in context:
        return
    without = json.loads(params["body"])
    del without["Records"]
    params["body"] = body_of(without, context[_RECORDS])


def body_of(without: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> bytes:
    """The body of a call, given its other fields: at least the stream."""
    # Join all pieces once: a body is megabytes, and each copy costs time.
    pieces = [json.dumps(without).encode().removesuffix(b"}"), b',"Records":[']
    for record in records:
        pieces += (
            b'{"Data":"',
            b2a_base64(record["Data"], newline=False),
            b'","PartitionKey":',
            encode_basestring_ascii(record["PartitionKey"]).encode(),
        )
        if hash_key := record.get("ExplicitHashKey"):
            pieces.append(b',"ExplicitHashKey":"%b"' % hash_key.encode())
        pieces.append(b"},")
    pieces[-1] = b"}]}"
    return b"".join(pieces)


def _read_answer(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Leave only bodies that botocore can parse.

    It fails at bytes that are not UTF-8, which a proxy's page may contain, and at JSON that is not
    of the expected types.
    """
    body: bytes = response_dict["body"]
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    is_object = isinstance(answer, dict)
    if response_dict["status_code"] < _FIRST_ERROR:
        if is_object:
            customized_response_dict.update(
                {name: answer[name] for name in _FIELDS if name in answer}
            )
        left = {}
    elif is_object:
        left = {name: text for name, text in answer.items() if text and isinstance(text, str)}
    else:
        left = {"message": body.decode(errors="replace")}
    response_dict["body"] = json.dumps(left).encode()
