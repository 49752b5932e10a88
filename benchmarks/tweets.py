"""The tweets that are sent, made once and kept in a file.

`python -m benchmarks.tweets` makes them. `fake_tweets` does so if the file is missing.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

Tweet = tuple[bytes, str]
"""The data of a record and its partition key."""

SEED = 7
DISTINCT = 10_000
_ROOT = Path(__file__).parent.parent
_KEPT = _ROOT / "build" / "benchmarks" / "tweets.pickle"


def fake_tweets(count: int) -> list[Tweet]:
    """Return `count` fake tweets, repeating the first 10,000."""
    if not _KEPT.exists():
        _make_tweets()
    kept: list[Tweet] = pickle.loads(_KEPT.read_bytes())
    return list(islice(cycle(kept), count))


def _make_tweets() -> None:
    """Make them in the project's environment, because the peers' lacks what is needed."""
    own = _ROOT / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    subprocess.run([python, "-m", "benchmarks.tweets"], cwd=_ROOT, check=True)


def _keep_tweets() -> None:
    from tweets.fakes import records

    made = [(it.data, it.partition_key) for it in records(SEED, count=DISTINCT)]
    _KEPT.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when complete, in case two processes make it at the same time.
    new = _KEPT.with_suffix(f".{os.getpid()}")
    new.write_bytes(pickle.dumps(made))
    new.replace(_KEPT)


if __name__ == "__main__":
    _keep_tweets()
