"""The payloads of an event, made from whatever numbers and bytes a fuzzer comes up with."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any, Protocol

from tests.fuzz.aggregates import aggregate, odd_aggregate
from tweets.fakes import FakeTweets
from tweets.fakes.malformed import VARIETIES
from tweets.oracle import expected_item


class Draws(Protocol):
    """What is needed of atheris's FuzzedDataProvider: its names, its order of reading."""

    def ConsumeIntInRange(self, low: int, high: int, /) -> int: ...
    def ConsumeBytes(self, count: int, /) -> bytes: ...
    def ConsumeUnicode(self, count: int, /) -> str: ...


PATHS: tuple[tuple[str | int, ...], ...] = (
    *((key,) for key in ("id", "id_str", "created_at", "text", "full_text", "user", "data")),
    *((key,) for key in ("extended_tweet", "includes", "matching_rules", "errors", "type")),
    *((key,) for key in ("author", "author_id", "referenced_tweets", "retweeted_status")),
    *((key,) for key in ("note_tweet", "$type", "account", "actor", "objectType", "verb")),
    *(("user", key) for key in ("name", "screen_name", "id_str", "id")),
    *(("author", key) for key in ("name", "username", "id")),
    *(("data", key) for key in ("id", "author_id", "created_at", "text", "note_tweet", "author")),
    *(("includes", "users", 0, key) for key in ("id", "name", "username")),
    *(("includes", "tweets", 0, key) for key in ("id", "author_id", "text", "note_tweet")),
    *(("retweeted_status", key) for key in ("text", "full_text", "extended_tweet", "user")),
    *(("referenced_tweets", 0, key) for key in ("type", "id", "text", "author")),
    *(("data", "referenced_tweets", 0, key) for key in ("type", "id", "text")),
    *(("errors", 0), ("errors", 0, "type"), ("errors", 0, "detail"), ("detail",)),
    *(("matching_rules", 0, key) for key in ("id", "tag")),
    ("extended_tweet", "full_text"),
    ("retweeted_status", "extended_tweet", "full_text"),
    ("retweeted_status", "user", "screen_name"),
    ("data", "note_tweet", "text"),
    ("data", "referenced_tweets"),
    ("includes", "tweets"),
    ("includes", "users"),
    ("includes", "users", 0),
    ("includes", "users", 1),
)
_CONSTANTS: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 0.0, 1e16, float("inf"), float("nan"), [], {}, [[]], [{}]),
    *("", " ", "\t\n", "\u3000", "\u200b", "\ufeff", "\x00", "\x1c", "\x85", "\u2028"),
    *("\ud83d", "\ude00", "\ud83d\ude00", "😂", "e\u0301", "é", "8", "٣", "NaN", "\\u0041"),
    *(" ana ", "\n\u2028ana\x85", "RT @ana: hi", "RT @", "RT @a b: hi", "retweeted"),
    *(1050118621198921728, "1050118621198921728", "29700859247", "29700859248", str(2**63)),
)
_UNITS = ("x", "é", "☃", "😂", "\ud800")
_KEY_BYTES = (1024, 2048)
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    *("Mai", "jan", "May\u0131", ""),
)
_READ = {key for path in PATHS for key in path}
_RAW_EDITS = 9


@cache
def bases() -> tuple[bytes, ...]:
    """Tweets of both shapes, and one of each way to spoil them."""
    fakes = FakeTweets(5)
    good = [fakes.record(index, shape).data for index in range(12) for shape in ("v1", "v2")]
    bad = [spoil(fakes.tweet(7), shape) for spoil in VARIETIES for shape in ("v1", "v2")]
    bare = [made for data in good[1::2] for made in (_bare(data), _flattened(data))]
    # Two as they are. Of the others what is read: parsing the rest would take most of the time.
    return (*good[:2], *map(_trimmed, (*good[2:], *bare)), *bad)


def _bare(data: bytes) -> bytes:
    return json.dumps(json.loads(data)["data"]).encode()


def _flattened(data: bytes) -> bytes:
    """A v2 tweet that contains everything it refers to, as twarc2 writes it."""
    tweet = json.loads(data)
    users = {user["id"]: user for user in tweet["includes"]["users"]}
    others = {other["id"]: other for other in tweet["includes"].get("tweets", ())}
    post = tweet["data"] | {"author": users[tweet["data"]["author_id"]], "__twarc": {}}
    post["referenced_tweets"] = [
        {
            **reference,
            **others[reference["id"]],
            "author": users[others[reference["id"]]["author_id"]],
        }
        for reference in post.get("referenced_tweets", ())
    ]
    return json.dumps(post).encode()


def _trimmed(data: bytes) -> bytes:
    return json.dumps(_only_read(json.loads(data)), ensure_ascii=False).encode()


def _only_read(value: Any) -> Any:
    if isinstance(value, list):
        return [_only_read(one) for one in value]
    if isinstance(value, dict):
        return {key: _only_read(one) for key, one in value.items() if key in _READ}
    return value


@cache
def _crowd() -> tuple[bytes, ...]:
    """More than go into one call, of DynamoDB (25) or of SQS (10), and all short."""
    data = {"author_id": "8", "created_at": "2018-10-10T20:19:24Z", "text": ""}
    texts = (json.dumps({"data": data | {"id": str(number % 40)}}) for number in range(50))
    return (*(text.encode() for text in texts), *[b"null"] * 25)


def payloads(draws: Draws, *, heavy: bool) -> list[bytes]:
    """One to three payloads: raw bytes, an edited tweet, an earlier one again, aggregates of these.

    If `heavy`, many more or some of hundreds of kilobytes: they take many times as long to judge.
    """
    made: list[bytes] = []
    count = draws.ConsumeIntInRange(1, 3)
    for number in range(1, count + 1):
        kind = draws.ConsumeIntInRange(0, 7)
        if kind == 0:
            length = 1 << 16 if number == count else draws.ConsumeIntInRange(0, 255)
            made.append(draws.ConsumeBytes(length))
        elif kind == 6 and made:
            made.append(_raw_edited(draws, made[draws.ConsumeIntInRange(0, len(made) - 1)]))
        elif kind == 7:
            # With earlier ones in it, which may be aggregates themselves.
            parts = [*made, *(_edited_tweet(draws, heavy=False) for _ in range(_small(draws) // 3))]
            made.append(odd_aggregate(draws, parts))
        else:
            made.append(_edited_tweet(draws, heavy=heavy))
    if heavy and draws.ConsumeIntInRange(0, 1):
        crowd = _crowd()[draws.ConsumeIntInRange(0, 50) :]
        made.extend(crowd if draws.ConsumeIntInRange(0, 1) else [aggregate(crowd)])
    return made


def _edited_tweet(draws: Draws, *, heavy: bool) -> bytes:
    base = bases()[draws.ConsumeIntInRange(0, len(bases()) - 1)]
    try:
        tweet = json.loads(base.decode())
    except ValueError:
        return _raw_edited(draws, base)
    for _ in range(draws.ConsumeIntInRange(0, 4)):
        _edit(draws, tweet)
    if heavy and draws.ConsumeIntInRange(0, 1):
        _fill(tweet, draws.ConsumeIntInRange(-2, 2), _pick(draws, ("x", "é", "😂")))
        return json.dumps(tweet, ensure_ascii=False).encode(errors="surrogatepass")
    ensure_ascii = draws.ConsumeIntInRange(0, 1) == 1
    data = json.dumps(tweet, ensure_ascii=ensure_ascii).encode(errors="surrogatepass")
    return _raw_edited(draws, data)


def _edit(draws: Draws, tweet: Any) -> None:
    """Set or delete one value; a path the tweet does not have is made as far as it can be."""
    *parents, last = _pick(draws, PATHS)
    here = tweet
    for key in parents:
        if isinstance(here, dict) and isinstance(key, str):
            here = here.setdefault(key, {})
        elif isinstance(here, list) and isinstance(key, int) and key < len(here):
            here = here[key]
        else:
            return
    value = _value(draws, tweet)
    if isinstance(here, dict) and isinstance(last, str):
        here[last] = value
        if draws.ConsumeIntInRange(0, 7) == 7:
            del here[last]
    elif isinstance(here, list) and isinstance(last, int):
        here.insert(last, value)


def _value(draws: Draws, tweet: Any) -> Any:
    kind = draws.ConsumeIntInRange(0, 7)
    if kind == 0:
        # The next edit may go into it.
        return deepcopy(_pick(draws, _CONSTANTS))
    if kind == 1:
        return draws.ConsumeIntInRange(-(2**63), 2**63 - 1)
    if kind == 2:
        return draws.ConsumeUnicode(draws.ConsumeIntInRange(0, 64))
    if kind == 3:
        return _time_of_v1(draws)
    if kind == 4:
        return _time_in_iso(draws)
    if kind == 5:
        unit = _pick(draws, _UNITS)
        length = _pick(draws, _KEY_BYTES) // len(unit.encode(errors="surrogatepass"))
        return unit * length + "x" * draws.ConsumeIntInRange(0, 2)
    if kind == 6:
        return [{"id": "8", "name": " "}, json.loads(json.dumps(tweet))]
    return draws.ConsumeBytes(draws.ConsumeIntInRange(0, 64)).decode(errors="surrogateescape")


def _time_of_v1(draws: Draws) -> str:
    day = draws.ConsumeIntInRange(0, 32)
    clock = _clock(draws)
    month = _pick(draws, _MONTHS)
    return f"Wed {month} {day:02} {clock} {_offset(draws)} {_year(draws):04}"


def _time_in_iso(draws: Draws) -> str:
    month, day = draws.ConsumeIntInRange(0, 13), draws.ConsumeIntInRange(0, 32)
    digits = "".join(str(draws.ConsumeIntInRange(0, 9)) for _ in range(_small(draws)))
    fraction = f".{digits}" if digits else ""
    separator = _pick(draws, ("T", "T", "T", " ", "t"))
    zone = _pick(draws, ("Z", "Z", "", "z", _offset(draws)))
    return f"{_year(draws):04}-{month:02}-{day:02}{separator}{_clock(draws)}{fraction}{zone}"


def _clock(draws: Draws) -> str:
    hour, minute = draws.ConsumeIntInRange(0, 24), draws.ConsumeIntInRange(0, 60)
    return f"{hour:02}:{minute:02}:{draws.ConsumeIntInRange(0, 61):02}"


def _offset(draws: Draws) -> str:
    sign, colon = _pick(draws, "+-"), _pick(draws, ("", ":"))
    return f"{sign}{_pick(draws, (0, 5, 23, 24)):02}{colon}{_pick(draws, (0, 30, 59, 60)):02}"


def _year(draws: Draws) -> int:
    return (2018, 2026, 1, 9999, 0, 1900, 2000, 2024)[draws.ConsumeIntInRange(0, 7)]


def _small(draws: Draws) -> int:
    return draws.ConsumeIntInRange(0, 10)


def _fill(tweet: Any, excess: int, unit: str) -> None:
    """Make the text so long that the item misses DynamoDB's 400 KB by `excess` bytes."""
    if not isinstance(tweet, dict):
        return
    v2 = isinstance(tweet.get("data"), dict)
    place, key = (tweet["data"], "note_tweet") if v2 else (tweet, "extended_tweet")
    name = "text" if v2 else "full_text"
    place[key] = {name: ""}
    item = expected_item(json.dumps(tweet).encode())
    if item is None:
        return
    taken = sum(len(name) + len(value.encode()) for name, value in item.items())
    room = 400 * 1024 + excess - taken
    length, rest = divmod(room, len(unit.encode(errors="surrogatepass")))
    place[key] = {name: unit * length + "x" * rest}


def _raw_edited(draws: Draws, data: bytes) -> bytes:
    """Change the bytes themselves, in most cases not at all."""
    edit = draws.ConsumeIntInRange(0, 31)
    if edit == 0 or edit > _RAW_EDITS:
        return data
    at = draws.ConsumeIntInRange(0, 4095) % (len(data) + 1)
    few = draws.ConsumeIntInRange(0, 16)
    if edit == 1:
        return data[:at]
    if edit == 2:
        return data[:at] + draws.ConsumeBytes(few) + data[at + few :]
    if edit == 3:
        return b"\xef\xbb\xbf" * (few % 3) + data
    if edit == 4:
        return _with_member(data, _pick(draws, PATHS)[-1], draws.ConsumeBytes(few))
    if edit == 5:
        return _with_member(data, "deep", b"[" * (few * 64) + b"]" * (few * 64))
    if edit == 6:
        return _with_member(data, "id_str", b"-"[: few % 2] + b"9" * (4_292 + few))
    if edit == 7:
        return b" \n\t\r"[: few % 5] + data + b"\r\n \t"[: few % 3]
    if edit == 8:
        return data.decode(errors="replace").encode(("utf-16", "utf-16-be", "utf-32")[few % 3])
    return _with_member(data, "matching_rules", b'[{"id":' + b"[" * 970 + b"]" * 970 + b"}]")


def _with_member(data: bytes, key: str | int, value: bytes) -> bytes:
    """Add a member at the end of a JSON object, perhaps one it has already."""
    return data[:-1] + b',"%b":%b}' % (str(key).encode(), value)


def _pick(draws: Draws, choices: Any) -> Any:
    return choices[draws.ConsumeIntInRange(0, len(choices) - 1)]
