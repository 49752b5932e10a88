"""Tweets in files of any supported format."""

from __future__ import annotations

import re
from collections import Counter

from producer import Contents, SettingsError
from producer.files.values import Page, Value
from tweets.pages import is_tweet, lacks_author, tweets_in
from tweets.records import record
from tweets.refusals import author_needed, if_long_page, require_tweets

_SEARCH = Page(re.compile(r'\{[ \t\n\r]*"(?:statuses|search_metadata)"'), "statuses")


def contents(author: str | None = None) -> Contents:
    """Tweets; `author` is the name or id of the author of an X archive."""

    def taken_apart(content: object, text: str, held_back: Counter[str]) -> list[Value]:
        return tweets_in(content, text, held_back, author)

    def require(head: bytes, name: str, ended: bool) -> None:
        require_tweets(head, name, ended=ended, author=author)

    def refusal(content: object, name: str) -> SettingsError | None:
        return author_needed(name) if author is None and lacks_author(content) else None

    return Contents(
        noun="tweet",
        is_read=True,
        record=record,
        is_event=is_tweet,
        taken_apart=taken_apart,
        require=require,
        refusal=refusal,
        if_long=if_long_page,
        page=_SEARCH,
    )
