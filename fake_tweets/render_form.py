"""How a tweet becomes JSON in either shape, and templates for what many tweets share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from fake_tweets.drafts import SHORT_URL, SHORT_URL_LENGTH, Draft, Frame, Picks
from fake_tweets.entities import destination, escaped, inner_json, spans
from fake_tweets.model import Author, Link, Tweet

HOLE = b"%b"
NUMBER = b"%d"

_REST = "https://twitter.com/i/web/status/"


class Reference(NamedTuple):
    """What a tweet says of the one that it replies to, and of the one it is about otherwise."""

    reply: bytes
    other: bytes


class Parts(NamedTuple):
    """The JSON of what differs between tweets, or holes; `whole` is there if `text` is cut."""

    id: bytes
    created_at: bytes
    author_id: bytes
    users: bytes
    text: bytes
    entities: bytes
    lang: bytes
    reference: Reference
    whole: bytes = b""
    retweets: int = 0
    likes: int = 0


class Form(ABC):
    """One shape. A text of over `whole_up_to` characters is cut at `cut_at`, and whole elsewhere.

    There are two ways to the same bytes: `render` takes any tweet, `spell` is for those who make
    them by the million. A single entity is a template that lacks its place: start and end.
    """

    whole_up_to: int
    cut_at: int

    def render(self, tweet: Tweet) -> bytes:
        """A tweet as one JSON object in UTF-8, without newline."""
        text, whole = inner_json(tweet.text), b""
        links = _found(tweet.text, [link.url for link in tweet.links], map(self._link, tweet.links))
        entities = self._entities_in(tweet.text, tweet.hashtags, tweet.mentions, links)
        if len(tweet.text) > self.whole_up_to:
            whole = self.whole(text, b"%d" % len(tweet.text), entities)
            text, entities = self._cut(tweet)
        return self.lay_out(
            Parts(
                id=tweet.id.encode(),
                created_at=self.created_at(int(tweet.created_at.timestamp())),
                author_id=tweet.author.id.encode(),
                users=self.users(tweet.author, tweet.mentions),
                text=text,
                entities=entities,
                lang=tweet.lang.encode(),
                reference=self.reference(tweet.retweet_of, tweet.quote_of, tweet.reply_to),
                whole=whole,
                retweets=tweet.retweets,
                likes=tweet.likes,
            )
        )

    @abstractmethod
    def spell(self, picks: Picks) -> bytes:
        """The same as `render(Draft(*picks).tweet())`, by filling in a template."""

    def template(self, frame: Frame, *, cut: bool = False) -> bytes:
        """All that the tweets within a frame share; `cut` is for those with a text to be cut."""
        lang, whole = HOLE, b""
        if frame.retweet_of:
            lang = frame.retweet_of.lang.encode()
            text, entities = self._retweeted(frame)
        else:
            text, entities = self._framed(frame)
        if cut:
            whole = self.whole(text, NUMBER, entities)
            text, entities = f"%b… {SHORT_URL}%b".encode(), self._cut_entities(frame)
        reply, other = self.reference(frame.retweet_of, frame.quote_of, frame.reply_to)
        return self.lay_out(
            Parts(
                id=HOLE,
                created_at=HOLE,
                author_id=HOLE,
                users=HOLE,
                text=text,
                entities=entities,
                lang=lang,
                reference=Reference(escaped(reply), escaped(other)),
                whole=whole,
            )
        )

    def kept(self, draft: Draft) -> tuple[bytes, bytes | None]:
        """What is kept of a long text, and the hashtags in that; None if the tweet has none."""
        text, tags = draft.text[: self.cut_at], draft.hashtags.tags
        return inner_json(text), _found(text, [f"#{tag}" for tag in tags], map(self.hashtag, tags))

    def _cut(self, tweet: Tweet) -> tuple[bytes, bytes]:
        """The start of a long text with a link to the rest, and the entities in that."""
        text, url = tweet.text[: self.cut_at], f"{SHORT_URL}{tweet.id[-10:]}"
        start = self.cut_at + 2
        rest = self._link(Link(url, f"{_REST}{tweet.id}")) % (start, start + len(url))
        entities = self._entities_in(text, tweet.hashtags, tweet.mentions, rest)
        return inner_json(f"{text}… {url}"), entities

    def _cut_entities(self, frame: Frame) -> bytes:
        """Holes for hashtags, and for the end of the id and, twice, the id in the link."""
        shown = _REST.removeprefix("https://")
        leads_to = f'"expanded_url":"{_REST}%b","display_url":"{shown}%.1b…"'.encode()
        rest = self.link(f"{SHORT_URL}%b".encode(), leads_to)
        for place in (self.cut_at + 2, self.cut_at + 2 + SHORT_URL_LENGTH):
            rest = rest.replace(NUMBER, b"%d" % place, 1)
        mentions = b"" if frame.after else self._framed_mention(frame)
        return self.entities(None, mentions, rest, hole=HOLE)

    def _retweeted(self, frame: Frame) -> tuple[bytes, bytes]:
        mentions = (frame.mention.author,) if frame.mention else ()
        entities = self._entities_in(frame.before, frame.hashtags, mentions)
        return escaped(inner_json(frame.before)), escaped(entities)

    def _framed(self, frame: Frame) -> tuple[bytes, bytes]:
        """Holes for opening, closing and hashtags; for the link's code; for places at the end."""
        before, after = escaped(inner_json(frame.before)), escaped(inner_json(frame.after))
        links = None
        if frame.leads_to:
            after = f" {SHORT_URL}%b".encode()
            links = self.link(f"{SHORT_URL}%b".encode(), escaped(destination(frame.leads_to)))
        return before + HOLE * 3 + after, self.entities(
            None, self._framed_mention(frame), links, hole=HOLE
        )

    def _framed_mention(self, frame: Frame) -> bytes | None:
        if not frame.mention:
            return None
        mention = self.mention(frame.mention.author)
        if frame.after:
            return mention
        return escaped(mention % (0, frame.length_before - 1))

    def _entities_in(
        self,
        text: str,
        hashtags: tuple[str, ...],
        mentions: tuple[Author, ...],
        links: bytes | None = None,
    ) -> bytes:
        return self.entities(
            _found(text, [f"#{tag}" for tag in hashtags], map(self.hashtag, hashtags)),
            _found(
                text, [f"@{user.screen_name}" for user in mentions], map(self.mention, mentions)
            ),
            links,
        )

    def _link(self, link: Link) -> bytes:
        return self.link(escaped(link.url.encode()), escaped(destination(link.expanded_url)))

    @abstractmethod
    def lay_out(self, parts: Parts) -> bytes:
        """The whole JSON object."""

    @abstractmethod
    def created_at(self, second: int) -> bytes:
        """A second of the Unix epoch, as a tweet has it."""

    @abstractmethod
    def users(self, author: Author, mentions: tuple[Author, ...]) -> bytes:
        """The author, and in some forms who is mentioned."""

    @abstractmethod
    def reference(
        self, retweet_of: Tweet | None, quote_of: Tweet | None, reply_to: Tweet | None
    ) -> Reference:
        """What is said of the one of these that there is."""

    @abstractmethod
    def whole(self, text: bytes, length: bytes, entities: bytes) -> bytes:
        """The field that has the whole of a text that is cut."""

    @abstractmethod
    def entities(
        self,
        hashtags: bytes | None,
        mentions: bytes | None,
        links: bytes | None,
        *,
        hole: bytes = b"",
    ) -> bytes:
        """All entities, where None means that the tweet has none; `hole` is for hashtags."""

    @abstractmethod
    def hashtag(self, tag: str) -> bytes:
        """A hashtag."""

    @abstractmethod
    def mention(self, user: Author) -> bytes:
        """A mention."""

    @abstractmethod
    def link(self, url: bytes, leads_to: bytes) -> bytes:
        """A link; both are parts of a template already."""


def _found(text: str, marks: list[str], entities: Iterable[bytes]) -> bytes | None:
    """Those entities of a kind that `text` has; None if the tweet has none of the kind."""
    if not marks:
        return None
    places = spans(text, marks)
    return b",".join([entity % place for entity, place in zip(entities, places, strict=False)])
