"""The rules of the fuzzer, for whoever has no atheris, and what it came close to stumbling over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.fuzz.inflating import Seeded
from tests.fuzz.judge import checked_partition_key, judge
from tests.fuzz.payloads import bases, payloads
from tests.unit.processor.events import encode, v1_tweet, v2_tweet
from tweets.oracle import expected_item


class Drawn:
    """Numbers and bytes from hypothesis, by the names of atheris's provider."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def ConsumeIntInRange(self, low: int, high: int, /) -> int:
        return self._data.draw(st.integers(low, high))

    def ConsumeBytes(self, count: int, /) -> bytes:
        return self._data.draw(st.binary(max_size=min(count, 60)))

    def ConsumeUnicode(self, count: int, /) -> str:
        # With halves of surrogate pairs, which JSON can write.
        return self._data.draw(st.text(st.characters(), max_size=count))


@given(st.data(), st.integers(0, 20).map(lambda number: number == 20))
# A machine may be busy.
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow])
def test_every_record_is_stored_as_it_was_sent_or_rejected_whole(
    data: st.DataObject, heavy: bool
) -> None:
    draws = Drawn(data)
    judge(payloads(draws, heavy=heavy), draws)


def test_what_is_made_does_not_depend_on_what_was_made_before() -> None:
    made = [payloads(Seeded(seed), heavy=False) for seed in range(500)]

    again = [payloads(Seeded(seed), heavy=False) for seed in reversed(range(500))]

    assert made == again[::-1]


@given(st.lists(st.binary(), max_size=30))
def test_raw_bytes_are_stored_as_they_were_sent_or_rejected_whole(payloads: list[bytes]) -> None:
    judge(payloads)


def test_all_kinds_of_fake_tweets_in_one_event_are_where_they_belong() -> None:
    good = [data for data in bases() if expected_item(data)]

    letters = judge([*bases(), *bases()])

    assert len(good) == 48
    assert len(letters) == 2 * (len(bases()) - len(good))


def test_more_records_than_go_into_one_call_are_where_they_belong() -> None:
    good = [encode(v1_tweet(number)) for number in range(60)]

    assert len(judge([*good, *[b"null"] * 25])) == 25


@pytest.mark.parametrize("size", [150_000, 196_000, 197_000, 1_000_000])
def test_a_rejected_payload_is_kept_as_long_as_a_message_has_room_for_it(size: int) -> None:
    (letter,) = judge([b"x" * size])

    assert (letter["payload"] is None) == (size > 196_000)


def shifted(created_at: str) -> dict[str, Any]:
    return v2_tweet(created_at=created_at)


STORABLE = {
    "first moment": shifted("0001-01-01T00:00:00.000Z"),
    "last moment": shifted("9999-12-31T23:59:59.999Z"),
    "leap day": shifted("2024-02-29T00:00:00Z"),
    "one digit of fraction": shifted("2018-10-10T20:19:24.5Z"),
    "nine digits of fraction": shifted("2018-10-10T20:19:24.999999999Z"),
    "east of UTC": shifted("2018-10-10T00:19:24+05:30"),
    "west of UTC, v1.1": v1_tweet(created_at="Wed Oct 10 20:19:24 -0959 2018"),
    "NUL": v1_tweet(text="\x00", user={"name": "\x00"}),
    "noncharacters": v1_tweet(text="\ufffe\uffff\U0010ffff"),
    "blanks around name and text": v1_tweet(text="\n hi\x85", user={"name": " \u3000ana\u2028"}),
    "a zero-width name": v1_tweet(user={"name": "\u200b", "screen_name": "ana"}),
    "a separator as name": v1_tweet(user={"name": "\x1c\x85\u2028", "screen_name": "ana"}),
    "composed and decomposed": v1_tweet(text="\u00e9 e\u0301"),
    "negative id": v1_tweet(id_str=None, id=-1),
    "id of 1,024 digits": v1_tweet(id_str=None, id=10**1023),
    "two users with the author's id": v2_tweet()
    | {"includes": {"users": [{"id": "8", "name": "first"}, {"id": "8", "name": "second"}]}},
    "v1.1 fields beside v2": v1_tweet(2) | v2_tweet(3),
}
UNSTORABLE = {
    "one second before the first moment": shifted("0001-01-01T00:00:00+00:01"),
    "after the last moment": shifted("9999-12-31T23:59:59-00:01"),
    "no leap year": shifted("1900-02-29T00:00:00Z"),
    "leap second": shifted("2016-12-31T23:59:60Z"),
    "digits of another script": shifted("٢٠١٨-10-10T20:19:24Z"),
    "a line's end after the time": shifted("2018-10-10T20:19:24Z\n"),
    "halves in the wrong order": v1_tweet(text="\ude00\ud83d"),
    "half a pair as name": v1_tweet(user={"name": "\ud83d", "screen_name": "ana"}),
    "id of 1,025 digits": v1_tweet(id_str=None, id=10**1024),
    "id as float": v1_tweet(id_str=None, id=1e16),
    "author_id as object": v2_tweet(author_id={"id": "8"}),
}


@pytest.mark.parametrize("name", STORABLE)
def test_what_looks_odd_is_stored_unchanged(name: str) -> None:
    assert judge([json.dumps(STORABLE[name]).encode()]) == []


@pytest.mark.parametrize("name", UNSTORABLE)
def test_what_nearly_is_a_tweet_is_rejected_whole(name: str) -> None:
    assert len(judge([json.dumps(UNSTORABLE[name]).encode()])) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" * 2 + encode(v1_tweet()),
        encode(v1_tweet()) + b"\x00",
        encode(v1_tweet(text="\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")))
        + b"}",
        encode(v1_tweet())[:-1] + b',"id_str":-' + b"9" * 4301 + b"}",
        encode(v1_tweet())[:-1] + b',"score":-Infinity}',
    ],
    ids=["two byte order marks", "NUL after the end", "one brace more", "endless id", "infinity"],
)
def test_what_is_nearly_json_is_rejected_whole(data: bytes) -> None:
    assert len(judge([data])) == 1


@pytest.mark.parametrize("excess", [-1, 0, 1])
@pytest.mark.parametrize("unit", ["x", "\u00e9", "\u2603", "\U0001f602"])
def test_items_around_400_kb_are_stored_or_rejected_to_the_byte(unit: str, excess: int) -> None:
    item = expected_item(encode(v1_tweet(text="")))
    assert item is not None
    room = 409_600 + excess - sum(len(name) + len(value) for name, value in item.items())
    length, rest = divmod(room, len(unit.encode()))

    (*letters,) = judge([encode(v1_tweet(text=unit * length + "x" * rest)), encode(v2_tweet())])

    assert [letter["payload"] for letter in letters] == [None] * (excess > 0)


@pytest.fixture(scope="module")
def deepest() -> int:
    """The nesting at which Python's JSON gives up when called from here."""
    readable, unreadable = 1, 200_000
    while unreadable - readable > 1:
        depth = (readable + unreadable) // 2
        try:
            json.loads("[" * depth + "]" * depth)
        except RecursionError:
            unreadable = depth
        else:
            readable = depth
    return readable


@pytest.mark.parametrize("path", ["author_id", "user id", "rule", "detail", "type", "elsewhere"])
def test_nesting_as_deep_as_json_can_be_read_raises_nowhere(path: str, deepest: int) -> None:
    shapes = {
        "author_id": b'{"data":{"author_id":%b},"includes":{"users":[{"id":%b}]}}',
        "user id": b'{"user":{"id":%b,"screen_name":%b}}',
        "rule": b'{"data":{"id":"1"},"matching_rules":[{"id":%b,"tag":%b}]}',
        "detail": b'{"type":"streaming-connection","detail":%b,"title":%b}',
        "type": b'{"errors":[{"type":%b,"detail":%b}]}',
        "elsewhere": encode(v1_tweet()).replace(b"%", b"")[:-1] + b',"a":%b,"b":%b}',
    }
    # Callers take some of it too, so all depths around. From Python 3.14 on, the limit is the size
    # of the stack: many times as deep, which takes its time, and a caller is worth many of them.
    for depth in range(deepest - 40, deepest + 5, 1 + deepest // 10_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            deep = opening * depth + b"1" + closing * depth
            checked_partition_key(shapes[path] % (deep, deep))
            judge([shapes[path] % (deep, deep), encode(v1_tweet())])
