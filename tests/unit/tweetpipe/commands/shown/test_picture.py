from __future__ import annotations

import io
import math
import os
import re
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from tests.unit.tweetpipe.live.snapshots import AT, busy
from tweetpipe.commands.shown.live import screen
from tweetpipe.live.snapshot import DeadLettersState, Health, Landed, Point, Reads, Shard, Snapshot
from tweetpipe.looking.verify import expected_items
from tweetpipe.project import ROOT

# Rich's picture loads a font from the network.
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
# It also squeezes wide letters into the room of narrow ones.
_LENGTH = re.compile(r' textLength="[\d.]+"')

COLUMNS, ROWS = 100, 28


def at_work() -> Snapshot:
    """200 tweets a second through two shards."""
    items = list(expected_items(8, ROWS).values())
    newest = tuple(
        Landed(
            key=(item["Username"], item["Id"]),
            title=item["Username"],
            time=item["Timestamp"],
            text=item["Message"],
            shard="shardId-000000000000",
            sequence_number=str(n),
            latency_s=0.4 + n % 5 / 10,
            landed_at=AT - n // 5,
        )
        for n, item in enumerate(items)
    )
    snapshot = busy(*newest)
    shards = (Shard("shardId-000000000000", 110.0, 0.4), Shard("shardId-000000000001", 92.0, 0.3))
    return replace(
        snapshot,
        stream=replace(snapshot.stream, shards=shards, records_per_s=202.0),
        table=replace(snapshot.table, items_per_s=200.8, total=159904),
        dead_letters=DeadLettersState(
            Health("warning", "2 wait. See why: tweetpipe dead-letters list."), None, None, 2
        ),
        latest=point(0),
        reads=Reads(
            {"kinesis": 2.0, "dynamodb": 4.8, "sqs": 0.5, "logs": 0.5},
            {"kinesis": 20.0, "dynamodb": 6.0, "sqs": 1.0, "logs": 1.0},
        ),
    )


def point(ago: int) -> Point:
    wave = math.sin(ago / 9)
    return Point(AT - ago, 202 + 150 * wave, 200.8 + 140 * wave, 0.6 + 0.3 * wave, 1.2, 0, 0)


def test_a_picture_of_the_terminal(tmp_path: Path) -> None:
    """With SCREENSHOTS=1, it becomes the one of the README."""
    console = Console(
        record=True, width=COLUMNS, height=ROWS, file=io.StringIO(), force_terminal=True
    )
    history = [point(ago) for ago in reversed(range(90))]
    console.print(screen(at_work(), history, width=COLUMNS, height=ROWS))
    picture = console.export_svg(title="tweetpipe watch", theme=MONOKAI, unique_id="watch")
    picture = _LENGTH.sub("", _FONT_FACE.sub("", picture)).replace(
        "Fira Code, monospace", "monospace"
    )

    asked = os.environ.get("SCREENSHOTS") == "1"
    path = ROOT / "docs/images/watch.svg" if asked else tmp_path / "watch.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture, encoding="utf-8")

    assert "url(http" not in picture
    assert "dead&#160;letters" in picture
