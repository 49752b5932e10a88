"""Turns a record into an item, with the code of the events' own folder.

That is its module `item`; docs/architecture.md has the contract. Whatever that module does with a
record, the result is an item, or a reason why there can never be one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from traceback import walk_tb
from typing import TYPE_CHECKING

from processor.attributes import wire_form
from processor.errors import ConfigurationError, Reason, Rejected
from processor.key import Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.key import Item, KeyValue


@dataclass(frozen=True, slots=True)
class Events:
    """What the function needs to know about its events.

    `example` is an event that working code turns into an item: if even that raises, the code is at
    fault, not the record.
    """

    to_item: Callable[[bytes], object]
    key: Key
    example: bytes | None = None

    def item(self, data: bytes) -> tuple[Item, KeyValue]:
        """The item of one event, ready for DynamoDB, and its key; raises Rejected.

        Raises anything else only if the code is at fault: then all records wait until it is fixed.
        """
        try:
            return wire_form(self.to_item(data), self.key)
        except Rejected:
            raise
        except (Exception, SystemExit) as error:
            self._require_code_in_order()
            # No error may hold up the records after this one.
            raise Rejected(Reason.UNEXPECTED, f"{type(error).__name__}{_place(error)}") from error

    def _require_code_in_order(self) -> None:
        if self.example is not None:
            with suppress(Rejected):
                wire_form(self.to_item(self.example), self.key)


def load(name: str) -> Events:
    """The events of the package with this name."""
    try:
        module = import_module(f"{name}.item")
        return Events(module.to_item, Key.of(module.KEY), getattr(module, "EXAMPLE", None))
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"the events {name!r} can't be used: {error}") from error


def _place(error: BaseException) -> str:
    """The line of the events' own code that failed. The error's message may quote data."""
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)][1:]
    own = [
        f" at {os.path.basename(file)}:{line}"
        for file, line in frames
        if os.path.dirname(file) == os.path.dirname(frames[0][0])
    ]
    return own[-1] if own else ""
