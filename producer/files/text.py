"""Converts a file's text to UTF-8, whatever its encoding."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from producer.errors import DamagedError
from producer.files.chunks import Chunks
from producer.outgoing import in_words

_BOMS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32-LE"),
    (codecs.BOM_UTF32_BE, "UTF-32-BE"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
)


def in_utf8(chunks: Chunks, name: str) -> tuple[str, Chunks]:
    """The encoding, and the text in UTF-8 without a byte order mark.

    Invalid UTF-8 is passed on unchanged, for the processor to reject.
    """
    # The longest mark has 4 bytes; a line that is over says enough.
    while len(chunks.head) < 4 and not chunks.head.endswith(b"\n") and chunks.more():
        pass
    encoding = _without_bom(chunks.head)
    for bom, marked in _BOMS:
        if chunks.head.startswith(bom):
            chunks.skip(len(bom))
            encoding = marked
            break
    if encoding == "UTF-8":
        return encoding, chunks
    return encoding, Chunks(_recoded(chunks, encoding, name))


def _without_bom(head: bytes) -> str:
    """JSON has no NUL bytes: one beside the first brace or bracket means UTF-16."""
    if head[:2] in (b"{\0", b"[\0") and head[2:4] != b"\0\0":
        return "UTF-16-LE"
    if head[:2] in (b"\0{", b"\0["):
        return "UTF-16-BE"
    return "UTF-8"


def _recoded(chunks: Chunks, encoding: str, name: str) -> Iterator[bytes]:
    # Pass on half of a surrogate pair, so that the processor rejects only that event.
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    ending = b""
    try:
        for chunk in chunks:
            if text := decoder.decode(chunk):
                yield text.encode("utf-8", "surrogatepass")
        ending = decoder.decode(b"", True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DamagedError(
            f"{in_words(name)} is damaged: its {encoding} text can't be decoded ({error.reason})"
        ) from error
    if ending:
        yield ending
