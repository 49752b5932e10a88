"""How many fake tweets one core makes, each a JSON object in bytes.

The peers invent a new author and a new text for each tweet, in English, in the shape of X's v2
API. Ours come in both shapes and twelve languages, and refer to each other.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice

from benchmarks.measuring import Sample, Table, Way, metered

_START = datetime(2026, 1, 1, tzinfo=UTC)
_FIRST_ID = 2_006_000_000_000_000_000
_NOTE = (
    "On one core, as JSON in bytes, after a warm-up. A peer's tweet has X's v2 shape, in English: "
    "id, time, text, two hashtags, metrics, and an author with name, description, and metrics. "
    "Ours come in both shapes and twelve languages, with retweets, quotes, replies, links, "
    "mentions, and hostile texts, and the same seed makes the same tweets. Peak memory includes "
    "imports, and doesn't grow with the count."
)


def tables() -> list[Table]:
    """Return the only table."""
    default = "Faker, a tweet each"
    return [
        Table(
            title="Fake tweets",
            unit="tweet",
            ways=(
                Way(name=default, measure=partial(_made, _faker, 5_000)),
                Way(
                    name="Faker, use_weighting=False",
                    measure=partial(_made, partial(_faker, use_weighting=False), 15_000),
                ),
                Way(name="mimesis", measure=partial(_made, _mimesis, 30_000), peer=True),
                Way(name="ours", measure=partial(_made, _ours, 200_000)),
                Way(name="ours, a million", measure=partial(_made, _ours, 1_000_000), rounds=2),
                Way(
                    name="ours, 1 % duplicates, 1 % malformed",
                    measure=partial(_made, partial(_ours, noise=0.01), 200_000),
                ),
            ),
            baseline=default,
            note=_NOTE,
        )
    ]


def _made(source: Callable[[], Iterator[object]], tweets: int) -> Sample:
    """Take `count` tweets from a source and keep none; a tenth more warm it up beforehand."""
    made = source()
    _drain(made, tweets // 10)
    with metered() as meter:
        _drain(made, tweets)
    return meter.sample(tweets)


def _drain(source: Iterator[object], tweets: int) -> None:
    deque(islice(source, tweets), maxlen=0)


def _faker(*, use_weighting: bool = True) -> Iterator[bytes]:
    from faker import Faker

    fake = Faker(use_weighting=use_weighting)
    return _tweets(
        _Words(
            name=fake.name,
            username=fake.user_name,
            description=fake.sentence,
            text=partial(fake.text, max_nb_chars=140),
            hashtags=partial(fake.words, 2),
            number=partial(fake.random_int, 0),
        )
    )


def _mimesis() -> Iterator[bytes]:
    from mimesis import Numeric, Person, Text

    person, text, numeric = Person(), Text(), Numeric()
    return _tweets(
        _Words(
            name=person.full_name,
            username=person.username,
            description=text.sentence,
            text=partial(text.text, quantity=2),
            hashtags=partial(text.words, quantity=2),
            number=partial(numeric.integer_number, 0),
        )
    )


def _ours(noise: float = 0.0) -> Iterator[object]:
    from tweets.fakes import records

    return records(7, count=None, malformed=noise, duplicates=noise)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What a library invents; `number` takes the highest value that it may return."""

    name: Callable[[], str]
    username: Callable[[], str]
    description: Callable[[], str]
    text: Callable[[], str]
    hashtags: Callable[[], list[str]]
    number: Callable[[int], int]


def _tweets(words: _Words) -> Iterator[bytes]:
    """The payload that all peers make."""
    for index in count():
        hashtags = words.hashtags()
        author_id = str(words.number(10**9))
        tweet = {
            "data": {
                "id": str(_FIRST_ID + index),
                "author_id": author_id,
                "created_at": (_START + timedelta(milliseconds=20 * index)).isoformat(),
                "text": f"{words.text()} #{' #'.join(hashtags)}",
                "lang": "en",
                "entities": {"hashtags": [{"tag": tag} for tag in hashtags]},
                "public_metrics": {
                    "retweet_count": words.number(1_000),
                    "reply_count": words.number(100),
                    "like_count": words.number(5_000),
                    "quote_count": words.number(100),
                },
            },
            "includes": {
                "users": [
                    {
                        "id": author_id,
                        "name": words.name(),
                        "username": words.username(),
                        "description": words.description(),
                        "public_metrics": {
                            "followers_count": words.number(100_000),
                            "following_count": words.number(3_000),
                            "tweet_count": words.number(90_000),
                        },
                    }
                ]
            },
        }
        yield json.dumps(tweet).encode()
