"""The errors of this package.

ProducerError
├── SettingsError      a setting is out of range: correct it
├── SourceError        the source can't be opened, or broke off while being read
├── DeliveryError      Kinesis refuses every record: correct the stream or the credentials
├── UndeliveredError   the file for undelivered records can't be written: make room or name another
└── PositionError      the position in a file is another file's, or can't be kept
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from producer.report import Report


class ProducerError(Exception):
    """Root of this package's errors; `report` is set once records have been read.

    What else went wrong in the same run is in its notes.
    """

    report: Report | None = None

    @classmethod
    def of(cls, error: BaseException, what: str) -> Self:
        """Whatever was raised, as an error of this kind that says what has happened."""
        if isinstance(error, cls):
            return error
        wrapped = cls(f"{what}: {type(error).__name__}: {error}")
        wrapped.__cause__ = error
        return wrapped


class SettingsError(ProducerError):
    """A setting is out of range."""


class SourceError(ProducerError):
    """The source can't be opened, or broke off; what was read before has been dealt with."""


class DeliveryError(ProducerError):
    """Kinesis refuses every record for a reason that no retry heals."""


class UndeliveredError(ProducerError):
    """The file for undelivered records can't be written; `report.unwritten` counts the loss."""


class PositionError(ProducerError):
    """The position in a file is that of another file or stream, or can't be kept.

    Before anything is read, that is final; later, nothing is lost: the records were dealt with, and
    a resumed run sends those again that came after the last position kept.
    """
