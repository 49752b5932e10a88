"""The summary of a run: posts by rule, and their cost."""

from __future__ import annotations

from collections.abc import Sequence

from tweets.x.api import Rule, XApi
from tweets.x.counts import Counts
from tweets.x.rules import name_of
from tweets.x.spending import Allowance, Spent

_MOST_NAMED = 12


def rules_in_words(rules: Sequence[Rule]) -> str:
    """The first few rules, each with its name if it has one."""
    return _listed([with_name(name_of(rule), rule.value) for rule in rules])


def with_name(name: str, value: str) -> str:
    """A rule as written in a file; a rule without a tag is its own name."""
    return value if name in ("", value) else f"{name}: {value}"


def by_rule(counts: Counts) -> str:
    """The posts of each rule, the most first."""
    return "By rule: " + _listed([f"{name} {n:,}" for name, n in counts.by_rule.most_common()])


def reached(allowance: Allowance) -> str:
    """The message that the monthly limit is reached, with what to do."""
    spent = allowance.spent
    return (
        f"The monthly limit of ${allowance.limit:,.2f} is reached: {_so_far(spent)}. X's next "
        f"month begins on {spent.until} (UTC); from then on, the same command reads again. To read "
        "sooner, raise X_MONTHLY_LIMIT or --monthly-limit."
    )


def this_month(allowance: Allowance, api: XApi) -> str:
    """What was spent this month, and X's own count; raises SpendingError."""
    allowance.close()
    limit = "" if allowance.limit is None else f" of ${allowance.limit:,.2f}"
    usage = api.usage()
    if usage is not None:
        allowance.begin(usage)  # which tells when X's month ends
    spent = allowance.spent
    words = f"This month until {spent.until}: {_so_far(spent)}{limit}"
    if usage is None:
        return f"{words}; X's own count is not available"
    cap = "" if usage.cap is None else f" of {usage.cap:,}"
    return f"{words}; X's own count for the whole project is {usage.posts:,}{cap} posts"


def _so_far(spent: Spent) -> str:
    posts = "1 post" if spent.posts == 1 else f"{spent.posts:,} posts"
    return f"{posts} for ${spent.dollars:,.2f}"


def _listed(each: Sequence[str]) -> str:
    further = len(each) - _MOST_NAMED
    more = [f"and {further:,} more"] if further > 0 else []
    return ", ".join([*each[:_MOST_NAMED], *more])
