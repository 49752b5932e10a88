"""What can't be tweets, and the command that makes tweets of it where there is one."""

from __future__ import annotations

import csv
import re
import shlex
from contextlib import suppress

from producer.errors import SettingsError
from producer.outgoing import STDIN

_LOOK = 4096
_TAR = (257, b"ustar")

_UNPACK = "unpack it, or pipe a file of it: unzip -p {file} PATH/IN/IT | {produce}"
_PARQUET = (
    'write its rows as JSON with pandas: python3 -c "import pandas, sys; '
    "pandas.read_parquet(sys.argv[1])"
    ".to_json('tweets.ndjson', orient='records', lines=True, date_format='iso')\" {file}"
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

_CSV_TO_NDJSON = (
    "write its rows as tweets, with the names of its columns: python3 -c 'import csv, json, sys; "
    '[print(json.dumps({{"id_str": row["id"], "created_at": row["created_at"], '
    '"text": row["text"], "user": {{"screen_name": row["user"]}}}})) '
    "for row in csv.DictReader(sys.stdin)]' < {file} | {produce}"
)
_HYDRATE = "ask X for the tweets: twarc2 hydrate {file} | {produce}"
_SHORTER = (
    "jq -c 'range(0; .data | length; 500) as $n | .data |= .[$n:$n + 500]' {file} | {produce}"
)
_COLUMN = re.compile(r"[A-Za-z_][\w.:/\[\]()#-]*( [\w.:/\[\]()#-]+){0,2}", re.ASCII)
_ARCHIVE = re.compile(rb"window\.(?:YTD\.)?(\w+)[\w.]*\s*=")
_OF_TWEETS = frozenset(
    {b"tweet", b"tweets", b"deleted_tweet", b"deleted_tweets", b"community_tweet"}
)


def require_tweets(head: bytes, name: str, *, ended: bool, author: str | None) -> None:
    """Raise SettingsError if a text that begins so can't be tweets."""
    text = head.lstrip()
    if text.startswith((b"{", b"[")):
        return
    for magic, kind, command in _BINARY:
        if head.startswith(magic):
            raise _refusal(name, f"is {kind}", command)
    if head[_TAR[0] :].startswith(_TAR[1]):
        raise _refusal(name, "is a tar archive", "tar -xOf {file} | {produce}")
    # A tar archive is told by bytes that come late; all of a look is there unless it is a pipe.
    if b"\0" in head[:_LOOK] and (ended or len(head) >= 512) and b'\n{"' not in head[:_LOOK]:
        raise _refusal(name, "is binary data, of no kind that is known", "")
    if text.startswith(b"window."):
        _require_archive_of_tweets(text, name, author)
    line, newline, _ = text.partition(b"\n")
    if not line or not (newline or ended):
        return
    if line.startswith(b"<"):
        kind = "HTML" if re.match(rb"<(!doctype html|html|head|body)", line, re.I) else "XML"
        raise _refusal(name, f"is {kind}", "")
    numbers = [number.strip() for number in text.split(b"\n")[:-1] if number.strip()]
    if len(numbers) > 1 and all(number.isdigit() and len(number) > 4 for number in numbers[:100]):
        raise _refusal(name, "is a list of ids", _HYDRATE)
    if _is_csv(line):
        raise _refusal(name, "is a table (CSV)", _CSV_TO_NDJSON)


def _require_archive_of_tweets(text: bytes, name: str, author: str | None) -> None:
    if not (found := _ARCHIVE.match(text)):
        return
    of = found[1]
    if of not in _OF_TWEETS:
        raise _refusal(
            name,
            f"is a part of X's archive that holds no tweets ({of.decode()})",
            "the tweets are in data/tweets.js",
        )
    if author is None:
        raise author_needed(name)


def author_needed(name: str) -> SettingsError:
    """The refusal of X's own archive without --author."""
    return _refusal(
        name,
        "is X's archive of an account, whose tweets don't say whose they are",
        "add --author NAME, the account's name or id",
    )


def if_long_page(name: str) -> str:
    """What to do where more is in one page than can be in memory."""
    return "If it is a page of tweets, cut it into shorter ones: " + _with_names(_SHORTER, name)


def _is_csv(line: bytes) -> bool:
    """Whether a first line is the names of columns, or cells in quotes."""
    text = line.decode(errors="replace").strip()
    for delimiter in ",;\t|":
        with suppress(csv.Error):
            cells = next(csv.reader([text], delimiter=delimiter), [])
            if len(cells) > 1 and (
                # The column of pandas' index has no name.
                all(_COLUMN.fullmatch(cell) for cell in cells[cells[0] == "" :])
                or (text.startswith('"') and f'"{delimiter}' in text)
            ):
                return True
    return False


def _refusal(name: str, what: str, command: str) -> SettingsError:
    file = "standard input" if name == STDIN else name
    return SettingsError(
        f"{file} {what}, and can't be sent as tweets; nothing was sent"
        + (f": {_with_names(command, name)}" if command else "")
    )


def _with_names(command: str, name: str) -> str:
    return command.format(
        file="FILE" if name == STDIN else shlex.quote(name), produce="tweetpipe produce file -"
    )
