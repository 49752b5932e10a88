"""The report of tweetpipe status, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands.shown.live import LABELS, mapping_words, mark
from tweetpipe.live.snapshot import Health, Snapshot
from tweetpipe.looking.metrics import WINDOW, Metrics
from tweetpipe.words import counted

_NOTHING_YET = "No records processed"


def as_json(
    place: Place,
    deployed: Stack,
    seen: Snapshot,
    measured: Metrics,
    healths: Mapping[str, Health],
) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "endpoint": place.address,
        "region": place.region,
        "stack": deployed.name,
        "status": deployed.status,
        "health": {name: asdict(health) for name, health in healths.items()},
        "stream_status": seen.stream.status,
        "stream_mode": seen.stream.mode,
        "shards": seen.stream.open_shards,
        "mapping_state": seen.function.mapping,
        "last_result": seen.function.last_result,
        "reserved_concurrency": seen.function.reserved_concurrency,
        "items": seen.table.total,
        "dead_letters": seen.dead_letters.total,
        "metrics": asdict(measured),
        "outputs": dict(deployed.outputs),
    }


def as_table(
    place: Place,
    deployed: Stack,
    seen: Snapshot,
    measured: Metrics,
    healths: Mapping[str, Health],
) -> Table:
    """The report as a table, without the problems, which are printed below it."""
    stream, function = seen.stream, seen.function
    shards = None if stream.open_shards is None else counted(stream.open_shards, "open shard")
    # An emulator always reports this result, whatever it has processed.
    told = function.last_result and not (place.is_local and function.last_result == _NOTHING_YET)
    last = f"last batch: {function.last_result}" if told else None
    facts = {
        "stack": deployed.status,
        "stream": _known(stream.status, stream.mode, shards),
        "function": _known(function.mapping and f"mapping {function.mapping}", last),
        "table": "-" if seen.table.total is None else counted(seen.table.total, "item"),
        "dead_letters": "-" if seen.dead_letters.total is None else f"{seen.dead_letters.total:,}",
    }
    table = Table(show_header=False, title=f"Stack {deployed.name}")
    table.add_row("place", "", place.address or f"AWS, {place.region}")
    for name, health in healths.items():
        table.add_row(LABELS[name], mark(health), Text(facts[name]))
    for name, figure in figures(measured, is_local=place.is_local):
        table.add_row(name, "", figure)
    return table


def _known(*facts: str | None) -> str:
    return ", ".join(filter(None, facts)) or "-"


def figures(found: Metrics, *, is_local: bool) -> list[tuple[str, str]]:
    """The rows with CloudWatch's metrics; a missing metric is not shown as 0."""
    minutes = f"{WINDOW.total_seconds() / 60:.0f} min"
    nothing = found.why_not or ("not measured here" if is_local else f"no figures in {minutes}")
    seconds = WINDOW.total_seconds()
    arrived, stored = (v and v / seconds for v in (found.arrived, found.stored))

    def each(*parts: str | None) -> str:
        return ", ".join(filter(None, parts)) or nothing

    def count(value: float | None, thing: str, things: str = "") -> str | None:
        return None if value is None else counted(value, thing, things)

    return [
        (
            f"throughput, {minutes}",
            each(
                None if arrived is None else f"{arrived:,.1f}/s in",
                None if stored is None else f"{stored:,.1f}/s stored",
            ),
        ),
        (
            f"iterator age, {minutes}",
            each(None if found.iterator_age is None else f"{found.iterator_age:,.1f} s at most"),
        ),
        (
            f"errors, {minutes}",
            each(
                count(found.errors, "failed call"),
                count(found.throttles, "throttled", "throttled"),
                count(found.unhandled, "record left for a retry", "records left for a retry"),
            ),
        ),
        (f"polled by Lambda, {minutes}", each(*mapping_words(found.mapping))),
    ]
