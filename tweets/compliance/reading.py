"""Reads X's messages from files: the producer's log, and recorded streams."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from producer import Contents
from producer.files.reading import open_events
from producer.files.values import Value
from tweets.compliance.ledger import Ledger


def learn_from(path: Path, ledger: Ledger) -> None:
    """Process all messages in a file of any format; of posts, only their edits.

    Raises SettingsError and SourceError if it can't be read.
    """

    def take(content: object, _text: str, _held_back: Counter[str]) -> list[Value]:
        ledger.learn(content)
        return []

    contents = Contents(noun="message", is_read=True, is_event=lambda _: False, taken_apart=take)
    reading = open_events(path, contents=contents)
    try:
        for _ in reading:
            pass  # not a JSON object, so it says nothing
    finally:
        reading.close()
