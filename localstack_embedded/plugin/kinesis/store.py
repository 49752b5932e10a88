"""The streams of this process, which event source mappings read as well."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from .. import settings
from ..kept import kept_folder
from ..streams import Stream, Streams, arns
from .details import details_of


def streams_of(environ: Mapping[str, str], folder: Path) -> Streams:
    """Streams with the user's settings; records that don't fit into memory go to `folder`.

    If LocalStack keeps its state, they go to the kept folder instead, and streams there come back.
    """
    kept = kept_folder(environ)
    return Streams(
        kept / "streams" if kept else folder,
        is_kept=kept is not None,
        max_bytes=int(settings.number("KINESIS_DISK_LIMIT_MB", environ)) * 2**20,
        has_limits=settings.text("KINESIS_SHARD_LIMITS", environ) == "1",
    )


def own_folder(parent: Path) -> Path:
    """This process's folder; removes those that killed LocalStack processes left.

    A container, for example, keeps its /tmp when it is restarted.
    """
    for left in parent.glob("kinesis-*"):
        pid = left.name.removeprefix("kinesis-")
        if pid.isascii() and pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return parent / f"kinesis-{os.getpid()}"


STREAMS = streams_of(os.environ, own_folder(Path(tempfile.gettempdir())))


def stream_of(arn: str) -> Stream | None:
    """The stream with this ARN, or of the consumer with this ARN; None if either is missing."""
    stream = STREAMS.find(arns.of_stream(arn))
    if stream is None or not arns.is_of_consumer(arn):
        return stream
    known = list(details_of(stream)["consumers"].values())
    is_there = any(it["arn"] == arn and it["status"] != "DELETING" for it in known)
    return stream if is_there else None
