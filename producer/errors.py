"""The errors of this package.

ProducerError
├── SettingsError      a setting is out of range: correct it
├── SourceError        the source can't be opened, or reading it failed
│   ├── DamagedError   a file is cut off or damaged: get a complete copy
│   └── TooLongError   a line or value does not fit in memory: split it
├── DeliveryError      Kinesis refuses every record: correct the stream or the credentials
├── UndeliveredError   the file for undelivered records can't be written: free space or name another
└── PositionError      the position in a file is another file's, or can't be kept
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from producer.report import Report


class ProducerError(Exception):
    """Base of this package's errors; `report` is set once records have been read.

    Other errors of the same run are in its notes.
    """

    report: Report | None = None

    @classmethod
    def of(cls, error: BaseException, what: str) -> Self:
        """Wrap any exception in an error of this class that says what happened."""
        if isinstance(error, cls):
            return error
        wrapped = cls(f"{what}: {type(error).__name__}: {error}")
        wrapped.__cause__ = error
        return wrapped


class SettingsError(ProducerError):
    """A setting is out of range."""


class SourceError(ProducerError):
    """The source can't be opened, or reading it failed; what was read before is dealt with.

    `advice` says what to do before the source is read again, unless the message does.
    """

    advice = ""


class DamagedError(SourceError):
    """A file is cut off or damaged; a complete copy of it can be read."""

    advice = "Repair it, or get a complete copy"


class TooLongError(SourceError):
    """A line or a value does not fit in memory; the message says how to split it, if it can."""


class DeliveryError(ProducerError):
    """Kinesis refuses every record for a reason that no retry fixes."""


class UndeliveredError(ProducerError):
    """The file for undelivered records can't be written; `report.unwritten` counts the loss."""


class PositionError(ProducerError):
    """The saved position belongs to another file or stream, or can't be saved.

    Raised before anything is read, it ends the run; raised later, nothing is lost: the records were
    dealt with, and a resumed run resends those after the last saved position.
    """
