"""Reading files of tweets in the forms that people have; nothing is sent."""

from __future__ import annotations

import gzip
import itertools
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.measuring import Sample, Table, Way, metered
from benchmarks.tweets import fake_tweets

_COUNT = 40_000
_A_PAGE = 100
_NOTE = (
    "On one core. Each tweet is parsed for its author, which is the partition key. MB/s counts "
    "only the bytes of the tweets. Peak memory is that of making the file."
)

Write = Callable[[list[bytes]], bytes]


def tables() -> list[Table]:
    """Return the only table."""
    baseline = "json.loads of each line"
    forms: dict[str, Write] = {
        "NDJSON": _lines,
        "gzip, NDJSON": lambda tweets: gzip.compress(_lines(tweets), 6),
        "JSON array in one line": lambda tweets: b"[%b]" % b",".join(tweets),
        "JSON array, indented": _indented,
        "pages of v2, one a line": _pages,
    }
    ways = [Way(name=baseline, measure=partial(_measured, _lines, _loads))]
    ways += [
        Way(name=f"ours, {name}", measure=partial(_measured, write, _ours))
        for name, write in forms.items()
    ]
    return [
        Table(title="Reading files", unit="tweet", ways=tuple(ways), baseline=baseline, note=_NOTE)
    ]


def _measured(write: Write, read: Callable[[Path], tuple[int, int]]) -> Sample:
    tweets = [data for data, _ in fake_tweets(_COUNT)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tweets"
        path.write_bytes(write(tweets))
        del tweets
        with metered() as meter:
            count, size = read(path)
    return meter.sample(count, {"MB/s": size / 1e6 / meter.wall})


def _ours(path: Path) -> tuple[int, int]:
    from producer import file_source
    from tweets.files import contents

    count = size = 0
    for record in file_source(path, contents=contents()):
        count += 1
        size += len(record.data)
    return count, size


def _loads(path: Path) -> tuple[int, int]:
    count = size = 0
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
            count += 1
            size += len(line) - 1
    return count, size


def _lines(tweets: list[bytes]) -> bytes:
    return b"".join(tweet + b"\n" for tweet in tweets)


def _indented(tweets: list[bytes]) -> bytes:
    return json.dumps([json.loads(tweet) for tweet in tweets], indent=2).encode()


def _pages(tweets: list[bytes]) -> bytes:
    """The tweets of v2's shape, in pages of a hundred with the objects that they refer to."""
    posts = [json.loads(tweet) for tweet in tweets if tweet.startswith(b'{"data"')]
    pages = []
    for start in range(0, len(posts), _A_PAGE):
        some = posts[start : start + _A_PAGE]
        includes: dict[str, dict[str, object]] = {}
        for kind, thing in itertools.chain.from_iterable(map(_included, some)):
            includes.setdefault(kind, {})[thing.get("id") or thing["media_key"]] = thing
        page = {
            "data": [post["data"] for post in some],
            "includes": {kind: list(things.values()) for kind, things in includes.items()},
            "meta": {"result_count": len(some)},
        }
        pages.append(json.dumps(page, ensure_ascii=False).encode())
    return _lines(pages)


def _included(post: dict[str, dict[str, list[dict[str, str]]]]) -> list[tuple[str, dict[str, str]]]:
    return [(kind, thing) for kind, things in post.get("includes", {}).items() for thing in things]
