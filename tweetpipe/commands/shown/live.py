"""A snapshot for a terminal of any size, and as a plain line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from tweetpipe.commands.terminal import printable
from tweetpipe.live.snapshot import Health, Landed, Point, Snapshot
from tweetpipe.looking.metrics import MappingCounts
from tweetpipe.words import counted

# Symbols, because color alone is not accessible.
_MARKS = {"ok": "●", "idle": "○", "warning": "▲", "error": "✖", "unknown": "?"}
LABELS = {
    "stack": "stack",
    "stream": "stream",
    "function": "function",
    "table": "EventData",
    "dead_letters": "dead letters",
}
_STYLES = {"ok": "green", "idle": "cyan", "warning": "yellow", "error": "bold red", "unknown": ""}

_NARROW = 60  # columns
_LABEL = 13  # columns
_NOTHING = "-"
_BLOCKS = "▁▂▃▄▅▆▇█"


def screen(
    snapshot: Snapshot, history: Sequence[Point], *, width: int, height: int
) -> RenderableType:
    """As much as fits on the screen, the most important first."""
    lines = [_title(snapshot, width), *_parts(snapshot, width)]
    series = _series(snapshot, history, width)
    footer = _reads(snapshot, width)
    if height - len(lines) > len(series) + 1:
        lines += series
    room = height - len(lines) - 1
    shown: list[RenderableType] = [*lines[:height]]
    if room > 2:
        shown.append(_events(snapshot.newest[: room - 1], width))
        rows = min(len(snapshot.newest), room - 1)
        shown += [Text("")] * (room - 1 - rows)
        shown.append(footer)
    return Group(*shown)


def plain(snapshot: Snapshot) -> str:
    """The snapshot in one line, followed by a line for each problem."""
    at = f"{datetime.fromtimestamp(snapshot.at, UTC):%Y-%m-%d %H:%M:%S}Z"
    if snapshot.reachable.state != "ok":
        return f"{at}  {snapshot.reachable.state}: {_in_one_line(snapshot.reachable.why)}"
    figures = ", ".join(
        (
            f"{_rate(snapshot.stream.records_per_s)} in",
            f"{_rate(snapshot.table.items_per_s)} stored",
            f"latency {_seconds(snapshot.latest.p50_s)} (p99 {_seconds(snapshot.latest.p99_s)})",
            f"{_seconds(snapshot.function.iterator_age_s)} behind",
            _counted(snapshot.table.total, "item"),
            _counted(snapshot.dead_letters.total, "dead letter"),
            *mapping_words(snapshot.function.counted),
        )
    )
    lines = [f"\n    {line.plain}" for line in troubles(snapshot.healths)]
    return f"{at}  {figures}{''.join(lines)}"


def troubles(healths: Mapping[str, Health]) -> list[Text]:
    """A line for each part that has a problem."""
    return [
        Text(f"{LABELS[name]}: {health.state}: {_in_one_line(health.why)}", _STYLES[health.state])
        for name, health in healths.items()
        if health.state not in ("ok", "idle")
    ]


def mapping_words(found: MappingCounts | None) -> list[str]:
    """AWS's own counts of the records between the stream and the function, if known."""
    if found is None:
        return []
    counts = {
        "polled": found.polled,
        "handed to the function": found.invoked,
        "in failed calls": found.failed,
        "given up": found.given_up,
        "dropped": found.dropped,
    }
    return [f"{value:,.0f} {what}" for what, value in counts.items() if value is not None]


def mark(health: Health) -> Text:
    """The state as a symbol and a word."""
    return Text(f"{_MARKS[health.state]} {health.state}", _STYLES[health.state])


def _title(snapshot: Snapshot, width: int) -> Text:
    at = f"{datetime.fromtimestamp(snapshot.at, UTC):%H:%M:%S}Z"
    where = f"AWS, {snapshot.region}"
    if snapshot.target == "local":
        where = f"local, {printable(snapshot.endpoint)}" if snapshot.endpoint else "local"
    when = Text(f"  {at}", style="dim")
    title = Text(f"{printable(snapshot.stack)} ({where})", style="bold")
    # A long name is cut off, not the time, which shows that the figures are recent.
    return _fitted(_fitted(title, max(width - len(when), 1)) + when, width)


def _in_five_minutes(counts: list[str]) -> list[str]:
    return [f"in 5 min {counts[0]}", *counts[1:]] if counts else []


def _parts(snapshot: Snapshot, width: int) -> list[Text]:
    if snapshot.reachable.state != "ok":
        # Wrapped instead of cut off, because the sentence says what to do.
        reason = Text(f"{_MARKS[snapshot.reachable.state]} {_in_one_line(snapshot.reachable.why)}")
        reason.stylize(_STYLES[snapshot.reachable.state])
        return [*_wrapped(reason, width), Text("")]
    function, table, letters = snapshot.function, snapshot.table, snapshot.dead_letters
    shards = counted(len(snapshot.stream.shards), "shard")
    figures = {
        "stream": [f"{_rate(snapshot.stream.records_per_s)} on {shards}"],
        "function": [
            f"{_rate(function.invocations_per_s)} calls",
            f"{_rate(function.errors_per_s)} failed",
            f"{_seconds(function.iterator_age_s)} behind",
            _milliseconds(function.duration_ms),
            *_in_five_minutes(mapping_words(function.counted)),
        ],
        "table": [f"{_rate(table.items_per_s)} stored", _counted(table.total, "item")],
        "dead_letters": [_count(letters.total)],
    }
    lines = []
    for name, health in snapshot.healths.items():
        line = Text.assemble(
            (f"{_MARKS[health.state]} ", _STYLES[health.state]), f"{LABELS[name]:<{_LABEL}}"
        )
        line.append(_that_fit(figures[name], width - len(line)))
        lines.append(_fitted(line, width))
        if health.why:
            # Wrapped instead of cut off, because it names the command to run.
            why = Text(f"{health.state}: {_in_one_line(health.why)}")
            why.stylize(_STYLES[health.state])
            indented = Text(" " * (_LABEL + 2))
            lines += [indented + line for line in _wrapped(why, max(width - len(indented), 8))]
    return lines


def _series(snapshot: Snapshot, history: Sequence[Point], width: int) -> list[Text]:
    latest = snapshot.latest
    rows = (
        ("in", [p.records_per_s for p in history], _rate(latest.records_per_s)),
        ("stored", [p.items_per_s for p in history], _rate(latest.items_per_s)),
        (
            "latency",
            [p.p50_s for p in history],
            f"{_seconds(latest.p50_s)}, p99 {_seconds(latest.p99_s)}",
        ),
    )
    room = max(width - _LABEL - 4 - max(20, *(len(figure) for *_, figure in rows)), 8)
    return [
        Text(""),
        *(
            _fitted(
                Text.assemble(
                    f"  {name:<{_LABEL}}", (sparkline(values, room), "cyan"), f"  {figure}"
                ),
                width,
            )
            for name, values, figure in rows
        ),
    ]


def sparkline(values: Sequence[float | None], width: int) -> str:
    """The last `width` values, scaled from 0 to the highest; missing values are gaps."""
    shown = values[-width:] if width > 0 else []
    highest = max((value for value in shown if value is not None), default=0.0)
    return "".join(map(lambda value: _block(value, highest), shown)).rjust(max(width, 0))


def _block(value: float | None, highest: float) -> str:
    if value is None:
        return " "
    if highest <= 0:
        return _BLOCKS[0]
    return _BLOCKS[min(int(value / highest * len(_BLOCKS)), len(_BLOCKS) - 1)]


def _events(newest: Sequence[Landed], width: int) -> Table:
    table = Table(
        Column("Landed", no_wrap=True),
        *([] if width < _NARROW else [Column("Took", no_wrap=True, justify="right")]),
        Column("Title", no_wrap=True, ratio=1, overflow="ellipsis"),
        Column("Text", no_wrap=True, ratio=3, overflow="ellipsis"),
        box=None,
        expand=True,
        header_style="dim",
        padding=(0, 1),
    )
    for event in newest:
        took = [] if width < _NARROW else [Text(_seconds(event.latency_s))]
        table.add_row(
            Text(f"{datetime.fromtimestamp(event.landed_at, UTC):%H:%M:%S}Z", style="dim"),
            *took,
            Text(printable(event.title)),
            Text(printable(event.text)),
        )
    return table


def _reads(snapshot: Snapshot, width: int) -> Text:
    reads = snapshot.reads
    each = [
        f"{name} {reads.per_s.get(name, 0):.1f} of {limit:g}"
        for name, limit in reads.limit_per_s.items()
        if limit
    ]
    line = "Press Ctrl-C to exit. "
    if each:
        line += _that_fit([f"Own reads/s: {each[0]}", *each[1:]], width - len(line))
    return _fitted(Text(line, style="dim"), width)


def _in_one_line(why: str) -> str:
    """An error's text, which may have its command on a line of its own."""
    return " ".join(printable(why).split())


def _that_fit(figures: Sequence[str], width: int) -> str:
    """As many as there is room for, the first ones first: half a number says something else."""
    shown = figures[0]
    for figure in figures[1:]:
        if len(shown) + len(figure) + 2 > width:
            break
        shown += f", {figure}"
    return shown


def _fitted(line: Text, width: int) -> Text:
    line.no_wrap = True
    line.truncate(width, overflow="ellipsis")
    return line


def _wrapped(text: Text, width: int) -> list[Text]:
    return list(text.wrap(Console(width=width), width))


def _rate(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:,.1f}/s"


def _seconds(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:,.1f} s"


def _milliseconds(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:,.0f} ms"


def _count(value: int | None) -> str:
    return _NOTHING if value is None else f"{value:,}"


def _counted(value: int | None, thing: str) -> str:
    return f"{_NOTHING} {thing}s" if value is None else counted(value, thing)
