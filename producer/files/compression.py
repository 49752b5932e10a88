"""Decompresses any of the known formats in bounded memory."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from producer.errors import DamagedError
from producer.files.chunks import Chunks
from producer.outgoing import in_words

_PIECE_BYTES = 256 * 1024
_MOST_LAYERS = 4


class _Decompressor(Protocol):
    """What the decompressors of bz2, lzma and zstd have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gunzip:
    """zlib's decompressor with the interface of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        given = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(given) < max_length
        return given


def _unzstd() -> _Decompressor:
    # Imported here because few files use it.
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    return zstd.ZstdDecompressor()


_MAGIC: dict[bytes, tuple[str, Callable[[], _Decompressor]]] = {
    # Without the method that follows, so that a damaged one is not taken for a line of text.
    b"\x1f\x8b": ("gzip", _Gunzip),
    # A level, then the beginning of a block, or the end mark if there is no block.
    **{
        b"BZh%d%b" % (level, begun): ("bzip2", bz2.BZ2Decompressor)
        for level in range(1, 10)
        for begun in (b"1AY&SY", b"\x17rE8P\x90")
    },
    b"\xfd7zXZ\0": ("xz", lzma.LZMADecompressor),
    b"\x28\xb5\x2f\xfd": ("zstd", _unzstd),
    # Skippable frames, which pzstd writes first.
    **{bytes([0x50 + n]) + b"\x2a\x4d\x18": ("zstd", _unzstd) for n in range(16)},
}


def decompressed(chunks: Chunks, name: str) -> tuple[list[str], Chunks]:
    """The names of the compressions found, outermost first, and the decompressed data.

    Raises DamagedError at the first byte that can't be decompressed, after yielding everything
    before it.
    """
    kinds: list[str] = []
    while len(kinds) < _MOST_LAYERS and (found := _compression_of(chunks)):
        kind, decompressor = found
        kinds.append(kind)
        chunks = Chunks(_members(chunks, kind, decompressor, name))
    return kinds, chunks


def _compression_of(chunks: Chunks) -> tuple[str, Callable[[], _Decompressor]] | None:
    while any(magic.startswith(chunks.head) for magic in _MAGIC if magic != chunks.head):
        if not chunks.more():
            break
    for magic, found in _MAGIC.items():
        if chunks.head.startswith(magic):
            return found
    return None


def _members(
    chunks: Chunks, kind: str, new: Callable[[], _Decompressor], name: str
) -> Iterator[bytes]:
    """The contents of several compressed parts in a row, which gzip, bzip2 and the others allow."""
    decompressor: _Decompressor | None = None
    fed = 0
    for chunk in chunks:
        fed += len(chunk)
        while True:
            if decompressor is None:
                # Tapes and block devices pad with zeros.
                chunk = chunk.lstrip(b"\0") if fed > len(chunk) else chunk
                if not chunk:
                    break
                decompressor = new()
            try:
                given = decompressor.decompress(chunk, _PIECE_BYTES)
            except Exception as error:  # each library raises its own
                raise DamagedError(
                    f"{in_words(name)} is damaged: its {kind} data can't be decompressed near byte "
                    f"{fed:,} ({error})"
                ) from error
            if given:
                yield given
            chunk = b""
            if decompressor.eof:
                chunk, decompressor = decompressor.unused_data, None
            elif decompressor.needs_input:
                break
    if decompressor is not None:
        raise DamagedError(
            f"{in_words(name)} is incomplete: its {kind} data ends early, at byte {fed:,}"
        )
