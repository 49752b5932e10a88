"""Fuzz the processor, and the producer's reading of records: `python -m tests.fuzz FOLDER`.

FOLDER keeps the corpus from run to run, and gets the input of a finding; to run that input again,
name its file instead. Further arguments are libFuzzer's: -runs=N, -max_total_time=SECONDS.
"""

from __future__ import annotations

import importlib
import sys
from hashlib import sha1
from pathlib import Path
from typing import Any
from zlib import crc32

_TOKENS = Path(__file__).with_name("tokens.dict")
# A record may have a megabyte; what only a long one can do is among the edits of tweets.
_MAX_INPUT_BYTES = 4096
_HEAVY_ONE_IN = 200
_INFLATING_ONE_IN = 20_000


def main(arguments: list[str]) -> int:
    """Set atheris up; it ends the process itself once it has begun."""
    if not arguments or arguments[0].startswith("-"):
        print("Usage: python -m tests.fuzz FOLDER|FILE [-runs=N ...]", file=sys.stderr)  # noqa: T201
        return 2
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        print(  # noqa: T201
            "Fuzzing needs atheris, which exists for Linux on x86_64 and Python 3.11 to 3.13. "
            "The same rules are tested everywhere by tests/unit/processor/test_fuzzed.py.",
            file=sys.stderr,
        )
        return 1
    # Not its hook for regular expressions: that breaks Pattern.match with a position, so json.
    atheris.enabled_hooks.add("str")
    # With the ways to edit a tweet and the naive reading, whose branches tell inputs apart too.
    with atheris.instrument_imports(include=["processor", "producer", "tests.fuzz"]):
        from tests.fuzz.inflating import inflating, judge_inflated
        from tests.fuzz.judge import judge
        from tests.fuzz.payloads import payloads

    def one_input(data: bytes) -> None:
        # By a checksum, so that what is made from a heavy input is as rarely heavy as any other.
        checksum = crc32(data)
        heavy = checksum % _HEAVY_ONE_IN == 0
        draws = atheris.FuzzedDataProvider(data)
        if checksum % _INFLATING_ONE_IN == 1:
            judge_inflated(inflating(draws))
            return
        judge(payloads(draws, heavy=heavy), draws)

    atheris.Setup([sys.argv[0], *_options(Path(arguments[0])), *arguments[1:]], one_input)
    atheris.Fuzz()
    return 0


def _options(place: Path) -> list[str]:
    if place.is_file():
        return [str(place)]
    corpus = place / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    _sow(corpus)
    return [
        str(corpus),
        f"-artifact_prefix={place}/",
        f"-dict={_TOKENS}",
        f"-max_len={_MAX_INPUT_BYTES}",
    ]


def _sow(corpus: Path) -> None:
    """Put in the tweets the edits start from as they are, some together, and a few edited ones."""
    from tests.fuzz.aggregates import aggregate
    from tests.fuzz.payloads import bases

    # A provider takes numbers from the end: one payload (0), of raw bytes (0).
    seeds = [data + b"\0\0" for data in bases()]
    seeds += [aggregate(bases()[start : start + 2]) + b"\0\0" for start in range(2, 24, 2)]
    seeds += [b"text" * 8 + bytes([kind] * 24) + b"\1\0" for kind in range(64)]
    for seed in seeds:
        (corpus / sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
