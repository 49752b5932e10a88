from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from producer import SettingsError
from tests.tweets import file_source
from tests.unit.producer.files.conftest import Keep
from tests.unit.producer.files.forms import Tweet, Write, array, lines, tweets

THREE = tweets(3)
NOISE = bytes(range(256)) * 16


def zipped() -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("data/tweets.js", "window.YTD.tweets.part0 = []")
        return file.getvalue()


def tarred() -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            member = tarfile.TarInfo("tweets.ndjson")
            member.size = len(lines(THREE))
            archive.addfile(member, io.BytesIO(lines(THREE)))
        return file.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table tweets (id)")
        content = connection.serialize()
    connection.close()
    return content


REFUSED: dict[str, tuple[bytes, str]] = {
    "zip": (zipped(), r"is a zip archive, .* Unpack it, .*unzip -p .*some file' PATH"),
    "tar": (tarred(), "is a tar archive, .*\n  tar -xOf .*some file' [|] tweetpipe produce file -"),
    "tar in gzip": (gzip.compress(tarred()), "is a tar archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + NOISE, "is a 7z archive"),
    "Parquet": (b"PAR1" + NOISE + b"PAR1", "is Parquet, .*read_parquet"),
    "Avro": (b"Obj\x01\x04\x14avro.codec" + NOISE, "is Avro"),
    "SQLite": (database(), "is an SQLite database, .*sqlite3 -json"),
    "picture": (b"\x89PNG\r\n\x1a\n" + NOISE, "is an image"),
    "PDF": (b"%PDF-1.7\n" + NOISE, "is a PDF document"),
    "lz4": (b"\x04\x22\x4d\x18" + NOISE, "is compressed with lz4, .*lz4 -dc"),
    "encrypted by OpenSSL": (b"Salted__" + NOISE, "is encrypted"),
    "encrypted by GnuPG": (b"-----BEGIN PGP MESSAGE-----\n\nhQ\n", "is encrypted, .*gpg -d"),
    "BSON": (b"\x16\x00\x00\x00\x02text\x00\x06\x00\x00\x00hello\x00\x00" * 40, "is binary data"),
    "noise": (NOISE, "is binary data"),
    "HTML": (b"<!DOCTYPE html>\n<html><body>Log in</body></html>\n", "is HTML"),
    "HTML in one line": (b"<html><body>Log in</body></html>", "is HTML"),
    "XML": (b'<?xml version="1.0"?>\n<statuses/>\n', "is XML"),
    "CSV": (
        b"id,created_at,text,user\n1,2018-10-10,hello,ada\n",
        "is a table .CSV., .* Convert its rows to tweets.*csv.DictReader.*< .*some file'",
    ),
    "CSV with a mark": (b"\xef\xbb\xbfid;text\n1;hello\n", "is a table"),
    "CSV in UTF-16": ("id\ttext\n1\thello\n".encode("utf-16"), "is a table"),
    "CSV without names": (b'"0","1467810369","Mon Apr 06","NO_QUERY","ada","hi"\n', "is a table"),
    "CSV with pandas' index": (b",id,text\n0,1,hello\n", "is a table"),
    "CSV in gzip": (gzip.compress(b"id,text\n1,hello\n"), "is a table"),
    "ids": (b"1050118621198921728\n1050118621198921729\n", "is a list of ids, .*twarc2 hydrate"),
    "archive": (
        b"window.YTD.tweets.part0 = [\n  {" + b'\n "tweet" : {}} ]',
        "is X's archive of an account, .* Add --author NAME",
    ),
    "archive's likes": (
        b'window.YTD.like.part0 = [ {"like" : {"tweetId" : "1"}} ]',
        r"is a part of X's archive that holds no tweets \(like\), .*data/tweets\.js",
    ),
    "archive's manifest": (b"window.__THAR_CONFIG = {}", "is a part of X's archive"),
}


@pytest.mark.parametrize(("content", "told"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_tweets_is_refused_when_it_is_opened(
    keep: Keep, content: bytes, told: str
) -> None:
    with pytest.raises(SettingsError, match=f"(?s)some file {told}") as refusal:
        file_source(keep(content))
    assert str(refusal.value).count("\n") <= 1


@pytest.mark.parametrize(("content", "told"), REFUSED.values(), ids=list(REFUSED))
def test_a_pipe_is_refused_before_its_first_record(
    content: bytes, told: str, tmp_path: Path
) -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, content)
    os.close(write_end)
    try:
        source = file_source(f"/dev/fd/{read_end}")
        with pytest.raises(SettingsError, match=told.split(",")[0]):
            next(source)
    finally:
        os.close(read_end)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"1050118621198921728\n",
        b"an ordinary sentence, which has a comma\n",
        b"INFO:twarc: getting tweets\n",
        b'{"text": "\0"}\n',
        b"42\n" + lines(THREE),
    ],
)
def test_what_may_be_lines_of_tweets_is_not_refused(keep: Keep, content: bytes) -> None:
    expected = [line for line in content.split(b"\n") if line]
    assert [record.data for record in file_source(keep(content))] == expected


def test_the_command_for_csv_makes_tweets_of_it(keep: Keep) -> None:
    path = keep(b'id,created_at,text,user\n1,2018,"a, b",ada\n')
    with pytest.raises(SettingsError) as refusal:
        file_source(path)
    command = str(refusal.value).partition("to yours:\n  ")[2].partition(" | tweetpipe")[0]

    made = subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout

    assert [json.loads(line) for line in made.splitlines()] == [
        {"id_str": "1", "created_at": "2018", "text": "a, b", "user": {"screen_name": "ada"}}
    ]


def entry(n: int) -> Tweet:
    return {"tweet": {"id_str": str(n), "full_text": "hi", "created_at": THREE[0]["created_at"]}}


@pytest.mark.parametrize(
    "write",
    [
        lambda entries: b"window.YTD.tweets.part0 = " + array(entries, indent=2),
        lambda entries: (
            b"window.YTD.tweet.part0 = " + array([entry["tweet"] for entry in entries]) + b";\n"
        ),
        lambda entries: b"".join(
            b"window.YTD.tweets.part%d = %b\n" % (n, array([entry], indent=1))
            for n, entry in enumerate(entries)
        ),
        lambda entries: array(entries, indent=2),
        lines,
    ],
    ids=["as it is", "as it was", "in parts", "without its first words", "as lines"],
)
@pytest.mark.parametrize(("author", "user"), [("ada", "screen_name"), ("9001", "id_str")])
def test_tweets_of_an_archive_get_their_author(
    keep: Keep, write: Write, author: str, user: str
) -> None:
    path = keep(write([entry(1), entry(2)]))
    records = list(file_source(path, author=author))

    assert [record.partition_key for record in records] == [author, author]
    assert [json.loads(record.data) for record in records] == [
        {**entry(n)["tweet"], "user": {user: author}} for n in (1, 2)
    ]


def test_an_archive_without_its_first_words_needs_an_author_too(keep: Keep) -> None:
    source = file_source(keep(array([entry(1)], indent=1)))
    with pytest.raises(SettingsError, match="Add --author"):
        next(source)


def test_tweets_that_name_their_author_keep_them(keep: Keep) -> None:
    for content in (array(THREE, indent=1), b"Grailbird.data.tweets_2018_10 =\n" + array(THREE)):
        keys = [record.partition_key for record in file_source(keep(content), author="bo")]
        assert keys == ["ada_0", "ada_1", "ada_2"]
