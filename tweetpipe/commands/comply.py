"""tweetpipe comply: applies what X has reported about posts to the stored ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from filelock import FileLock, Timeout

from tweetpipe.aws.errors import TweetpipeError, WrongUsage
from tweetpipe.aws.place import Place, Target
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    PRICE,
    JsonOption,
    MonthlyLimitOption,
    PriceOption,
    StackOption,
    TargetOption,
    open_stack,
)
from tweetpipe.commands.replacing import replace_stale
from tweetpipe.commands.shown.complied import tell
from tweetpipe.commands.twitter import (
    COMPLIANCE_LOG,
    Prices,
    allowance_in,
    require_tweets,
    x_api,
    x_credentials,
)
from tweetpipe.complying import (
    WHERE,
    Account,
    Judge,
    Left,
    Pace,
    found_in_letters,
    found_in_table,
    review,
    revise,
)
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
            help="Recorded streams from X with compliance messages, such as deletes and edits.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Ask X and show what would change. Change nothing."),
    ] = False,
    no_job: Annotated[
        bool,
        typer.Option("--no-job", help="Don't send anything to X. Apply only recorded messages."),
    ] = False,
    log: Annotated[
        Path,
        typer.Option(
            dir_okay=False,
            help="File where produce twitter keeps the stream's compliance messages. This command "
            "keeps its own files in the same folder.",
        ),
    ] = COMPLIANCE_LOG,
    read_units: Annotated[
        float,
        typer.Option(min=1, max=40_000, help="Maximum read units per second to use on the table."),
    ] = _READ_UNITS,
    price_per_post: PriceOption = PRICE,
    monthly_limit: MonthlyLimitOption = None,
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Delete or replace stored posts that were deleted or edited on X, and mark withheld ones.

    Sends X the ids of all posts in the table and in the dead letters (a batch compliance job).
    Applies X's answer, and the messages that produce twitter has recorded or that FILE contains.
    You can stop this command and run it again at any time. Run it at least once a day. X charges
    for each edited post that it has to send again.
    """
    require_tweets()
    if not log.parent.is_dir():
        raise WrongUsage(
            f"--log: there is no folder {log.parent}. Name a file in the folder where produce "
            "twitter keeps its files."
        )
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
            prices=Prices(per_post=price_per_post, monthly_limit=monthly_limit),
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
    prices: Prices,
    as_json: bool,
) -> None:
    # Imported here because no other command needs them.
    from tweets.compliance import Kept, Ledger, learn_from

    ledger = Ledger()
    judge: Judge = Kept(ledger)
    for path in said:
        learn_from(path, ledger)
    told = ledger.gone()
    batch = _looked_up(place, deployed, api, ledger, judge, prefix=prefix, pace=pace)
    table = deployed.outputs["EventDataTable"]
    with terminal.spinner("Scanning the table"):
        changes = review(place, table, judge, account=account, pace=pace, wanted=told)
    stale = [one for one in changes.left if ledger.is_stale(one.id)] if api else []
    failures: list[str] = []
    if api and stale and account.is_kept:
        allowance = allowance_in(prefix.parent, prices)
        allowance.begin(None if prices.monthly_limit is None else api.usage())
        failures, fetched = replace_stale(place, deployed, api, stale, account, allowance)
    else:
        # A dry run reads no posts, because X charges for them.
        account.note([_replaced(one) for one in stale])
        fetched = len(stale)
    with terminal.spinner("Scanning the dead letters"):
        revised = revise(place, deployed, judge, account=account)
    asked = batch.ids if batch else 0
    if batch:
        batch.forget()
    if ledger.unknown:
        failures.append(
            f"X's results have {counted(ledger.unknown.total(), 'line')} that tweetpipe doesn't "
            f"understand (action {named(sorted(ledger.unknown))}), so these posts stay as they are"
        )
    if revised.unread:
        failures.append(
            f"{counted(len(revised.unread), 'object')} in the bucket can't be read as a batch "
            f"({named(revised.unread)}): check what is in there, and delete it"
        )
    tell(
        {
            "items": changes.items,
            "dead_letters": revised.letters,
            "ids_asked": asked,
            "ids_refused": ledger.refused,
            "results_not_understood": ledger.unknown.total(),
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
        raise TweetpipeError(
            f"{'; '.join(failures)}. Run this command again; it is safe to repeat."
        )


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
    """Add to the ledger what X reports about all stored posts; None without an API."""
    if api is None:
        return None
    from tweets import x
    from tweets.compliance import ID

    batch = x.Batch(x.Jobs(api), prefix, label=f"tweetpipe {deployed.name}", say=terminal.say)
    if batch.is_under_way:
        terminal.say(f"Resuming an earlier run with {counted(batch.ids, 'id')}")
    else:
        with terminal.spinner("Collecting ids"):
            found = chain(
                found_in_table(place, deployed, judge, pace=pace),
                found_in_letters(place, deployed, judge),
            )
            batch.begin(id_ for id_ in found if ID.fullmatch(id_))
    with terminal.spinner(f"Waiting for X to look up {counted(batch.ids, 'id')}"):
        batch.run()
    for line in batch.results():
        ledger.learn_result(line)
    return batch


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Turns a refusal by X into a TweetpipeError that says what to do."""
    from tweets.x import XRefused

    try:
        yield
    except XRefused as refused:
        raise TweetpipeError(f"{refused.reason}; {_advice(refused.status)}") from refused


def _advice(status: int) -> str:
    if status == 401:
        return (
            "check bearer_token, or consumer_key and consumer_secret, then run this command again"
        )
    if status == 403:
        return "check in X's developer console that your app has access to compliance jobs"
    return "run this command again later; it resumes where it stopped"


def _replaced(one: Left) -> dict[str, str]:
    return {"id": one.id, "did": "replaced", "why": "edited", "where": WHERE}


@contextmanager
def _alone(prefix: Path) -> Iterator[None]:
    """Raises TweetpipeError if another run is working on this stack from this folder."""
    path = Path(f"{prefix}.lock")
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise TweetpipeError(
            "Another tweetpipe comply is already running for this stack (its lock file is "
            f"{path}). Wait until it finishes, then run this command again."
        ) from error
    except OSError as error:
        raise TweetpipeError(
            f"{path} can't be written ({error.strerror}), and this command keeps its files beside "
            "the log. Name a log in a folder of your own with --log."
        ) from error
    try:
        yield
    finally:
        lock.release()
