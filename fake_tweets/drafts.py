"""What a tweet is made of, picked but not yet put together; each piece has its JSON with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from fake_tweets.model import Author, Link, Tweet

SHORT_URL = "https://t.co/"
SHORT_URL_LENGTH = 23


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """A piece of text: as it stands in a JSON string, and its length in code points."""

    text: str
    json: bytes
    length: int


@dataclass(frozen=True, slots=True, eq=False)
class Hashtags(Phrase):
    """All hashtags of one tweet, with a space before each.

    `offsets` are the starts and ends of the hashtags, in one row. The others are the entities of
    either shape as templates that lack just those places; v2 has them alone or before others.
    """

    tags: tuple[str, ...]
    offsets: tuple[int, ...]
    v1: bytes
    v2_alone: bytes
    v2_first: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Speaker:
    """An author, as JSON of either shape, and what there is to say in their language."""

    author: Author
    screen_name: str
    id: bytes
    lang: bytes
    v1: bytes
    v2: bytes
    openings: tuple[Phrase, ...]
    closings: tuple[Phrase, ...]
    hashtags: tuple[Hashtags, ...]


@dataclass(slots=True, eq=False, kw_only=True)
class Frame:
    """What goes around the words of a tweet, and which other tweet it refers to.

    Of a retweet, all that is said is in `before`, with its `hashtags`. Others have `mention` in
    `before` or `after`, or a link at the end that `leads_to` somewhere. The templates of either
    shape are made when they are first needed: for a text that is whole, and for one that is cut.
    """

    before: str = ""
    after: str = ""
    hashtags: tuple[str, ...] = ()
    mention: Speaker | None = None
    leads_to: str = ""
    retweet_of: Tweet | None = None
    quote_of: Tweet | None = None
    reply_to: Tweet | None = None
    length_before: int = field(init=False)
    length_after: int = field(init=False)
    v1: bytes = b""
    v1_cut: bytes = b""
    v2: bytes = b""
    v2_cut: bytes = b""

    def __post_init__(self) -> None:
        self.length_before = len(self.before)
        self.length_after = 1 + SHORT_URL_LENGTH if self.leads_to else len(self.after)


Picks = tuple[int, int, Speaker, Phrase, Phrase, Hashtags, Frame, bytes]
"""The fields of a Draft. A bare tuple, since making and unpacking it is felt at this speed."""


class Draft(NamedTuple):
    """One tweet: who says what, and when; `code` makes its link unique.

    A retweet has words like any other, but does not use them.
    """

    snowflake: int
    second: int
    speaker: Speaker
    opening: Phrase
    closing: Phrase
    hashtags: Hashtags
    frame: Frame
    code: bytes

    @property
    def text(self) -> str:
        """What the tweet says."""
        frame = self.frame
        if frame.retweet_of:
            return frame.before
        words = f"{self.opening.text}{self.closing.text}{self.hashtags.text}"
        return f"{frame.before}{words}{f' {self.url}' if frame.leads_to else frame.after}"

    @property
    def url(self) -> str:
        """The address of its link, if it has one."""
        return f"{SHORT_URL}{self.code.hex()}"

    @property
    def mentions(self) -> tuple[Author, ...]:
        """Who is mentioned: nobody, or one."""
        return (self.frame.mention.author,) if self.frame.mention else ()

    def tweet(self) -> Tweet:
        """The tweet, put together."""
        frame, author = self.frame, self.speaker.author
        said_by = frame.retweet_of or author
        return Tweet(
            id=str(self.snowflake),
            created_at=utc(self.second),
            author=author,
            text=self.text,
            lang=said_by.lang,
            hashtags=frame.hashtags if frame.retweet_of else self.hashtags.tags,
            mentions=self.mentions,
            links=(Link(self.url, frame.leads_to),) if frame.leads_to else (),
            retweet_of=frame.retweet_of,
            quote_of=frame.quote_of,
            reply_to=frame.reply_to,
        )


# Consecutive tweets share their second.
@lru_cache(maxsize=1024)
def utc(second: int) -> datetime:
    """That second of the Unix epoch."""
    return datetime.fromtimestamp(second, UTC)
