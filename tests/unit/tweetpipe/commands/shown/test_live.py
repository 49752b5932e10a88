from __future__ import annotations

import json
import unicodedata
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tests.unit.tweetpipe.live.snapshots import busy, landed, unreachable
from tweetpipe.commands.shown.live import plain, screen
from tweetpipe.live.snapshot import Health, Reads, Snapshot, as_json

HOSTILE = "\x1b[2J\x1b]0;title\x07<script>\r\n\u202e[bold]red[/bold]"


def lines(snapshot: Snapshot, width: int, height: int) -> list[str]:
    """What a terminal of this size shows."""
    console = Console(width=width, height=height, color_system=None)
    shown = screen(snapshot, [snapshot.latest] * 5, width=width, height=height)
    options = console.options.update(width=width, height=height)
    rendered = console.render_lines(shown, options, pad=False)
    return ["".join(segment.text for segment in line) for line in rendered]


@settings(deadline=None)  # a busy machine draws slowly
@given(st.integers(1, 200), st.integers(1, 60), st.integers(0, 100))
def test_it_is_never_larger_than_the_terminal(width: int, height: int, tweets: int) -> None:
    for snapshot in (busy(*[landed("長い" * 50)] * tweets), unreachable()):
        shown = lines(snapshot, width, height)
        assert len(shown) <= height
        measure = Console(width=width)
        assert all(measure.measure(line).maximum <= width for line in map(str.rstrip, shown))


def test_a_usual_terminal_shows_all_there_is() -> None:
    shown = "\n".join(lines(busy(*[landed()] * 30), 80, 24))

    for words in (
        "tweets (local, http://127.0.0.1:4566)",
        "● stream       50.0/s on 1 shard",
        "● function     2.0/s calls, 0.0/s failed, 0.5 s behind, 12 ms",
        "● EventData    49.5/s stored, 12,345 items",
        "▲ dead letters 2",
        "warning: 2 wait.",
        "latency",
        "0.5 s, p99 1.2 s",
        "Ada",
        "hello",
        "kinesis 2.0 of 20",
    ):
        assert words in shown


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_figure_is_cut(width: int) -> None:
    many = busy(landed())
    function = replace(
        many.function,
        invocations_per_s=12_345.6,
        errors_per_s=12_345.6,
        iterator_age_s=86_399.0,
        duration_ms=899_999.0,
    )
    latest = replace(many.latest, p50_s=1_200.0, p99_s=86_399.0)
    services = dict.fromkeys(("kinesis", "dynamodb", "lambda", "sqs", "logs"), 12.5)
    shown = lines(
        replace(many, function=function, latest=latest, reads=Reads(services, services)),
        width,
        24,
    )

    assert "…" not in "".join(line for line in shown if "hello" not in line)
    assert "12,345.6/s calls, 12,345.6/s failed" in shown[2]
    assert any("1,200.0 s, p99 86,399.0 s" in line for line in shown)


def test_a_long_name_does_not_displace_the_time() -> None:
    shown = lines(replace(busy(), stack="s" * 128), 60, 24)

    assert shown[0].endswith("s…  08:00:00Z")


def test_a_reason_is_shown_whole() -> None:
    why = "The function failed 3 times. To see the reason, run: tweetpipe logs --stack tweets-test."
    failing = busy(landed())
    function = replace(failing.function, health=Health("error", why))

    shown = lines(replace(failing, function=function), 60, 24)

    assert why in " ".join(" ".join(shown).split())


def test_a_small_terminal_shows_the_states_first() -> None:
    shown = lines(busy(landed()), 30, 5)

    assert [line[0] for line in shown[1:5]] == ["●", "●", "●", "▲"]


def test_what_is_wrong_is_shown_as_a_whole_sentence() -> None:
    shown = " ".join(" ".join(lines(unreachable(), 20, 10)).split())

    assert "✖ No emulator answers. Start it: tweetpipe up." in shown


def test_hostile_text_is_shown_as_text() -> None:
    snapshot = busy(landed(HOSTILE, HOSTILE))
    for shown in (*lines(snapshot, 200, 40), plain(snapshot)):
        assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]
    assert "[bold]red[/bold]" in "\n".join(lines(snapshot, 200, 40))


def test_a_plain_line_has_the_figures_and_below_what_is_wrong() -> None:
    assert plain(busy()).split("\n") == [
        "2027-01-15 08:00:00Z  50.0/s in, 49.5/s stored, latency 0.5 s (p99 1.2 s), 0.5 s behind, "
        "12,345 items, 2 dead letters",
        "    dead letters: warning: 2 wait.",
    ]
    assert plain(unreachable()) == (
        "2027-01-15 08:00:00Z  error: No emulator answers. Start it: tweetpipe up."
    )


def test_as_json_has_the_names_of_the_fields() -> None:
    found = json.loads(json.dumps(as_json(busy(landed(HOSTILE)))))

    assert list(found) == [field.name for field in fields(Snapshot)]
    assert found["newest"][0]["text"] == HOSTILE
    assert found["stream"]["shards"][0]["records_per_s"] == 50
