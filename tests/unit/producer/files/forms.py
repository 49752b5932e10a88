"""Tweets in each supported form of files."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sys
from collections.abc import Callable, Sequence
from typing import Any

Tweet = dict[str, Any]
Write = Callable[[Sequence[Tweet]], bytes]

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def tweets(count: int) -> list[Tweet]:
    """Tweets of v1.1 with values that are easily damaged: big ids, floats, scripts, escapes."""
    return [
        {
            "created_at": "Wed Oct 10 20:19:24 +0000 2018",
            "id": 1234567890123456789012 + n,
            "id_str": str(1234567890123456789012 + n),
            "text": f'{n} \U0001f600 한국어 "quoted" \\ [{{}}], \n\t \u2028 end',
            "user": {"name": "Ädä", "screen_name": f"ada_{n % 3}"},
            "coordinates": [0.1, 1e-7, -12.50],
        }
        for n in range(count)
    ]


def lines(written: Sequence[Tweet], *, end: str = "\n") -> bytes:
    return "".join(json.dumps(tweet, ensure_ascii=False) + end for tweet in written).encode()


def array(written: Sequence[Tweet], **options: Any) -> bytes:
    return json.dumps(list(written), **options).encode()


def line_each(written: Sequence[Tweet]) -> bytes:
    return b"[\n" + b",\n".join(map(json_of, written)) + b"\n]\n"


def json_of(tweet: object) -> bytes:
    return json.dumps(tweet).encode()


def objects(written: Sequence[Tweet]) -> bytes:
    return "\n".join(json.dumps(tweet, indent=4) for tweet in written).encode()


def search(written: Sequence[Tweet], **options: Any) -> bytes:
    return json.dumps(
        {"statuses": list(written), "search_metadata": {"count": len(written)}}, **options
    ).encode()


def delimited(written: Sequence[Tweet]) -> bytes:
    records = [json_of(tweet) + b"\r\n" for tweet in written]
    return b"".join(b"%d\r\n%b" % (len(record), record) for record in records)


def in_encoding(encoding: str, mark: bytes = b"") -> Write:
    return lambda written: mark + lines(written, end="\r\n").decode().encode(encoding)


def parts(compress: Callable[[bytes], bytes]) -> Write:
    """Compressed in three parts, cut anywhere."""

    def write(written: Sequence[Tweet]) -> bytes:
        data = lines(written)
        third = len(data) // 3
        return b"".join(
            compress(part) for part in (data[:third], data[third : 2 * third], data[2 * third :])
        )

    return write


FORMS: dict[str, tuple[Write, str]] = {
    "lines": (lines, "NDJSON"),
    "one line without an end": (lambda ts: lines(ts)[:-1], "NDJSON"),
    "CRLF and blank lines": (lambda ts: b"\r\n" + lines(ts, end="\r\n\r\n"), "NDJSON"),
    "array": (array, "JSON array"),
    "array with an end of line": (lambda ts: array(ts) + b"\n", "JSON array"),
    "array indented": (lambda ts: array(ts, indent=2), "JSON array"),
    "array indented by tabs, CRLF": (
        lambda ts: array(ts, indent="\t").replace(b"\n", b"\r\n"),
        "JSON array",
    ),
    "array, a line each": (line_each, "JSON array"),
    "arrays, one after the other": (
        lambda ts: array(ts[:1]) + b"\n" + array(ts[1:]),
        "JSON array",
    ),
    "array of arrays": (lambda ts: b"[%b, %b]" % (array(ts[:1]), array(ts[1:])), "JSON array"),
    "objects indented": (objects, "JSON objects"),
    "objects in one line": (lambda ts: b"".join(map(json_of, ts)), "JSON objects"),
    "objects in a line, and one in another": (
        lambda ts: b" ".join(map(json_of, ts[:-1])) + b"\n" + json_of(ts[-1]),
        "JSON objects",
    ),
    "search": (search, "NDJSON"),
    "premium search": (
        lambda ts: json_of({"results": ts, "next": "x", "requestParameters": {"maxResults": 3}}),
        "NDJSON",
    ),
    "search indented": (lambda ts: search(ts, indent=1), "JSON objects"),
    "search that ends with tweets": (
        lambda ts: b'{"search_metadata": {},\n"statuses": %b}' % array(ts),
        "JSON objects",
    ),
    "array of searches": (lambda ts: b"[%b,%b]" % (search(ts[:1]), search(ts[1:])), "JSON array"),
    "delimited": (delimited, "length-prefixed lines"),
    "UTF-8 with a mark": (in_encoding("utf-8", b"\xef\xbb\xbf"), "NDJSON"),
    "UTF-16": (in_encoding("utf-16-le", b"\xff\xfe"), "UTF-16-LE, NDJSON"),
    "UTF-16, big endian": (in_encoding("utf-16-be", b"\xfe\xff"), "UTF-16-BE, NDJSON"),
    "UTF-16 without a mark": (in_encoding("utf-16-le"), "UTF-16-LE, NDJSON"),
    "UTF-32": (in_encoding("utf-32-le", b"\xff\xfe\0\0"), "UTF-32-LE, NDJSON"),
    "gzip": (lambda ts: gzip.compress(lines(ts)), "gzip, NDJSON"),
    "gzip in parts": (parts(gzip.compress), "gzip, NDJSON"),
    "gzip padded": (lambda ts: gzip.compress(lines(ts)) + b"\0" * 1024, "gzip, NDJSON"),
    "bzip2 in parts": (parts(bz2.compress), "bzip2, NDJSON"),
    "xz in parts": (parts(lzma.compress), "xz, NDJSON"),
    "zstd in parts": (parts(zstd.compress), "zstd, NDJSON"),
    "gzip in bzip2": (lambda ts: bz2.compress(gzip.compress(lines(ts))), "bzip2, gzip, NDJSON"),
    "gzip of an array": (lambda ts: gzip.compress(array(ts, indent=2)), "gzip, JSON array"),
    "gzip of UTF-16": (
        lambda ts: gzip.compress(in_encoding("utf-16-le", b"\xff\xfe")(ts)),
        "gzip, UTF-16-LE, NDJSON",
    ),
}
