"""Reads records from a source and delivers them to a Kinesis stream, without losing one."""

from __future__ import annotations

from producer.delivery import TOO_LARGE, produce
from producer.errors import (
    DamagedError,
    DeliveryError,
    PositionError,
    ProducerError,
    SettingsError,
    SourceError,
    TooLongError,
    UndeliveredError,
)
from producer.fakes import fake_source
from producer.file_set import FileSet, ResumableFiles, WholeFile
from producer.files.contents import Contents, events_by
from producer.files.listing import Listed, listed
from producer.files.reading import held_back
from producer.files.refusals import PIPED_INTO
from producer.going_on import FakesGoingOn
from producer.outgoing import MAX_RECORD_BYTES, STDIN, Origin, OutgoingRecord
from producer.report import Progress, Report, Shards, Unsendable
from producer.resumable import ResumableFile
from producer.sending.kinesis import kinesis_client_config
from producer.settings import Settings
from producer.sources import LiveSource, ResumableSource, file_source
from producer.undelivered import undelivered_path

__all__ = [
    "MAX_RECORD_BYTES",
    "PIPED_INTO",
    "STDIN",
    "TOO_LARGE",
    "Contents",
    "DamagedError",
    "DeliveryError",
    "FakesGoingOn",
    "FileSet",
    "Listed",
    "LiveSource",
    "Origin",
    "OutgoingRecord",
    "PositionError",
    "ProducerError",
    "Progress",
    "Report",
    "ResumableFile",
    "ResumableFiles",
    "ResumableSource",
    "Settings",
    "SettingsError",
    "Shards",
    "SourceError",
    "TooLongError",
    "UndeliveredError",
    "Unsendable",
    "WholeFile",
    "events_by",
    "fake_source",
    "file_source",
    "held_back",
    "kinesis_client_config",
    "listed",
    "produce",
    "undelivered_path",
]
