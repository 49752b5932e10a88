"""tweetpipe comply: what X says of posts since, applied to those that are stored."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack, options
from tweetpipe.commands import terminal
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    JsonOption,
    StackOption,
    TargetOption,
    open_stack,
)
from tweetpipe.commands.twitter import COMPLIANCE_LOG, require_tweets, x_api, x_credentials
from tweetpipe.complying import (
    WHERE,
    Account,
    Judge,
    Left,
    Pace,
    delete,
    found_in_letters,
    found_in_table,
    review,
    revise,
)
from tweetpipe.dead_letters.function import PATIENT, Function, NotStored, calls, store_in_parts
from tweetpipe.dead_letters.stream import StreamRecord
from tweetpipe.words import counted, named

if TYPE_CHECKING:
    from tweets.compliance import Ledger
    from tweets.x import Batch, XApi

_READ_UNITS = 200.0


def comply(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            help="Recorded streams of X's, with what they say of deletes, edits, and the like.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Ask X, and show what would be changed; change nothing."),
    ] = False,
    no_job: Annotated[
        bool,
        typer.Option("--no-job", help="Ask X nothing; apply only what its streams have said."),
    ] = False,
    log: Annotated[
        Path,
        typer.Option(
            dir_okay=False,
            help="What produce twitter keeps of the stream's messages; this command's own files "
            "are beside it.",
        ),
    ] = COMPLIANCE_LOG,
    read_units: Annotated[
        float,
        typer.Option(
            min=1, max=40_000, help="Read the table no faster than so many units a second."
        ),
    ] = _READ_UNITS,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Delete, mark, and replace stored posts as X has since.

    Has X look up the ids of all posts in the table and in the dead letters (a batch compliance
    job), applies what it finds, and what the stream has said meanwhile. May be stopped and run
    again at any moment; run it daily, or oftener.
    """
    require_tweets()
    credentials = None if no_job else x_credentials()
    place, deployed = open_stack(target, stack_name)
    prefix = log.parent / f"compliance-{deployed.name}"
    with _alone(prefix), _refusals_told():
        _comply(
            place,
            deployed,
            x_api(credentials) if credentials else None,
            said=[*([log] if log.exists() else []), *(files or [])],
            prefix=prefix,
            pace=Pace(units=read_units),
            account=Account(None if dry_run else Path(f"{prefix}.account.ndjson")),
            as_json=as_json,
        )


def _comply(
    place: Place,
    deployed: Stack,
    api: XApi | None,
    *,
    said: list[Path],
    prefix: Path,
    pace: Pace,
    account: Account,
    as_json: bool,
) -> None:
    # Imported here: no other command needs them.
    from tweets.compliance import Kept, Ledger, learn_from

    ledger = Ledger()
    judge: Judge = Kept(ledger)
    for path in said:
        learn_from(path, ledger)
    told = ledger.gone()
    batch = _looked_up(place, deployed, api, ledger, judge, prefix=prefix, pace=pace)
    table = deployed.outputs["EventDataTable"]
    with terminal.spinner("Going through the table"):
        changes = review(place, table, judge, account=account, pace=pace, wanted=told)
    failures, fetched = _replace(place, deployed, api, ledger, changes.left, account)
    with terminal.spinner("Going through the dead letters"):
        revised = revise(place, deployed, judge, account=account)
    if batch:
        batch.forget()
    if revised.unread:
        failures.append(
            f"{counted(len(revised.unread), 'object')} of the bucket can't be read as a batch "
            f"({named(revised.unread)}): see what that is, and delete it"
        )
    _tell(
        {
            "items": changes.items,
            "dead_letters": revised.letters,
            "ids_asked": batch.ids if batch else 0,
            "ids_refused": ledger.refused,
            "fetched": fetched,
            "waiting_for_newer": len(changes.left) - fetched,
            "told_but_not_stored": len(told - changes.seen),
            "author_notices": ledger.of_authors,
            "dry_run": not account.is_kept,
            "changes": [
                {"where": where, "did": did, "count": count}
                for (where, did), count in sorted(account.counts.items())
            ],
        },
        account,
        as_json=as_json,
    )
    if failures:
        raise TweetpipeError(f"{'; '.join(failures)}. Run this again: twice does no harm.")


def _looked_up(
    place: Place,
    deployed: Stack,
    api: XApi | None,
    ledger: Ledger,
    judge: Judge,
    *,
    prefix: Path,
    pace: Pace,
) -> Batch | None:
    """What X says of all that is stored, taken into the ledger; None where X is not asked."""
    if api is None:
        return None
    from tweets import x
    from tweets.compliance import ID

    batch = x.Batch(x.Jobs(api), prefix, label=f"tweetpipe {deployed.name}", say=terminal.say)
    if batch.is_under_way:
        terminal.say(f"Going on with {counted(batch.ids, 'id')} of an earlier run")
    else:
        with terminal.spinner("Collecting ids"):
            found = chain(
                found_in_table(place, deployed, judge, pace=pace),
                found_in_letters(place, deployed, judge),
            )
            batch.begin(id_ for id_ in found if ID.fullmatch(id_))
    with terminal.spinner(f"Having X look up {counted(batch.ids, 'id')}"):
        batch.run()
    for line in batch.results():
        ledger.learn_result(line)
    return batch


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Raises TweetpipeError with what to do about what X refuses."""
    from tweets.x import XRefused

    try:
        yield
    except XRefused as refused:
        raise TweetpipeError(f"{refused.reason}; {_advice(refused.status)}") from refused


def _advice(status: int) -> str:
    if status == 401:
        return "check bearer_token, or consumer_key and consumer_secret, then run this again"
    if status == 403:
        return "check in X's developer console that the app may use compliance jobs"
    return "run this again later: it goes on where it was"


def _replace(
    place: Place,
    deployed: Stack,
    api: XApi | None,
    ledger: Ledger,
    left: list[Left],
    account: Account,
) -> tuple[list[str], int]:
    """Have the newest versions stored that X says there are, and delete the older ones.

    Gives what failed, and how many are replaced.
    """
    stale = [one for one in left if ledger.is_stale(one.id)]
    if not stale or api is None:
        return [], 0
    if not account.is_kept:
        account.note(
            [{"id": one.id, "did": "replaced", "why": "edited", "where": WHERE} for one in stale]
        )
        return [], len(stale)
    from tweets import x

    fetched = x.newest_versions(api, [one.id for one in stale])
    terminal.say(f"Fetched from X, which charges for each: {counted(fetched.paid, 'post')}")
    records = [
        StreamRecord(
            stream_arn="",
            shard="",
            sequence_number=str(number),
            partition_key="",
            arrived=time.time(),
            data=data,
        )
        for number, (_, data) in enumerate(fetched.records.values(), start=1)
    ]
    function = Function(
        place.lambda_(PATIENT),
        deployed.outputs["DDBEventProcessor"],
        options(place.target, deployed.name),
    )
    try:
        for group in calls(records):
            for _ in store_in_parts(function, group):
                pass
    except NotStored as error:
        return [f"The newest versions of edited posts are not stored: {error}"], 0
    # Where the newest is the one that was there, it is stored anew under the same key.
    whys = [(one, "unavailable") for one in stale if one.id in fetched.missing]
    for one in stale:
        newest, _ = fetched.records.get(one.id, (one.id, b""))
        if newest != one.id:
            whys.append((one, "edited"))
    delete(place, deployed.outputs["EventDataTable"], whys, account)
    return [], len(whys)


def _tell(outcome: dict[str, Any], account: Account, *, as_json: bool) -> None:
    if as_json:
        terminal.print_json(outcome)
    changes = ", ".join(
        f"{change['where']}: {change['count']:,} {change['did']}" for change in outcome["changes"]
    )
    would = "Would change" if outcome["dry_run"] else "Changed"
    looked = (
        f"{counted(outcome['items'], 'item')}, {counted(outcome['dead_letters'], 'dead letter')}"
    )
    if outcome["ids_refused"]:
        terminal.say(f"Ids that X does not take for any: {outcome['ids_refused']:,}.")
    if outcome["author_notices"] and not outcome["ids_asked"]:
        terminal.say(
            f"X's stream told of authors' accounts ({outcome['author_notices']:,} messages): which "
            "stored posts are theirs, only X's job can tell. Run this without --no-job."
        )
    if outcome["told_but_not_stored"]:
        terminal.say(
            f"Deleted on X, and not stored (yet): {outcome['told_but_not_stored']:,}. The log "
            "keeps them, and each run looks again."
        )
    if outcome["waiting_for_newer"]:
        terminal.say(
            "Edited on X, and the newer version is not stored yet: "
            f"{outcome['waiting_for_newer']:,}."
        )
    terminal.done(f"{would} {changes or 'nothing'}. Looked at {looked}.")
    if changes and account.path:
        terminal.say(f"A line for each is in {account.path}")


@contextmanager
def _alone(prefix: Path) -> Iterator[None]:
    """Raises TweetpipeError where another run works on this stack from this folder."""
    path = Path(f"{prefix}.lock")
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TweetpipeError(
                f"Another tweetpipe comply works on this stack already, and holds {path}. Wait "
                "until it has ended."
            ) from error
        yield
