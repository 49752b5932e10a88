"""What all seeds pick from: the pools, rendered once."""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import NamedTuple

from fake_tweets.drafts import Frame, Hashtags, Phrase, Speaker
from fake_tweets.entities import inner_json, spans
from fake_tweets.model import Author
from fake_tweets.pools import Voice, pools
from fake_tweets.render_v1 import V1
from fake_tweets.render_v2 import V2


class Cast(NamedTuple):
    """`speakers` has each as often as their share of the tweets, `mentions` has each once."""

    speakers: tuple[Speaker, ...]
    mentions: tuple[Frame, ...]
    links: tuple[Frame, ...]


class _Words(NamedTuple):
    openings: tuple[Phrase, ...]
    closings: tuple[Phrase, ...]
    hashtags: tuple[Hashtags, ...]


@cache
def cast() -> Cast:
    """The cast, the same in every process."""
    authors, by_popularity, voices, articles = pools()
    words = {lang: _words(voice) for lang, voice in voices.items()}
    speakers = {author.id: _speaker(author, words[author.lang]) for author in authors}
    return Cast(
        speakers=tuple([speakers[author.id] for author in by_popularity]),
        mentions=tuple(
            [Frame(after=f" @{user.screen_name}", mention=user) for user in speakers.values()]
        ),
        links=tuple([Frame(leads_to=article) for article in articles]),
    )


def _speaker(author: Author, words: _Words) -> Speaker:
    return Speaker(
        author=author,
        screen_name=author.screen_name,
        id=author.id.encode(),
        lang=author.lang.encode(),
        v1=V1.user(author),
        v2=V2.user(author),
        openings=words.openings,
        closings=words.closings,
        hashtags=words.hashtags,
    )


def _words(voice: Voice) -> _Words:
    return _Words(
        tuple([_phrase(f"{opening} ") for opening in voice.openings]),
        tuple(map(_phrase, voice.closings)),
        tuple(map(_hashtags, voice.hashtags)),
    )


def _phrase(text: str) -> Phrase:
    return Phrase(text, inner_json(text), len(text))


def _hashtags(tags: tuple[str, ...]) -> Hashtags:
    text = "".join([f" #{tag}" for tag in tags])
    in_v2 = b'"hashtags":[%b]' % b",".join(map(V2.hashtag, tags))
    return Hashtags(
        text,
        inner_json(text),
        len(text),
        tags=tags,
        offsets=tuple(chain.from_iterable(spans(text, [f"#{tag}" for tag in tags]))),
        v1=b",".join(map(V1.hashtag, tags)),
        v2_alone=b',"entities":{%b}' % in_v2,
        v2_first=b"%b," % in_v2,
    )
