"""Bytes as they arrive, with a look ahead."""

from __future__ import annotations

import io
import select
from collections.abc import Iterable, Iterator

_CHUNK_BYTES = 256 * 1024


class Chunks:
    """Chunks of bytes; `head` holds the bytes already looked at, and comes first."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.head = b""
        self._chunks = iter(chunks)

    def more(self) -> bool:
        """Wait for the next bytes and add them to `head`; False at the end."""
        for chunk in self._chunks:
            self.head += chunk
            if chunk:
                return True
        return False

    def skip(self, count: int) -> None:
        """Drop the first bytes of `head`."""
        self.head = self.head[count:]

    def __iter__(self) -> Iterator[bytes]:
        head, self.head = self.head, b""
        if head:
            yield head
        del head
        yield from self._chunks


def raw_chunks(file: io.FileIO) -> Iterator[bytes]:
    """The rest of a file, as it arrives."""
    while True:
        # None means no data yet: standard input may be non-blocking.
        while (chunk := file.read(_CHUNK_BYTES)) is None:
            select.select([file], [], [])
        if not chunk:
            return
        yield chunk
