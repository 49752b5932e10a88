"""X's stream as a source: where the command line knows tweets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from producer import ProducerError, Report, undelivered
from tweetpipe import events
from tweetpipe.aws.errors import TweetpipeError, WrongUsage
from tweetpipe.aws.missed import Missed
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.commands.opening import Opened
from tweetpipe.events.loading import DEFAULT
from tweetpipe.words import counted

if TYPE_CHECKING:
    from tweets.x import Allowance, Credentials, Wanted, XApi

SPENDING = "x-spending.json"
"""Beside the file of undelivered posts: what all runs have spent."""

COMPLIANCE_LOG = Path("compliance.ndjson")
"""What the stream has said of posts that may be stored: deletes, edits, and the like."""

_ACCESS = "X_ACCESS"


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What X charges for a post, and what may be spent in a month, in dollars."""

    per_post: float
    monthly_limit: float | None


_PATIENCE = 3.0
"""Seconds for CloudWatch at the end of a run."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What is looked for that the stream missed: how many posts at most, and what keeps track."""

    most: int
    folder: Path
    place: Place
    deployed: Stack

    def path(self, app: str) -> Path:
        """Where it is kept how far the stream was read."""
        return self.folder / _kept_at(self.deployed, app)


def require_tweets() -> None:
    """Raise WrongUsage where the events are none of X's."""
    if (chosen := events.chosen()).folder != DEFAULT:
        raise WrongUsage(f"X sends tweets, but the events here are {chosen.name}: see --events.")


def x_api(credentials: Credentials) -> XApi:
    """X's API, or the fake one that X_API_URL names."""
    from tweets import x

    return x.XApi(credentials, url=_address())


def allowance_in(folder: Path, prices: Prices) -> Allowance:
    """How many posts may be read, by what all runs have spent that keep their count there."""
    from tweets import x

    return x.Allowance(
        folder / SPENDING,
        account=_address(),
        price=prices.per_post,
        limit=prices.monthly_limit,
    )


def x_credentials() -> Credentials:
    """Those in the environment; raises WrongUsage where the events are none of X's."""
    require_tweets()
    # Imported here: no other source needs TwitterAPI and what it imports.
    from tweets.x import Credentials

    return Credentials.of(os.environ)


def x_rules(track: Sequence[str], file: Path | None) -> list[str | Wanted]:
    """The rules that the command names and those of the file."""
    from tweets.x import LONGEST_RULE, read_rules

    access = os.environ.get(_ACCESS) or "pay-per-use"
    if access not in LONGEST_RULE:
        raise WrongUsage(f"{_ACCESS} is one of {', '.join(LONGEST_RULE)}, not {access!r}.")
    return [*track, *(read_rules(file, access=access) if file else [])]


def show_rules(
    credentials: Credentials, track: Sequence[str | Wanted], file: Path | None, *, keep: bool
) -> None:
    """Say which rules would be added, kept and removed, on standard output."""
    from tweets import x

    with _refusals_explained(track, file):
        change = x.planned(x_api(credentials), track, keep=keep)
    for what, rules in (
        ("add", [x.with_name(rule.tag, rule.value) for rule in change.add]),
        ("keep", [x.with_name(x.name_of(rule), rule.value) for rule in change.keep]),
        ("remove", [x.with_name(x.name_of(rule), rule.value) for rule in change.remove]),
    ):
        for rule in rules:
            terminal.out.print(f"{what:<8}{terminal.printable(rule)}", markup=False, soft_wrap=True)
    terminal.say(
        f"Would add {len(change.add):,}, keep {len(change.keep):,} and remove "
        f"{counted(len(change.remove), 'rule')}. Nothing was changed and no post read."
    )


def open_twitter(
    credentials: Credentials,
    track: Sequence[str | Wanted],
    rules_file: Path | None,
    *,
    keep_rules: bool,
    max_tweets: int | None,
    max_minutes: float | None,
    prices: Prices,
    recovery: Recovery,
) -> Opened:
    """The posts that X sends by the rules in `track`; what they cost is kept in the folder."""
    from tweets import x

    allowance = allowance_in(recovery.folder, prices)
    _refuse_if_used_up(allowance)
    api = x_api(credentials)
    if allowance.begin(None if prices.monthly_limit is None else api.usage()):
        terminal.say(
            f"Nothing is counted yet in {recovery.folder / SPENDING}: counting on from what X says "
            f"of this month, {counted(allowance.spent.posts, 'post')}"
        )
        _refuse_if_used_up(allowance)
    lock = x.Alone(api.app)
    with _refusals_explained(track, rules_file):
        rules = x.synchronise(api, track, keep=keep_rules)
    path = recovery.path(api.app)
    stack, values = recovery.deployed.id, [rule.value for rule in rules]
    lately, said = x.resumed(path, stack=stack, rules=values)
    for words in said:
        terminal.say(words)
    if lately.seen is not None and recovery.most:
        terminal.say(
            f"An earlier run has read until {x.at(lately.seen)} UTC ({path}): what came since is "
            f"searched for, {recovery.most:,} posts at most; --no-recovery leaves it out"
        )
    missed = Missed(recovery.place, recovery.deployed)
    terminal.say(
        f"Reading posts from X by {counted(len(rules), 'rule')}: " + x.rules_in_words(rules)
    )
    posts = x.XSource(
        api,
        rules,
        path=path,
        lately=lately,
        max_recovered=recovery.most,
        max_posts=max_tweets,
        max_seconds=None if max_minutes is None else max_minutes * 60,
        allowance=allowance,
        on_event=terminal.say,
        on_change=keeping(recovery.folder / COMPLIANCE_LOG),
        on_gap=lambda gap: missed.tell(gap.seconds),
    )

    def remark() -> str:
        read = posts.counts.paid
        cost = f"{counted(read, 'post')} read from X, ${read * prices.per_post:,.2f}"
        return ", ".join(filter(None, (cost, posts.counts.in_words())))

    def last_words(_: Report) -> str:
        lock.release()
        missed.wait(_PATIENCE)
        words = [x.by_rule(posts.counts)]
        try:
            words.append(x.this_month(allowance, api))
            if posts.counts.limit_reached:
                words.append(x.reached(allowance))
        except x.SpendingError as error:
            words.append(f"What all runs have spent is not known: {error}")
        words += x.told(posts.gaps, to_be_searched=posts.lately.to_be_searched)
        if missed.why_not:
            words.append(f"CloudWatch was not told of the gaps: {missed.why_not}")
        return "\n".join(words)

    return Opened(
        records=posts,
        total=max_tweets,
        remark=remark,
        last_words=last_words,
        fell_short=lambda: posts.counts.limit_reached,
    )


def _address() -> str:
    from tweets import x

    return os.environ.get("X_API_URL") or x.DEFAULT_URL


@contextmanager
def _refusals_explained(track: Sequence[str | Wanted], file: Path | None) -> Iterator[None]:
    """Say in which line of the file the rule is that X does not take, and all that went wrong."""
    from tweets.x import XError

    try:
        yield
    except XError as error:
        refused = getattr(error, "value", None)
        lines = [each.line for each in track if not isinstance(each, str) and each.value == refused]
        told = "; ".join([str(error), *getattr(error, "__notes__", ())])
        if file and lines:
            raise WrongUsage(f"{file}, line {lines[0]}: {told}") from error
        raise TweetpipeError(told) from error


def _refuse_if_used_up(allowance: Allowance) -> None:
    if allowance.is_used_up:
        from tweets.x import reached

        raise TweetpipeError(f"{reached(allowance)} Nothing was read from X.")


def keeping(log: Path) -> Callable[[bytes], None]:
    """Keeps a message of X's; without it, tweetpipe comply still learns the same from X's job."""

    def keep(message: bytes) -> None:
        try:
            undelivered.append(log, [message])
        except OSError as error:
            terminal.say(
                f"{log} can't be written ({error.strerror}): what X has just said of a post that "
                "was sent before is left for tweetpipe comply to find out"
            )

    return keep


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """What runs have left in a folder: what they could not get, in words, and all as JSON."""

    lines: list[str]
    content: list[dict[str, object]]


def read_so_far(folder: Path, deployed: Stack) -> SoFar:
    """What is known of the posts read for the stack by runs that kept their files in the folder."""
    lines: list[str] = []
    content: list[dict[str, object]] = []
    for path in sorted(folder.glob(_kept_at(deployed, "????????"))):
        # Imported here: looking at a stack that no post was read for needs none of it.
        from tweets import x

        try:
            kept = x.load(path)
        except ProducerError as error:
            lines.append(str(error))
            continue
        if kept is not None and kept.stack == deployed.id:
            lines += x.told(kept.gaps, to_be_searched=kept.to_be_searched)
            content.append({"file": str(path), **asdict(kept)})
    return SoFar(lines=lines, content=content)


def _kept_at(deployed: Stack, app: str) -> str:
    return f"x-{deployed.name}-{app[:8]}.position"
