"""tweetpipe dead-letters list, show, redrive and purge."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tweetpipe import dead_letters as letters
from tweetpipe.aws.errors import NothingThere, TweetpipeError, WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.aws.stack import options
from tweetpipe.commands import redriven, terminal
from tweetpipe.commands.letters_by_id import (
    deletable,
    find,
    how_to_list_ids,
    payload_of,
    reading,
    require_rejected,
    selection,
)
from tweetpipe.commands.logs import age
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    JsonOption,
    StackOption,
    TargetOption,
    open_stack,
)
from tweetpipe.commands.shown import letters as shown
from tweetpipe.commands.since import redrive_since
from tweetpipe.commands.terminal import printable
from tweetpipe.dead_letters import DeadLetter, Kind, redrive
from tweetpipe.dead_letters.redrive import Redriven
from tweetpipe.words import counted

_ID = typer.Argument(metavar="ID", help="Id as shown by list; its first characters are enough.")
IdsArgument = Annotated[list[str] | None, _ID]
_KIND = (
    "Only dead letters of this kind. rejected: a record that can never be stored as it is. "
    "exhausted: a batch that Lambda gave up on. unknown: a message from another program."
)
KindOption = Annotated[Kind | None, typer.Option("--kind", metavar="KIND", help=_KIND)]


def list_command(
    limit: Annotated[int, typer.Option(min=1, help="Maximum number to show.")] = 100,
    kind: KindOption = None,
    by_reason: Annotated[
        bool, typer.Option("--by-reason", help="Show only how many there are for each reason.")
    ] = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """List what could not be stored, and why. Changes nothing."""
    place, deployed = open_stack(target, stack_name)
    with reading():
        found, about = letters.peek(
            place,
            deployed.outputs["DeadLetterQueueUrl"],
            sys.maxsize if by_reason else limit,
            bucket=letters.bucket_of(deployed),
            wanted=lambda letter: kind in (None, letter.kind),
        )
    reasons = shown.reasons(found)
    if as_json:
        terminal.print_json(reasons if by_reason else [shown.as_json(letter) for letter in found])
    elif by_reason:
        for reason, count in reasons.items():
            terminal.out.print(Text(printable(f"{count:>9,}  {reason}")), soft_wrap=True)
    elif found:
        terminal.out.print(shown.table(found, now=datetime.now(UTC), width=terminal.out.width))
        counts = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
        terminal.say(f"By reason: {counts}.")
        most = counted(max(about, len(found)), "dead letter")
        terminal.say(f"Showing {len(found):,} of about {most}.")
    else:
        terminal.say(f"No {f'{kind} ' if kind else ''}dead letters.")


def show(
    letter_id: Annotated[str | None, _ID] = None,
    payload: Annotated[
        bool,
        typer.Option("--payload", help="Write only the record's bytes to standard output."),
    ] = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
) -> None:
    """Show one dead letter in full."""
    if letter_id is None:
        raise WrongUsage(
            f"Name a dead letter by id. {how_to_list_ids(options(target, stack_name))}"
        )
    place, deployed = open_stack(target, stack_name)
    [letter] = find(place, deployed, [letter_id])
    if payload:
        data = payload_of(place, letter)
        if terminal.out.is_terminal:
            terminal.out.print(Text(printable(data.decode(errors="replace"))), soft_wrap=True)
            return
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    terminal.out.print(shown.facts(letter, now=datetime.now(UTC)))
    if letter.text:
        terminal.out.print(Text(printable(letter.text)), soft_wrap=True)


def redrive_command(
    ids: IdsArgument = None,
    every: Annotated[bool, typer.Option("--all", help="Redrive all dead letters.")] = False,
    kind: Annotated[
        Kind | None, typer.Option("--kind", metavar="KIND", help=f"{_KIND} Needs --all.")
    ] = None,
    payload: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="File to store in place of a rejected record. Needs exactly one ID.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="AGE",
            help="Process again everything that reached the stream within this time: 30m, 6h, 1d. "
            "Also finds rejected records whose dead letters were lost. Can't be combined with ID, "
            "--all, --kind, or --payload.",
        ),
    ] = None,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Process dead letters again: rejected records, and batches that Lambda gave up on.

    Deletes a dead letter once its records are stored. Keeps it if they still can't be stored, and
    exits with code 1. You can interrupt this command and run it again at any time.

    To fix a rejected record, save it in a file with dead-letters show ID --payload, edit the file,
    and redrive it with --payload. If a batch is neither in the stream nor in a bucket of yours,
    send its records again from their source, and purge the dead letter.
    """
    if since is not None:
        if ids or every or kind or payload:
            raise WrongUsage(
                "--since reads the stream, so it can't be combined with ids, --all, --kind, or "
                "--payload."
            )
        redrive_since(since, stack_name, target, as_json=as_json)
        return
    if kind is not None and not every:
        raise WrongUsage("--kind needs --all. Add --all, or use ids without --kind.")
    if payload is not None and (every or len(ids or []) != 1):
        raise WrongUsage(
            f"--payload needs exactly one ID. {how_to_list_ids(options(target, stack_name))}"
        )
    prefixes = selection(
        ids, every=every, ways="--all or --since", options=options(target, stack_name)
    )
    data = payload.read_bytes() if payload else None
    place, deployed = open_stack(target, stack_name)
    queue_url, bucket = deployed.outputs["DeadLetterQueueUrl"], letters.bucket_of(deployed)
    chosen = {letter.id: letter for letter in find(place, deployed, prefixes)}
    if data is not None:
        require_rejected(next(iter(chosen.values())), "--payload")
    visible, held = letters.counts(place, queue_url, bucket=bucket)

    def wanted(letter: DeadLetter) -> bool:
        return letter.kind is kind if every else letter.id in chosen

    outcomes: list[Redriven] = []
    finished = False
    try:
        with terminal.counting("Redriving", total=visible if every else len(chosen)) as show_count:

            def note(outcome: Redriven) -> None:
                outcomes.append(outcome)
                show_count(len(outcomes))

            redrive.redrive(
                place,
                deployed,
                wanted=None if every and kind is None else wanted,
                on_outcome=note,
                edited={} if data is None else dict.fromkeys(chosen, data),
                at_most=None if every else len(chosen),
            )
        finished = True
    finally:
        # Also reported when the run fails or is stopped: the user needs to know how far it got.
        if as_json:
            terminal.print_json([redriven.as_json(outcome) for outcome in outcomes])
        if outcomes or not (finished and every):
            terminal.say(redriven.summary(outcomes))
    if every and held:
        which = "more" if outcomes else "dead letters"
        terminal.say(
            f"Another reader holds about {held:,} {which}. If it was killed, they become available "
            "again on their own."
        )
    elif every and not outcomes:
        terminal.say(f"No {f'{kind} ' if kind else ''}dead letters; nothing to do.")
    redriven.fail_if_kept(
        outcomes,
        missed=0 if every else len(chosen) - len(outcomes),
        options=options(place.target, deployed.name),
    )


def purge(
    ids: IdsArgument = None,
    every: Annotated[bool, typer.Option("--all", help="Delete all dead letters.")] = False,
    kind: KindOption = None,
    reason: Annotated[
        str | None, typer.Option(help="Only dead letters with this reason, as shown by list.")
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="Only dead letters at least this old: 90s, 10m, 2h, 1d."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")] = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
) -> None:
    """Delete dead letters permanently, without storing their records.

    Choose them by id, or by kind, reason, and age.
    """
    chooses = kind is not None or reason is not None or older_than is not None
    prefixes = selection(
        ids,
        every=every or chooses,
        ways="--all, --kind, --reason, or --older-than",
        options=options(target, stack_name),
    )
    before = datetime.now(UTC) - age(older_than, "--older-than") if older_than is not None else None

    def wanted(letter: DeadLetter) -> bool:
        is_old = before is None or (letter.since is not None and letter.since <= before)
        return kind in (None, letter.kind) and reason in (None, letter.reason) and is_old

    if not yes and not sys.stdin.isatty():
        raise WrongUsage(
            "purge deletes permanently, and there is no terminal to ask for confirmation. Add "
            "--yes to delete without asking."
        )
    place, deployed = open_stack(target, stack_name)
    queue_url, bucket = deployed.outputs["DeadLetterQueueUrl"], letters.bucket_of(deployed)
    # Delete only what is counted now, not what arrives while the user decides.
    found = find(place, deployed, prefixes)
    chosen = {deletable(letter, bucket).id for letter in found}
    if not prefixes:
        with reading():
            chosen = letters.every_id(place, queue_url, bucket=bucket, wanted=wanted)
    if not chosen:
        terminal.say(f"No {'such ' if chooses else ''}dead letters; nothing to do.")
        return
    if not yes:
        where = deployed.name if place.is_local else f"{deployed.name} in {place.region}"
        question = f"Permanently delete {counted(len(chosen), 'dead letter')} of the stack {where}?"
        if not terminal.agrees(question, otherwise="Add --yes to delete without asking."):
            raise NothingThere("Nothing was deleted.")
    deleted = 0

    def note(count: int) -> None:
        nonlocal deleted
        deleted = count
        show_count(count)

    try:
        with terminal.counting("Deleting", total=len(chosen)) as show_count:
            letters.purge(place, queue_url, chosen, bucket=bucket, on_deleted=note)
    except BaseException:
        # Also reported when the run fails or is stopped: the user needs to know how far it got.
        terminal.say(f"Deleted {deleted:,} of {counted(len(chosen), 'dead letter')}.")
        raise
    if deleted < len(chosen):
        raise TweetpipeError(
            f"Deleted {deleted:,} of {counted(len(chosen), 'dead letter')}. The rest are already "
            "gone, or another reader holds them. To see what is left, run:\n"
            f"  tweetpipe dead-letters list{options(place.target, deployed.name)}"
        )
    terminal.done(f"Deleted {counted(deleted, 'dead letter')}.")
