"""Files that can't be read as text, with the command that converts them where there is one."""

from __future__ import annotations

import shlex

from producer.errors import SettingsError
from producer.outgoing import STDIN, in_words

PIPED_INTO = "tweetpipe produce file -"
"""Sends standard input; the command line adds the options that select the stack."""

_LOOK = 4096
_TAR = (257, b"ustar")

_UNPACK = "Unpack it, or pipe one of its files: unzip -p {file} PATH/IN/IT | {produce}"
_PARQUET = (
    'Write its rows as JSON with pandas: python3 -c "import pandas, sys; '
    "pandas.read_parquet(sys.argv[1])"
    ".to_json('events.ndjson', orient='records', lines=True, date_format='iso')\" {file}"
)
_DECRYPT = "Decrypt it first: gpg -d {file} | {produce}"

_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive", _UNPACK),
    (b"PK\x05\x06", "an empty zip archive", ""),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x -so {file} | {produce}"),
    (b"Rar!\x1a\x07", "a rar archive", "unrar p -inul {file} | {produce}"),
    (b"PAR1", "Parquet", _PARQUET),
    (b"PAR2\0PKT", "a recovery file", ""),
    (b"Obj\x01", "Avro", "avrocat {file} | {produce}"),
    (b"ORC", "ORC", _PARQUET.replace("parquet", "orc")),
    (b"ARROW1", "Arrow", _PARQUET.replace("parquet", "feather")),
    (b"FEA1", "Feather", _PARQUET.replace("parquet", "feather")),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "Write its rows as JSON: sqlite3 -json {file} 'SELECT …' | {produce}",
    ),
    (b"\x89HDF\r\n", "HDF5", ""),
    (b"\x89PNG", "an image", ""),
    (b"\xff\xd8\xff", "an image", ""),
    (b"GIF8", "an image", ""),
    (b"RIFF", "an image or audio file", ""),
    (b"%PDF-", "a PDF document", ""),
    (b"\x1f\x9d", "compressed with compress", "zcat {file} | {produce}"),
    (b"LZIP", "compressed with lzip", "lzip -dc {file} | {produce}"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "lz4 -dc {file} | {produce}"),
    (b"\xff\x06\0\0sNaPpY", "compressed with snappy", "snzip -dc {file} | {produce}"),
    (b"Salted__", "encrypted", "Decrypt it first: openssl enc -d … -in {file} | {produce}"),
    (b"age-encryption.org/", "encrypted", "Decrypt it first: age -d {file} | {produce}"),
    (b"-----BEGIN PGP MESSAGE", "encrypted", _DECRYPT),
    (b"\x80\x04\x95", "a Python pickle", ""),
)


def require_text(head: bytes, name: str, *, ended: bool) -> None:
    """Raise SettingsError if data with this beginning can't be text."""
    if head.lstrip().startswith((b"{", b"[")):
        return
    for magic, kind, command in _BINARY:
        if head.startswith(magic):
            raise refusal(name, f"is {kind}", command)
    if head[_TAR[0] :].startswith(_TAR[1]):
        raise refusal(name, "is a tar archive", "tar -xOf {file} | {produce}")
    # The mark of a tar archive comes late; the whole head is available unless it is a pipe.
    if b"\0" in head[:_LOOK] and (ended or len(head) >= 512) and b'\n{"' not in head[:_LOOK]:
        raise refusal(name, "is binary data of an unknown format", "")


def refusal(name: str, what: str, command: str, *, nouns: str = "events") -> SettingsError:
    """The error for a file of another format, with advice on how to make `nouns` of it."""
    said = f"{in_words(name)} {what}, so it can't be sent as {nouns}. Nothing was sent"
    if not command:
        return SettingsError(f"{said}. Check that it is the file you mean")
    advice, colon, line = command.partition(": ") if command[0].isupper() else ("Run", ":", command)
    return SettingsError(f"{said}. {advice}" + (f":\n  {with_names(line, name)}" if colon else ""))


def with_names(command: str, name: str) -> str:
    """The command with the file name in it, quoted for a shell."""
    file = "FILE" if name == STDIN else shlex.quote(name)
    return command.format(file=file, produce=PIPED_INTO)
