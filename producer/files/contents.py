"""How to interpret the values in a file: which are events, and what key each one has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from producer.errors import SettingsError
from producer.files.values import Page, Value
from producer.outgoing import Origin, OutgoingRecord


def _is_event(content: object) -> bool:
    return True


def _itself(content: object, text: str, held_back: Counter[str]) -> list[Value]:
    return [(content, text)]


def _by_digest(content: object, data: bytes, origin: Origin | None) -> OutgoingRecord:
    return OutgoingRecord.keyed(data, None, origin)


def _anything(head: bytes, name: str, ended: bool) -> None:
    """Accept any text."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """One kind of event, as found in files; by default, each value is an event.

    `record` makes a record from a value and its bytes. `is_event` recognizes a value that is
    certainly an event. `taken_apart` returns the events inside any other value; what it counts, by
    name, is not sent. `require` raises SettingsError if the head of a text shows that it holds no
    events, `refusal` returns that error for a value, and `if_long` says what to do with a value
    that is too long. A `page` is taken apart whatever its length. With `is_read` False, lines are
    not parsed.
    """

    noun: str = "event"
    is_read: bool = False
    record: Callable[[object, bytes, Origin | None], OutgoingRecord] = _by_digest
    is_event: Callable[[object], bool] = _is_event
    taken_apart: Callable[[object, str, Counter[str]], list[Value]] = _itself
    require: Callable[[bytes, str, bool], None] = _anything
    refusal: Callable[[object, str], SettingsError | None] = lambda _, __: None
    if_long: Callable[[str], str] = lambda _: "Split it, or take it out of the file"
    page: Page | None = None


def events_by(partition_key: Callable[[bytes], str], noun: str) -> Contents:
    """Contents where each line or value is an event, with the key that `key_of` returns."""

    def record(content: object, data: bytes, origin: Origin | None) -> OutgoingRecord:
        return OutgoingRecord.keyed(data, partition_key, origin)

    return Contents(noun=noun, record=record)
