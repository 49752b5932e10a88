"""tweetpipe up, down and status."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

import localstack_embedded
from localstack_embedded import Instance
from tweetpipe import health, terminal
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    JsonOption,
    StackOption,
    TargetOption,
    open_stack,
)
from tweetpipe.metrics import WINDOW, Metrics
from tweetpipe.place import Target
from tweetpipe.project import LOCALSTACK_HOME

PortOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=65535,
        show_default="4566, or the next free one",
        help="Port to listen on, on this machine only.",
    ),
]


def up(port: PortOption = None) -> None:
    """Start the embedded LocalStack; the first time, its environment is made under .localstack/."""
    start_localstack(port)


def down() -> None:
    """Stop the embedded LocalStack, and with it everything deployed there."""
    if localstack_embedded.stop(LOCALSTACK_HOME, on_step=terminal.say):
        terminal.done("LocalStack has stopped.")
    else:
        terminal.say("LocalStack is not running; nothing to do.")


def status(
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Show the parts of the stack and what they did in the last minutes.

    The exit code is 1 when the stack, or the emulator, is not there.
    """
    place, deployed = open_stack(target, stack_name)
    found = health.look(place, deployed)
    report: dict[str, Any] = {
        "endpoint": place.endpoint,
        "region": place.region,
        "stack": deployed.name,
        "status": deployed.status,
        **asdict(found),
        "outputs": dict(deployed.outputs),
    }
    if as_json:
        terminal.print_json(report)
        return
    table = Table(show_header=False, title=f"Stack {deployed.name}")
    table.add_row("place", place.endpoint or f"AWS, {place.region}")
    table.add_row("stack", deployed.status)
    table.add_row(
        "stream", f"{found.stream_status}, {found.stream_mode}, {found.shards} open shards"
    )
    table.add_row("function", f"mapping {found.mapping_state}, last batch: {found.last_result}")
    table.add_row("EventData", f"{found.items:,} items")
    table.add_row("dead letters", f"{found.dead_letters:,}")
    for name, figure in figures(found.metrics, is_local=place.is_local):
        table.add_row(name, figure)
    terminal.out.print(table)


def figures(found: Metrics, *, is_local: bool) -> list[tuple[str, str]]:
    """The rows of what CloudWatch measured; no figure is not the same as 0."""
    minutes = f"{WINDOW.total_seconds() / 60:.0f} min"
    nothing = "not measured here" if is_local else found.why_not or f"no figures in {minutes}"

    def each(*parts: tuple[float | None, str]) -> str:
        known = [form.format(value) for value, form in parts if value is not None]
        return ", ".join(known) or nothing

    seconds = WINDOW.total_seconds()
    arrived, stored = (v and v / seconds for v in (found.arrived, found.stored))
    return [
        (f"throughput, {minutes}", each((arrived, "{:,.1f}/s in"), (stored, "{:,.1f}/s stored"))),
        (f"iterator age, {minutes}", each((found.iterator_age, "{:,.1f} s at most"))),
        (
            f"errors, {minutes}",
            each(
                (found.errors, "{:,.0f} failed calls"),
                (found.throttles, "{:,.0f} throttled"),
                (found.unhandled, "{:,.0f} records left for a retry"),
            ),
        ),
    ]


def start_localstack(port: int | None) -> Instance:
    """Starts LocalStack, or finds it running, and says so."""
    started = time.monotonic()
    instance = localstack_embedded.start(LOCALSTACK_HOME, port=port, on_step=terminal.say)
    if instance.started_by_this_call:
        verb, after = "is ready", f" after {time.monotonic() - started:.1f} s"
    else:
        verb, after = "is already running", ""
    terminal.done(f"LocalStack {instance.version} {verb} at {instance.endpoint}{after}.")
    return instance
