"""Encodings of answers and events: JSON, the CBOR of AWS's SDK for Java, and event streams."""

from __future__ import annotations

import json
from binascii import b2a_base64, crc32
from collections.abc import Mapping
from dataclasses import dataclass
from struct import pack
from typing import Any

JSON = "application/x-amz-json-1.1"
CBOR = "application/x-amz-cbor-1.1"
EVENT_STREAM = "application/vnd.amazon.eventstream"

_STRING_HEADER = 7


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in an answer, in seconds since 1970."""

    seconds: float


def content_type(accepted: str | None, sent: str | None) -> str:
    """The content type of an answer, from a request's Accept and Content-Type headers."""
    wanted = sent if accepted in (None, "", "*/*") else accepted
    return CBOR if "cbor" in (wanted or "") else JSON


def encoded(answer: Mapping[str, Any], form: str) -> bytes:
    """An answer or an event, encoded as CBOR or JSON."""
    if form == CBOR:
        from cbor2 import dumps

        return bytes(dumps(answer, default=_in_cbor))
    return json.dumps(answer, default=_in_json, check_circular=False).encode()


def _in_json(value: object) -> object:
    if isinstance(value, bytes):
        return b2a_base64(value, newline=False).decode()
    if isinstance(value, Moment):
        return round(value.seconds, 3)
    raise TypeError(value)


def _in_cbor(encoder: Any, value: object) -> None:
    from cbor2 import CBORTag

    if not isinstance(value, Moment):
        raise TypeError(value)
    # AWS uses whole milliseconds here; standard CBOR has seconds.
    encoder.encode(CBORTag(1, round(value.seconds * 1000)))


def event_message(name: str, content: bytes, form: str) -> bytes:
    """One message of an event stream: an event, or the initial response to the call."""
    kind = "application/cbor" if form == CBOR else "application/json"
    return _message({":event-type": name, ":content-type": kind, ":message-type": "event"}, content)


def exception_message(code: str, content: bytes, form: str) -> bytes:
    """The message that ends an event stream with an error."""
    kind = "application/cbor" if form == CBOR else "application/json"
    headers = {":exception-type": code, ":content-type": kind, ":message-type": "exception"}
    return _message(headers, content)


def _message(headers: Mapping[str, str], content: bytes) -> bytes:
    # https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = pack("!II", len(head) + len(content) + 16, len(head))
    message = prelude + pack("!I", crc32(prelude)) + head + content
    return message + pack("!I", crc32(message))


def _header(name: str, value: str) -> bytes:
    named = pack("!B", len(name)) + name.encode()
    return named + pack("!BH", _STRING_HEADER, len(value)) + value.encode()
