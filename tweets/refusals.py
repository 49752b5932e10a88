"""Text files that hold no tweets, with the command that converts them where there is one."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from functools import partial

from producer import SettingsError
from producer.files import refusals
from producer.files.refusals import with_names

_CSV_TO_NDJSON = (
    "Convert its rows to tweets, after you change the column names in this command to yours: "
    "python3 -c 'import csv, json, sys; "
    '[print(json.dumps({{"id_str": row["id"], "created_at": row["created_at"], '
    '"text": row["text"], "user": {{"screen_name": row["user"]}}}})) '
    "for row in csv.DictReader(sys.stdin)]' < {file} | {produce}"
)
_HYDRATE = "Fetch the tweets from X: twarc2 hydrate {file} | {produce}"
_SHORTER = (
    "jq -c 'range(0; .data | length; 500) as $n | .data |= .[$n:$n + 500]' {file} | {produce}"
)
_COLUMN = re.compile(r"[A-Za-z_][\w.:/\[\]()#-]*( [\w.:/\[\]()#-]+){0,2}", re.ASCII)
_ARCHIVE = re.compile(rb"window\.(?:YTD\.)?(\w+)[\w.]*\s*=")
_OF_TWEETS = frozenset(
    {b"tweet", b"tweets", b"deleted_tweet", b"deleted_tweets", b"community_tweet"}
)


_refusal = partial(refusals.refusal, nouns="tweets")


def require_tweets(head: bytes, name: str, *, ended: bool, author: str | None) -> None:
    """Raise SettingsError if a text with this beginning can't be tweets."""
    text = head.lstrip()
    if text.startswith((b"{", b"[")):
        return
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
            "The tweets are in data/tweets.js",
        )
    if author is None:
        raise author_needed(name)


def author_needed(name: str) -> SettingsError:
    """The error for X's own archive without --author."""
    return _refusal(
        name,
        "is X's archive of an account, whose tweets don't name their author",
        "Add --author NAME, the account's name or id",
    )


def if_long_page(name: str) -> str:
    """What to do if a page is too large for memory."""
    return "If it is a page of tweets, split it into shorter ones:\n  " + with_names(_SHORTER, name)


def _is_csv(line: bytes) -> bool:
    """Whether a first line has column names or quoted cells."""
    text = line.decode(errors="replace").strip()
    for delimiter in ",;\t|":
        with suppress(csv.Error):
            cells = next(csv.reader([text], delimiter=delimiter), [])
            if len(cells) > 1 and (
                # pandas' index column has no name.
                all(_COLUMN.fullmatch(cell) for cell in cells[cells[0] == "" :])
                or (text.startswith('"') and f'"{delimiter}' in text)
            ):
                return True
    return False
