"""The command line: which commands there are."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tweetpipe.commands import (
    comply,
    dashboard,
    dead_letters,
    demo,
    lifecycle,
    logs,
    look,
    new,
    plan,
    produce,
    produce_twitter,
    stacks,
    status,
    verify,
    watch,
)


class _Command(TyperCommand):
    """Refuses numbers that pass every limit: nan is neither below nor above one."""

    def invoke(self, ctx: Any) -> object:  # typer's own class, which it doesn't export
        parameter: Any
        for parameter in self.params:
            value = ctx.params.get(parameter.name or "")
            if isinstance(value, float) and not math.isfinite(value):
                raise typer.BadParameter(f"{value} is not a finite number.", param=parameter)
        return super().invoke(ctx)


app = typer.Typer(
    name="tweetpipe",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 verification found a difference, "
    "130 interrupted.",
)
_dead_letters = typer.Typer(no_args_is_help=True, help="What could not be stored.")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tweetpipe {version('tweetpipe')}")
        raise typer.Exit


@app.callback()
def tweetpipe(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    events: Annotated[  # taken out of the line before it gets here
        str | None,
        typer.Option(
            "--events",
            metavar="FOLDER",
            show_default="tweets",
            help="Folder that defines the events; accepted anywhere in the line. Also set by "
            "TWEETPIPE_EVENTS, or by events in \\[tool.tweetpipe] of pyproject.toml.",
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; anywhere in the line.")
    ] = False,
) -> None:
    """Send tweets, or your own events, through Amazon Kinesis and AWS Lambda to DynamoDB."""


app.command()(demo.demo)
app.command()(new.new)
app.command()(lifecycle.up)
app.command()(lifecycle.down)
app.command()(status.status)
app.command()(watch.watch)
app.command()(logs.logs)
app.command()(stacks.deploy)
app.command()(stacks.destroy)
app.add_typer(produce.sources, name="produce")
produce.sources.command(
    epilog="Example: tweetpipe produce twitter --track yolo --track '#aws lang:en' --max-tweets 500"
)(produce_twitter.twitter)
app.add_typer(verify.sources, name="verify")
app.command()(look.query)
app.command(epilog="Example: tweetpipe comply --dry-run")(comply.comply)
app.command()(plan.plan)
app.command()(dashboard.dashboard)
app.add_typer(_dead_letters, name="dead-letters")
_dead_letters.command("list")(dead_letters.list_command)
_dead_letters.command()(dead_letters.show)
_dead_letters.command("redrive")(dead_letters.redrive_command)
_dead_letters.command()(dead_letters.purge)


for _typer in (app, _dead_letters, produce.sources, verify.sources):
    for _registered in _typer.registered_commands:
        _registered.cls = _Command


@_dead_letters.callback()
def _group() -> None:
    """What could not be stored."""
