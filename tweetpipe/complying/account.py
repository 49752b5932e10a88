"""The log of changes, one line each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from producer import undelivered
from tweetpipe.aws.errors import TweetpipeError

Line = dict[str, str]


class Account:
    """Lines in a file, each on disk before its change is made; without a path, no change is made.

    So no change is ever without its line; after a kill, a change may have two.
    """

    def __init__(
        self, path: Path | None, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.path = path
        self._now = now
        self.counts: Counter[tuple[str, str]] = Counter()

    @property
    def is_kept(self) -> bool:
        """Whether changes may be made at all."""
        return self.path is not None

    def note(self, lines: Sequence[Line]) -> None:
        """Count a change about to be made, and log it; each line has `did`, `where`, and `why`."""
        self.counts.update((line["where"], line["did"]) for line in lines)
        if self.path is None or not lines:
            return
        at = f"{self._now():%Y-%m-%dT%H:%M:%SZ}"
        texts = [json.dumps({"at": at, **line}, ensure_ascii=False).encode() for line in lines]
        try:
            written = undelivered.append(self.path, texts)
        except OSError as error:
            raise TweetpipeError(self._why_not(error.strerror or str(error))) from error
        if written < len(texts):
            raise TweetpipeError(self._why_not("no space is left"))

    def _why_not(self, reason: str) -> str:
        return (
            f"Can't write to {self.path}: {reason}. Each change must be logged there first, so "
            "nothing more was changed. Free disk space, or name another folder with --log, then "
            "run the command again."
        )
