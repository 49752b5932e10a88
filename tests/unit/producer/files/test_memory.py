from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest

from tests.tweets import file_source
from tests.unit.producer.files.forms import json_of, search, tweets

MB = 1_000_000


@pytest.mark.parametrize("name", ["array", "search", "gzip", "gzip of blanks"])
def test_a_long_file_takes_little_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "tweets"
    pad = "x" * 20_000
    some = [tweet | {"pad": pad} for tweet in tweets(50)]
    part = b",\n".join(map(json_of, some))
    with gzip.open(path, "wb", 1) if name.startswith("gzip") else path.open("wb") as file:
        if name == "gzip of blanks":
            file.write((b" " * 999 + b"\n") * 10_000)
        else:
            before, after = search([{}]).split(b"{}") if name == "search" else (b"[", b"]")
            file.write(before.replace(b":", b":\n", 1) + part)
            for _ in range(9):
                file.write(b",\n" + part)
            file.write(after)

    tracemalloc.start()
    try:
        count = sum(1 for _ in file_source(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == (0 if name == "gzip of blanks" else 10 * 50)
    assert peak < 4 * MB
