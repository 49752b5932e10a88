"""Dead letters for a terminal and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from rich import box
from rich.table import Column, Table
from rich.text import Text

from tweetpipe.commands.terminal import printable
from tweetpipe.dead_letters.letter import DeadLetter, Kind
from tweetpipe.words import counted

_PREVIEW = 60  # characters of a payload in a table
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))
_WIDE = 160  # characters of a line with the columns for the position in the stream
_PLACE = ("Shard", "Position")
# AWS's sequence numbers have 56 digits, too many for a table; `show` prints all of them.
_DIGITS = 16


def table(found: Iterable[DeadLetter], *, now: datetime, width: int = _WIDE) -> Table:
    """A table with one line per dead letter; narrow terminals get it without positions.

    Shows only the end of long sequence numbers.
    """
    names = ("Id", "Kind", "Age", "Reason", *(_PLACE if width >= _WIDE else ()), "Size", "Payload")
    # Only the payload shrinks to fit; its cells are cut to one line.
    columns = (Column(name, no_wrap=name != "Payload") for name in names)
    shown = Table(*columns, box=box.SIMPLE_HEAD)
    for letter in found:
        text = letter.text[: _PREVIEW + 1]
        cells = {
            "Id": letter.short_id,
            "Kind": letter.kind,
            "Age": age(letter, now),
            "Reason": letter.reason,
            "Shard": letter.shard,
            "Position": "-".join(map(_end, letter.sequence_number.split("-"))),
            "Size": size(letter),
            "Payload": f"{text[:_PREVIEW]}…" if len(text) > _PREVIEW else text,
        }
        shown.add_row(*(_line(cells[name]) for name in names))
    return shown


def reasons(found: Iterable[DeadLetter]) -> dict[str, int]:
    """The number of dead letters for each reason, the most frequent first."""
    return dict(Counter(letter.reason for letter in found).most_common())


def as_json(letter: DeadLetter) -> dict[str, object]:
    """The dead letter as JSON: its body with its id, kind, and reason."""
    return letter.body | {"id": letter.id, "kind": letter.kind, "reason": letter.reason}


def facts(letter: DeadLetter, *, now: datetime) -> Table:
    """Everything about a dead letter except its payload."""
    known = {
        "Id": letter.id,
        "Kind": letter.kind.value,
        "Reason": letter.reason,
        "Detail": str(letter.body.get("detail", "")),
        "Stream": letter.position.stream_arn if letter.position else "",
        "Shard": letter.shard,
        "Position": letter.sequence_number,
        "Partition key": str(letter.body.get("partitionKey", "")),
        "Arrived": letter.arrived_at,
        "Dead since": letter.sent_at.isoformat(timespec="seconds") if letter.sent_at else "",
        "Age": age(letter, now),
        "Size": size(letter),
    }
    if letter.kind is Kind.EXHAUSTED:
        known["Message"] = json.dumps(letter.body, ensure_ascii=False)
    if "record" in letter.body:
        known["Record"] = json.dumps(letter.body["record"], ensure_ascii=False)
    rows = Table.grid(padding=(0, 2))
    for name, value in known.items():
        if value:
            rows.add_row(name, _cell(value))
    return rows


def age(letter: DeadLetter, now: datetime) -> str:
    """The age of the (first) record, or of the message if that is not known."""
    if letter.since is None:
        return ""
    seconds = max(0, int((now - letter.since).total_seconds()))
    for unit, length in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def size(letter: DeadLetter) -> str:
    """The size of a record in bytes, or of a batch in records."""
    if letter.kind is Kind.EXHAUSTED:
        return counted(letter.records, "record")
    return "" if letter.size is None else f"{letter.size:,} B"


def _end(number: str) -> str:
    return number if len(number) <= _DIGITS else f"…{number[-_DIGITS:]}"


def _line(text: str) -> Text:
    return Text(printable(text), no_wrap=True, overflow="ellipsis")


def _cell(text: str) -> Text:
    return Text(printable(text), overflow="fold")
