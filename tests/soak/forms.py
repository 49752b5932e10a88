"""Records in the usual forms of files: lines, compressed lines, an array, pages of v2."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.soak.books import Record

_PAGE = 100  # posts, like X's pages


def write_lines(records: Iterable[Record], folder: Path) -> list[Path]:
    """All records in one file, one per line."""
    path = folder / "offered.ndjson"
    with path.open("wb") as file:
        file.writelines(record.data + b"\n" for record in records)
    return [path]


def write_in_forms(records: Iterable[Record], folder: Path) -> list[Path]:
    """The records in four files of similar size; only lines can hold malformed records."""
    lines: list[bytes] = []
    zipped: list[bytes] = []
    array: list[bytes] = []
    posts: list[dict[str, Any]] = []
    for number, record in enumerate(records):
        if record.kind == "malformed":
            (lines, zipped)[number % 2].append(record.data)
        elif record.data.startswith(b'{"data":') and len(posts) <= len(array):
            posts.append(json.loads(record.data))
        else:
            min(lines, zipped, array, key=len).append(record.data)
    contents = {
        "offered.ndjson": b"\n".join(lines) + b"\n",
        "offered.ndjson.gz": gzip.compress(b"\n".join(zipped) + b"\n", compresslevel=1),
        "offered.json": b"[\n" + b",\n".join(array) + b"\n]\n",
        "pages.jsonl": b"".join(
            _page(posts[start : start + _PAGE]) for start in range(0, len(posts), _PAGE)
        ),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def _page(posts: list[dict[str, Any]]) -> bytes:
    """Posts with the objects that they refer to, each object once."""
    includes: dict[str, dict[str, Any]] = {}
    for post in posts:
        for kind, things in post.get("includes", {}).items():
            includes.setdefault(kind, {}).update({thing["id"]: thing for thing in things})
    page = {
        "data": [post["data"] for post in posts],
        "includes": {kind: list(things.values()) for kind, things in includes.items()},
        "meta": {"result_count": len(posts)},
    }
    return json.dumps(page, ensure_ascii=False).encode() + b"\n"
