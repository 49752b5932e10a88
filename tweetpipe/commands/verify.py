"""tweetpipe verify: compares EventData with what was sent."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import typer

import producer
from producer import OutgoingRecord
from producer.outgoing import Origin
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import ending, terminal
from tweetpipe.commands.by_source import BySource, is_by_option
from tweetpipe.commands.delivering import UNDELIVERED
from tweetpipe.commands.opening import leading_to, led
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    JsonOption,
    NamedFilesOption,
    StackOption,
    TargetOption,
    open_stack,
)
from tweetpipe.commands.verdict import (
    end_with,
    remedies,
    show_differences,
    show_file_differences,
)
from tweetpipe.dead_letters import Hold, Kind, contents
from tweetpipe.looking import verify, verify_files
from tweetpipe.looking.verify import Comparison
from tweetpipe.looking.verify_files import FileComparison
from tweetpipe.words import counted

WaitOption = Annotated[
    float,
    typer.Option(
        "--wait",
        min=0,
        help="Stop waiting for missing items after this many seconds without a new one.",
    ),
]

sources = typer.Typer(cls=BySource)


class Source(StrEnum):
    """The source of what was sent."""

    FAKE = "fake"
    FILE = "file"


@sources.callback()
def verify_command(
    source: Annotated[
        Source, typer.Option(hidden=True, help="Source of what was sent.")
    ] = Source.FAKE,
) -> None:
    """Compare the table EventData, field by field, with the events that were sent.

    Without a command, it does what verify fake does; tweetpipe verify fake --help lists the
    options. Exits with code 3 if anything is missing or different.
    """


@sources.command()
def fake(
    count: Annotated[int, typer.Option(min=0, help="Number of fake events that were sent.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed that generated them.")] = 0,
    wait: WaitOption = 15,
    allow_others: Annotated[
        bool,
        typer.Option(
            "--allow-others",
            help="Ignore other items in the table, for example while more events arrive.",
        ),
    ] = False,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Compare the table EventData with fake events, and report anything else in it."""
    place, deployed = open_stack(target, stack_name)
    with terminal.spinner("Comparing"):
        comparison = verify.wait_until_stored(
            place,
            deployed.outputs["EventDataTable"],
            verify.expected_items(seed, count),
            patience=wait,
        )
    if allow_others:
        comparison = replace(comparison, unexpected=())
    if as_json:
        terminal.print_json(_as_json(comparison))
    else:
        show_differences(comparison)
    verdict = f"{comparison.verified:,} of {comparison.expected:,} verified"
    if not comparison.is_equal:
        verdict += (
            f": {len(comparison.missing):,} missing, "
            f"{len(comparison.different):,} different, {len(comparison.unexpected):,} unexpected"
        )
    options = stacks.options(target, stack_name)
    steps = [
        *remedies(
            missing=len(comparison.missing),
            different=len(comparison.different),
            send=f"tweetpipe produce fake --count {count} --seed {seed}{options}",
            options=options,
        )
    ]
    if comparison.unexpected:
        steps.append(
            "To ignore items of other events, run:\n"
            f"  tweetpipe verify fake --count {count} --seed {seed} --allow-others{options}"
        )
    end_with(f"{verdict}.", place, deployed, is_equal=comparison.is_equal, steps=steps)


@sources.command()
def file(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...", help="Files, folders, and patterns, as given to produce file."
        ),
    ] = None,
    named: NamedFilesOption = None,
    author: Annotated[
        str | None,
        typer.Option(help="Author of the events, as given to produce file."),
    ] = None,
    wait: WaitOption = 15,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Check that each event in files is stored, and that everything else in them is a dead letter.

    The default events are checked independently of the function's code. Your own events are, too,
    if their folder defines expected_of. Otherwise, the function's to_item computes the expected
    items, so its own mistakes go unnoticed. Each item is read by its key. On AWS, that costs one
    read request unit per event, about $0.13 per million.
    """
    names = [*(named or ()), *(paths or ())]
    if not names:
        form = "--source file --file FILE" if is_by_option(ctx) else "file FILE"
        to = stacks.options(target, stack_name)
        raise WrongUsage(f"Name the files that were sent:\n  tweetpipe verify {form}{to}")
    if producer.STDIN in names:
        raise WrongUsage("Standard input can't be read again. Name the files that were sent.")
    files = producer.listed(names, undelivered=UNDELIVERED).files
    contents = events.chosen().contents(author or None)
    for name in files:
        if os.path.exists(name) and not os.path.isfile(name):
            raise WrongUsage(f"{name} can't be read again. Name the files that were sent.")
        # Opened here so that a wrong file is reported before anything else.
        with leading_to(stacks.options(target, stack_name)):
            producer.file_source(name, contents=contents)
    place, deployed = open_stack(target, stack_name)
    damaged: dict[str, str] = {}
    with terminal.spinner("Comparing"):
        comparison = verify_files.compare_files(
            place,
            deployed.outputs["EventDataTable"],
            lambda: _sent(files, contents, damaged),
            rejected=lambda: _rejected(place, deployed),
            patience=wait,
        )
    options = stacks.options(target, stack_name)
    comparison.damaged.update({name: led(why, options) for name, why in damaged.items()})
    if as_json:
        terminal.print_json(_files_as_json(comparison))
    else:
        show_file_differences(comparison)
    as_before = f" --author {shlex.quote(author)}{options}" if author else options
    steps = remedies(
        missing=comparison.missing,
        different=comparison.different,
        send=ending.send_command(names, as_before),
        options=options,
        lost=comparison.lost,
    )
    end_with(_verdict(comparison), place, deployed, is_equal=comparison.is_equal, steps=[*steps])


def _sent(
    files: list[str], contents: producer.Contents, damaged: dict[str, str]
) -> Iterator[OutgoingRecord]:
    """The records of all files; `damaged` gets the reason why a file could not be read fully."""
    for name in files:
        try:
            yield from producer.file_source(name, contents=contents)
        except producer.SourceError as error:
            said = [str(error), "The records before that were compared"]
            if error.advice:
                said.append(f"{error.advice}, then run this command again")
            damaged[name] = ending.sentences(said)


def _rejected(place: Place, deployed: Stack) -> Iterator[bytes | int]:
    """The data of rejected records, or its length if it was too large for a dead letter."""
    # A batch that the function receives again makes a second dead letter for the same record.
    seen: set[tuple[str, str]] = set()
    with Hold(place, deployed.outputs["DeadLetterQueueUrl"]) as hold:
        for letter in hold.letters():
            if letter.kind is not Kind.REJECTED:
                continue
            if payloads := contents(letter):
                yield from payloads
                continue
            place_in_stream = letter.shard, letter.sequence_number
            if letter.position is None or place_in_stream not in seen:
                seen.add(place_in_stream)
                yield letter.size or 0


def _verdict(comparison: FileComparison) -> str:
    chosen = events.chosen()
    sent = counted(comparison.events, chosen.noun, chosen.nouns)
    verdict = f"{comparison.verified:,} of {sent} verified"
    if comparison.missing or comparison.different:
        verdict += f": {comparison.missing:,} missing, {comparison.different:,} different"
    in_letters = "all of them are dead letters"
    if comparison.rejected:
        verdict += f"; {counted(comparison.rejected, 'record')} can't be stored, "
        verdict += (
            f"and {comparison.lost:,} of them {'has' if comparison.lost == 1 else 'have'} no dead "
            "letter: not sent, too large to send, redriven or purged since, or lost"
            if comparison.lost
            else f"and {'it is a dead letter' if comparison.rejected == 1 else in_letters}"
        )
    return ending.sentences([verdict, *comparison.damaged.values()]) + "."


def _files_as_json(comparison: FileComparison) -> dict[str, object]:
    """The counts and examples of each kind of difference."""
    return {
        "events": comparison.events,
        "verified": comparison.verified,
        "missing": comparison.missing,
        "different": comparison.different,
        "rejected": comparison.rejected,
        "lost": comparison.lost,
        "first_missing": [
            _where(sent.origin) | {"expected": sent.item} for sent in comparison.first_missing
        ],
        "first_different": [
            _where(sent.origin) | {"expected": sent.item, "stored": stored}
            for sent, stored in comparison.first_different
        ],
        "first_lost": [_where(lost.origin) for lost in comparison.first_lost],
        "damaged": comparison.damaged,
    }


def _where(origin: Origin | None) -> dict[str, object]:
    return {} if origin is None else {"file": origin.file, origin.unit: origin.number}


def _as_json(comparison: Comparison) -> dict[str, object]:
    return {
        "expected": comparison.expected,
        "verified": comparison.verified,
        "missing": comparison.missing,
        "unexpected": comparison.unexpected,
        "different": [
            {"expected": wanted, "stored": stored} for wanted, stored in comparison.different
        ],
    }
