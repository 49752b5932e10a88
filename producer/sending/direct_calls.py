"""PutRecords' body and answer, written and read without botocore's models.

botocore walks its model of the operation for every field of every record, both ways, which costs
more CPU than all else in a call together. All else is still botocore's: endpoint, credentials,
signature, connections and errors.
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
_STAND_IN = ({"Data": b"", "PartitionKey": "-"},)
"""Records that are valid and cost nothing: botocore writes these, which are then replaced."""


class Entries(list["Entry"]):
    """Entries for `put_records` that are to be written directly; their data must be bytes.

    The answer is waited for `patience` times as long as the client is configured to wait.
    """

    def __init__(self, entries: Iterable[Entry] = (), *, patience: float = 1.0) -> None:
        super().__init__(entries)
        self.patience = patience


def write_and_read_directly(client: object) -> None:
    """Make a botocore client's `put_records` faster when it is given Entries.

    Calls with any other list, and what is no such client, are left as they are. Kinesis' answer is
    passed on unchecked.
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
    """The body of a call, given what it is to say beside its records: at least the stream."""
    # One join of all pieces: a body is megabytes, and each copy of it costs.
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
    """Leave to botocore what is no answer as Kinesis gives it."""
    if response_dict["status_code"] != 200:
        return
    try:
        answer = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        return
    if not isinstance(answer, dict) or not isinstance(records := answer.get("Records"), list):
        return
    if all(type(record) is dict for record in records):
        customized_response_dict.update(answer)
        response_dict["body"] = b"{}"
