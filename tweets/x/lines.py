"""Splits a stream into lines."""

from __future__ import annotations

from collections.abc import Iterator

from producer.files.reading import MAX_LINE_BYTES
from tweets.x.api import Connection
from tweets.x.errors import Dropped


def lines_of(connection: Connection) -> Iterator[bytes]:
    """Lines without their ends; empty ones are heartbeats. Raises Dropped after the last."""
    rest = b""
    try:
        for chunk in connection.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.removesuffix(b"\r")
            if len(rest) > MAX_LINE_BYTES:
                raise Dropped(f"X sent a line of more than {MAX_LINE_BYTES} bytes")
    except Dropped:
        # A line without its end is a truncated post, unless it happens to be complete.
        if rest.strip():
            yield rest.removesuffix(b"\r")
        raise
