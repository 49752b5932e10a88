"""tweetpipe produce twitter: sends posts from X's filtered stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from producer import Settings
from tweetpipe.aws.place import Target
from tweetpipe.commands.delivering import MB, UNDELIVERED, settings_of
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    PRICE,
    AggregateOption,
    GiveUpAfterOption,
    MaxInHandOption,
    MonthlyLimitOption,
    OwnCredentialsOption,
    PriceOption,
    StackOption,
    TargetOption,
    UndeliveredOption,
    open_stack,
)
from tweetpipe.commands.produce import send
from tweetpipe.commands.twitter import (
    Prices,
    Recovery,
    open_twitter,
    show_rules,
    x_credentials,
    x_rules,
)

_MOST_RECOVERED = 10_000  # $50, at X's price


def twitter(
    track: Annotated[
        list[str] | None,
        typer.Option(help="Filtered stream rule that selects posts. Repeatable."),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with more rules, one per line as tag: rule."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show which rules would change at X, then exit."),
    ] = False,
    keep_rules: Annotated[
        bool, typer.Option("--keep-rules", help="Keep the rules that earlier runs added.")
    ] = False,
    max_tweets: Annotated[
        int | None, typer.Option(min=1, help="Stop after this many posts. X charges for each.")
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(min=0.01, max=525_600, help="Stop reading after this many minutes."),
    ] = None,
    no_recovery: Annotated[
        bool,
        typer.Option("--no-recovery", help="Don't recover posts that the stream missed."),
    ] = False,
    max_recovered: Annotated[
        int,
        typer.Option(min=1, help="Maximum number of missed posts to recover. X charges for each."),
    ] = _MOST_RECOVERED,
    price_per_post: PriceOption = PRICE,
    monthly_limit: MonthlyLimitOption = None,
    max_undelivered: Annotated[
        float,
        typer.Option(
            min=0,
            max=1_000_000_000,
            help="Maximum size of the --undelivered file in MB. Posts beyond it are dropped and "
            "counted.",
        ),
    ] = Settings().max_undelivered // MB,
    aggregate: AggregateOption = False,
    give_up_after: GiveUpAfterOption = None,
    max_in_hand: MaxInHandOption = None,
    undelivered: UndeliveredOption = UNDELIVERED,
    own_credentials: OwnCredentialsOption = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
) -> None:
    """Send posts from X's filtered stream. X charges for each."""
    wanted = x_rules(track or [], rules)
    credentials = x_credentials()
    if dry_run:
        show_rules(credentials, wanted, rules, keep=keep_rules)
        return
    place, deployed = open_stack(target, stack_name)
    opened = open_twitter(
        credentials,
        wanted,
        rules,
        keep_rules=keep_rules,
        max_tweets=max_tweets,
        max_minutes=max_minutes,
        prices=Prices(per_post=price_per_post, monthly_limit=monthly_limit),
        recovery=Recovery(
            most=0 if no_recovery else max_recovered,
            folder=undelivered.parent,
            place=place,
            deployed=deployed,
        ),
    )
    send(
        opened,
        place,
        deployed,
        settings=replace(
            settings_of(give_up_after, max_in_hand, rate=None, aggregate=aggregate),
            max_undelivered=int(max_undelivered * MB),
        ),
        undelivered=undelivered,
        own_credentials=own_credentials,
    )
    if opened.fell_short():
        raise typer.Exit(1)
