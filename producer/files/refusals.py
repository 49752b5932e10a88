"""What can't be read as text, and the command that makes text of it where there is one."""

from __future__ import annotations

import shlex

from producer.errors import SettingsError
from producer.outgoing import STDIN

PIPED_INTO = "tweetpipe produce file -"
"""What sends standard input; the command line adds the options that lead it to a stack."""

_LOOK = 4096
_TAR = (257, b"ustar")

_UNPACK = "unpack it, or pipe a file of it: unzip -p {file} PATH/IN/IT | {produce}"
_PARQUET = (
    'write its rows as JSON with pandas: python3 -c "import pandas, sys; '
    "pandas.read_parquet(sys.argv[1])"
    ".to_json('events.ndjson', orient='records', lines=True, date_format='iso')\" {file}"
)
_DECRYPT = "decrypt it first: gpg -d {file} | {produce}"

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
        "write its rows as JSON: sqlite3 -json {file} 'SELECT …' | {produce}",
    ),
    (b"\x89HDF\r\n", "HDF5", ""),
    (b"\x89PNG", "a picture", ""),
    (b"\xff\xd8\xff", "a picture", ""),
    (b"GIF8", "a picture", ""),
    (b"RIFF", "a picture or a sound", ""),
    (b"%PDF-", "a PDF document", ""),
    (b"\x1f\x9d", "compressed by compress", "zcat {file} | {produce}"),
    (b"LZIP", "compressed by lzip", "lzip -dc {file} | {produce}"),
    (b"\x04\x22\x4d\x18", "compressed by lz4", "lz4 -dc {file} | {produce}"),
    (b"\xff\x06\0\0sNaPpY", "compressed by snappy", "snzip -dc {file} | {produce}"),
    (b"Salted__", "encrypted", "decrypt it first: openssl enc -d … -in {file} | {produce}"),
    (b"age-encryption.org/", "encrypted", "decrypt it first: age -d {file} | {produce}"),
    (b"-----BEGIN PGP MESSAGE", "encrypted", _DECRYPT),
    (b"\x80\x04\x95", "a Python pickle", ""),
)


def require_text(head: bytes, name: str, *, ended: bool) -> None:
    """Raise SettingsError if what begins so can't be text."""
    if head.lstrip().startswith((b"{", b"[")):
        return
    for magic, kind, command in _BINARY:
        if head.startswith(magic):
            raise refusal(name, f"is {kind}", command)
    if head[_TAR[0] :].startswith(_TAR[1]):
        raise refusal(name, "is a tar archive", "tar -xOf {file} | {produce}")
    # A tar archive is told by bytes that come late; all of a look is there unless it is a pipe.
    if b"\0" in head[:_LOOK] and (ended or len(head) >= 512) and b'\n{"' not in head[:_LOOK]:
        raise refusal(name, "is binary data, of no kind that is known", "")


def refusal(name: str, what: str, command: str, *, nouns: str = "events") -> SettingsError:
    """The error for a file that holds something else, with the command that makes `nouns` of it."""
    file = "standard input" if name == STDIN else name
    return SettingsError(
        f"{file} {what}, and can't be sent as {nouns}; nothing was sent"
        + (f": {with_names(command, name)}" if command else "")
    )


def with_names(command: str, name: str) -> str:
    """The command with the file in it, as a shell takes it."""
    file = "FILE" if name == STDIN else shlex.quote(name)
    return command.format(file=file, produce=PIPED_INTO)
