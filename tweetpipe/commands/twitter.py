"""X's stream as a source: the one place where the command line knows tweets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tweetpipe import events
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.commands import terminal
from tweetpipe.commands.opening import Opened
from tweetpipe.events.loading import TWEETS
from tweetpipe.words import counted

if TYPE_CHECKING:
    from tweets.x import Credentials


def x_credentials() -> Credentials:
    """Those in the environment; raises WrongUsage where the events are none of X's."""
    if (chosen := events.chosen()).folder != TWEETS:
        raise WrongUsage(f"X sends tweets, and the events here are {chosen.name}: see --events.")
    # Imported here: no other source needs TwitterAPI and what it imports.
    from tweets.x import Credentials

    return Credentials.of(os.environ)


def open_twitter(
    credentials: Credentials,
    track: list[str],
    *,
    keep_rules: bool,
    max_tweets: int | None,
    max_minutes: float | None,
    price: float,
) -> Opened:
    """The posts that X sends by the rules in `track`, at `price` dollars each."""
    from tweets import x

    api = x.XApi(credentials, url=os.environ.get("X_API_URL") or x.DEFAULT_URL)
    rules = x.synchronise(api, track, keep=keep_rules)
    terminal.say(
        f"Reading posts from X by {counted(len(rules), 'rule')}: "
        + ", ".join(rule.value for rule in rules)
    )
    posts = x.XSource(
        api,
        rules,
        max_posts=max_tweets,
        max_seconds=None if max_minutes is None else max_minutes * 60,
        on_event=terminal.say,
    )

    def remark() -> str:
        cost = (
            f"{counted(posts.counts.posts, 'post')} read from X, ${posts.counts.posts * price:,.2f}"
        )
        return ", ".join(filter(None, (cost, posts.counts.in_words())))

    return Opened(records=posts, total=max_tweets, remark=remark)
