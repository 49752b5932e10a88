"""The command-line application and its commands."""

from __future__ import annotations

import inspect
import re
from importlib.metadata import version
from typing import Annotated, Any

import typer

from tweetpipe.commands import (
    comply,
    dashboard,
    dead_letters,
    demo,
    guide,
    lifecycle,
    logs,
    look,
    new,
    plan,
    produce,
    produce_twitter,
    refused,
    stacks,
    status,
    verify,
    watch,
)


class _Program(refused.Group):
    """Lists the commands in the order in which a newcomer needs them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=guide.place)


app = typer.Typer(
    name="tweetpipe",
    cls=_Program,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 success, 1 failure, 2 wrong usage, 3 verification found a difference, "
    "130 interrupted.",
)
_dead_letters = typer.Typer(cls=refused.Group, no_args_is_help=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tweetpipe {version('tweetpipe')}")
        raise typer.Exit


@app.callback()
def tweetpipe(
    ctx: typer.Context,
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    events: Annotated[  # __main__ removes it from the arguments before they get here
        str | None,
        typer.Option(
            "--events",
            metavar="FOLDER",
            show_default="tweets",
            help="Folder that defines your events. Works anywhere on the command line. You can "
            "also set TWEETPIPE_EVENTS, or events under \\[tool.tweetpipe] in pyproject.toml.",
        ),
    ] = None,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Show the traceback of an error. Works anywhere on the command line.",
        ),
    ] = False,
) -> None:
    """Send tweets, or your own events, through Amazon Kinesis and AWS Lambda to DynamoDB."""
    if ctx.invoked_subcommand is None:
        for line in guide.first_steps():
            typer.echo(line)


@_dead_letters.callback()
def _group_of_dead_letters() -> None:
    """Show, redrive, or delete records that could not be stored."""


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
produce.sources.command()(produce_twitter.twitter)
app.add_typer(verify.sources, name="verify")
app.command()(look.query)
app.command()(comply.comply)
app.command()(plan.plan)
app.command()(dashboard.dashboard)
app.add_typer(_dead_letters, name="dead-letters")
_dead_letters.command("list")(dead_letters.list_command)
_dead_letters.command()(dead_letters.show)
_dead_letters.command("redrive")(dead_letters.redrive_command)
_dead_letters.command()(dead_letters.purge)


def _flowing(help_text: str | None) -> str | None:
    """The text with one line per paragraph, so that the help wraps it at any width.

    Rich's markup mode keeps the line breaks of a docstring in all paragraphs but the first.
    """
    return help_text and re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(help_text))


for _within, _typer in {
    "": app,
    "dead-letters ": _dead_letters,
    "produce ": produce.sources,
    "verify ": verify.sources,
}.items():
    for _registered in _typer.registered_commands:
        _registered.cls = refused.Command
    _below: list[Any] = [*_typer.registered_commands, *_typer.registered_groups]
    for _each in _below:
        _name = _within + (_each.name or _each.callback.__name__)
        if _examples := guide.epilog(_name):
            _each.epilog = _examples
        _each.rich_help_panel = guide.panel(_name)
        _group = getattr(_each, "typer_instance", None)
        _described = _group.registered_callback.callback if _group else _each.callback
        _each.help = _flowing(_described.__doc__)
