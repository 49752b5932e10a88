"""X's stream as a source: the part of the command line that knows about tweets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from producer import ProducerError, Report, SettingsError, undelivered
from tweetpipe import events
from tweetpipe.aws.errors import TweetpipeError, WrongUsage
from tweetpipe.aws.missed import Missed
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import ending, terminal
from tweetpipe.commands.opening import Opened
from tweetpipe.events.loading import DEFAULT
from tweetpipe.words import counted

if TYPE_CHECKING:
    from tweets.x import Allowance, Credentials, Wanted, XApi

SPENDING = "x-spending.json"
"""The file, beside the undelivered posts, with the spending of all runs."""

COMPLIANCE_LOG = Path("compliance.ndjson")
"""The stream's compliance messages about posts that may be stored: deletes, edits, and so on."""

_ACCESS = "X_ACCESS"


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The price of a post, and the limit of spending per month, in US dollars."""

    per_post: float
    monthly_limit: float | None


_PATIENCE = 3.0
"""Seconds to wait for CloudWatch at the end of a run."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """The search for posts that the stream missed: the most to read, and where it keeps track."""

    most: int
    folder: Path
    place: Place
    deployed: Stack

    def path(self, app: str) -> Path:
        """The file with the position in the stream."""
        return self.folder / _kept_at(self.deployed, app)


def require_tweets() -> None:
    """Raise WrongUsage unless the events are tweets."""
    if (chosen := events.chosen()).folder != DEFAULT:
        raise WrongUsage(
            f"X sends tweets, but the events in use are {chosen.name}. Leave out --events, and "
            "check TWEETPIPE_EVENTS and pyproject.toml."
        )


def x_api(credentials: Credentials) -> XApi:
    """X's API, or the fake one that X_API_URL names."""
    from tweets import x

    return x.XApi(credentials, url=_address())


def allowance_in(folder: Path, prices: Prices) -> Allowance:
    """How many posts may still be read, given the spending of all runs counted in the folder."""
    from tweets import x

    return x.Allowance(
        folder / SPENDING,
        account=_address(),
        price=prices.per_post,
        limit=prices.monthly_limit,
    )


def x_credentials() -> Credentials:
    """X's credentials from the environment; raises WrongUsage unless the events are tweets."""
    require_tweets()
    # Imported here because no other source needs TwitterAPI and its dependencies.
    from tweets.x import Credentials

    return Credentials.of(os.environ)


def x_rules(track: Sequence[str], file: Path | None) -> list[str | Wanted]:
    """The rules on the command line and in the file."""
    from tweets.x import LONGEST_RULE, read_rules

    access = os.environ.get(_ACCESS) or "pay-per-use"
    if access not in LONGEST_RULE:
        raise WrongUsage(f"{_ACCESS} must be one of {', '.join(LONGEST_RULE)}, not {access!r}.")
    try:
        return [*track, *(read_rules(file, access=access) if file else [])]
    except SettingsError as error:
        raise WrongUsage(
            f"{error}\nNo rule was changed at X. Correct this, then run the command again."
        ) from error


def show_rules(
    credentials: Credentials, track: Sequence[str | Wanted], file: Path | None, *, keep: bool
) -> None:
    """Print which rules would be added, kept, and removed."""
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
        f"Would add {len(change.add):,}, keep {len(change.keep):,}, and remove "
        f"{counted(len(change.remove), 'rule')}. Nothing was changed, and no post was read."
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
    """The posts that match the rules in `track`; their cost is counted in the folder."""
    from tweets import x

    allowance = allowance_in(recovery.folder, prices)
    _refuse_if_used_up(allowance)
    api = x_api(credentials)
    if allowance.begin(None if prices.monthly_limit is None else api.usage()):
        terminal.say(
            f"{recovery.folder / SPENDING} has no count yet. Starting from X's own count for this "
            f"month: {counted(allowance.spent.posts, 'post')}"
        )
        _refuse_if_used_up(allowance)
    lock = x.Alone(api.app)
    with _refusals_explained(track, rules_file):
        rules = x.synchronise(api, track, keep=keep_rules)
    path = recovery.path(api.app)
    stack, values = recovery.deployed.id, [rule.value for rule in rules]
    lately, said = x.resumed(path, stack=stack, rules=values)
    if x.load(path) is None and not said:
        said = [f"No run has kept in {path} how far it has read: nothing from before is looked for"]
    for words in said:
        terminal.say(words)
    if lately.seen is not None and recovery.most:
        terminal.say(
            f"An earlier run read until {x.at(lately.seen)} UTC ({path}). Searching for later "
            f"posts, {recovery.most:,} at most; --no-recovery skips this"
        )
    missed = Missed(recovery.place, recovery.deployed)
    terminal.say(
        f"Reading posts from X with {counted(len(rules), 'rule')}: " + x.rules_in_words(rules)
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
            words.append(f"The spending of all runs is not known: {error}")
        if (seen := posts.lately.seen) is not None:
            words.append(f"The stream was read until {x.at(seen)} UTC")
        words += x.told(posts.gaps, to_be_searched=posts.lately.to_be_searched)
        if missed.why_not:
            words.append(f"The gaps were not reported to CloudWatch: {missed.why_not}")
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
    """Adds to X's errors the line of the file with the rejected rule."""
    from tweets.x import XError

    try:
        yield
    except XError as error:
        refused = getattr(error, "value", None)
        lines = [each.line for each in track if not isinstance(each, str) and each.value == refused]
        told = "; ".join([str(error), *getattr(error, "__notes__", ())])
        if file and lines:
            again = "Correct the line, then run this command again"
            raise WrongUsage(f"{file}, line {lines[0]}: {told}. {again}.") from error
        if refused is not None:
            told += ". Correct the rule, then run this command again."
        raise TweetpipeError(ending.sentences([told, *filter(None, [error.advice])])) from error


def _refuse_if_used_up(allowance: Allowance) -> None:
    if allowance.is_used_up:
        from tweets.x import reached

        raise TweetpipeError(f"{reached(allowance)} Nothing was read from X.")


def keeping(log: Path) -> Callable[[bytes], None]:
    """Keeps a compliance message. If it is lost, tweetpipe comply still gets it from X's job."""

    def keep(message: bytes) -> None:
        try:
            undelivered.append(log, [message])
        except OSError as error:
            terminal.say(
                f"{log} can't be written ({error.strerror}). A compliance message from X was not "
                "kept; it is left to tweetpipe comply to find out about that post"
            )

    return keep


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """The state that runs left in a folder: the posts they missed, in words, and all as JSON."""

    lines: list[str]
    content: list[dict[str, object]]


def read_so_far(folder: Path, deployed: Stack) -> SoFar:
    """The state of all runs that read posts for the stack and kept their files in the folder."""
    lines: list[str] = []
    content: list[dict[str, object]] = []
    for path in sorted(folder.glob(_kept_at(deployed, "????????"))):
        # Imported here because it is needed only if posts were read for the stack.
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
