"""What the values in a file are: which of them are events, and what is the key of each."""

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
    """Whatever it is, it may be sent."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """One kind of events, as files hold them: by default, each value is one.

    `record` makes the record of an event from the value and its bytes. `is_event` tells a value
    that is one for sure. `taken_apart` gives those in any other; what it counts, by name, is not
    sent. `require` raises SettingsError for a text whose head shows that it holds none, `refusal`
    gives that error for a value, and `if_long` tells what to do with one that is too long. A `page`
    is taken apart however long it is. With `is_read` False, nobody looks into lines.
    """

    noun: str = "event"
    is_read: bool = False
    record: Callable[[object, bytes, Origin | None], OutgoingRecord] = _by_digest
    is_event: Callable[[object], bool] = _is_event
    taken_apart: Callable[[object, str, Counter[str]], list[Value]] = _itself
    require: Callable[[bytes, str, bool], None] = _anything
    refusal: Callable[[object, str], SettingsError | None] = lambda _, __: None
    if_long: Callable[[str], str] = lambda _: ""
    page: Page | None = None


def events_by(partition_key: Callable[[bytes], str], noun: str) -> Contents:
    """Events each of which is a line, or a value, with the key that this function says."""

    def record(content: object, data: bytes, origin: Origin | None) -> OutgoingRecord:
        return OutgoingRecord.keyed(data, partition_key, origin)

    return Contents(noun=noun, record=record)
