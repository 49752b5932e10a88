"""Authors and phrases, made once with Faker, from which tweets are put together.

Faker provides only words and names. What a program may rely on (ids, popularity, order) is computed
here or in `generator`, so another release of Faker changes only the words.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from tweets.fakes.corpus import EMOJI, HOSTILE_NAMES, HOSTILE_TEXTS, LANGUAGES, TREND, Language
from tweets.fakes.model import Author

if TYPE_CHECKING:
    from faker import Faker

AUTHORS = 1000
OPENINGS = 256
CLOSINGS = 64
HASHTAGS = 64
ARTICLES = 128
POPULARITY_SLOTS = 8192

_SEED = 2015
# Faker's own would take as long as the words and names together.
_PROVIDERS = ["faker.providers.internet", "faker.providers.lorem", "faker.providers.person"]
_LONG_TEXTS = (350, 800, 1800, 3600)  # characters; X accepts up to 4,000 in total
_MEDIUM_TEXTS = (190,) * 12
_TREND_PLACE = 5  # one of HASHTAGS, in place of another tag


class Voice(NamedTuple):
    """The phrases of a language; each entry of `hashtags` has the hashtags of one tweet."""

    openings: tuple[str, ...]
    closings: tuple[str, ...]
    hashtags: tuple[tuple[str, ...], ...]


class Pools(NamedTuple):
    """Everything to pick from.

    `by_popularity` repeats each author in proportion to their share of the tweets. `voices` is by
    language code. `articles` are addresses to link to.
    """

    authors: tuple[Author, ...]
    by_popularity: tuple[Author, ...]
    voices: dict[str, Voice]
    articles: tuple[str, ...]


@cache
def pools() -> Pools:
    """The pools, the same in every process; the first call takes a quarter of a second."""
    from faker import Faker  # here, so that importing the package is fast

    fakers = {
        locale: _seeded(Faker(locale, providers=_PROVIDERS))
        for locale in dict.fromkeys(
            locale for language in LANGUAGES for locale in (language.names, language.lorem)
        )
    }
    english = fakers["en_US"]
    authors = _authors(fakers, english)
    return Pools(
        authors=authors,
        by_popularity=_by_popularity(authors),
        voices={
            language.code: _voice(fakers[language.lorem], language.words) for language in LANGUAGES
        },
        articles=tuple(
            f"https://{english.word()}.example/{'-'.join(english.words(5))}"
            for _ in range(ARTICLES)
        ),
    )


def _seeded(fake: Faker) -> Faker:
    fake.seed_instance(_SEED)
    return fake


def _authors(fakers: dict[str, Faker], english: Faker) -> tuple[Author, ...]:
    rng = random.Random(_SEED)
    spoken = [language for language in LANGUAGES for _ in range(language.share)]
    rng.shuffle(spoken)
    return tuple(
        _author(rank, spoken[rank % len(spoken)], fakers, english, rng) for rank in range(AUTHORS)
    )


def _author(
    rank: int, language: Language, fakers: dict[str, Faker], english: Faker, rng: random.Random
) -> Author:
    if rank % 40 == 7:
        name = HOSTILE_NAMES[rank // 40 % len(HOSTILE_NAMES)]
    else:
        name = fakers[language.names].name()[:50].strip()
    letters = "".join(filter(str.isalpha, english.user_name()))[:11]
    return Author(
        id=str(12_000_000 + rank * 1_700_003 + rng.randrange(1_000_000)),
        name=name,
        screen_name=f"{letters}_{rank}",  # at most 15 characters, as X allows
        lang=language.code,
        description=fakers[language.lorem].sentence(8, ext_word_list=language.words)[:160],
        created_at=datetime(2007, 1, 1, tzinfo=UTC)
        + timedelta(days=6 * rank, seconds=rng.randrange(500_000)),
        followers=9_000_000 // (rank + 3) + rng.randrange(900),
        following=rng.randrange(3_000),
        tweets=rng.randrange(100, 90_000),
        verified=rank % 9 == 0,
    )


def _by_popularity(authors: tuple[Author, ...]) -> tuple[Author, ...]:
    """Slots divided by the Zipf-Mandelbrot law, in integers because powers differ by platform."""
    weights = [1_000_000_000 // (rank + 4) for rank in range(len(authors))]
    total = sum(weights)
    slots: list[Author] = []
    given = 0
    for author, weight in zip(authors, weights, strict=True):
        given += weight
        slots += [author] * (given * POPULARITY_SLOTS // total - len(slots))
    return tuple(slots)


def _voice(fake: Faker, words: tuple[str, ...] | None) -> Voice:
    rng = random.Random(_SEED)

    def sentence(length: int) -> str:
        return str(fake.sentence(length, ext_word_list=words))

    def text(length: int) -> str:
        return str(fake.text(length, ext_word_list=words))

    openings = [text(length) for length in _LONG_TEXTS + _MEDIUM_TEXTS]
    openings += [sentence(rng.randrange(4, 14)) for _ in range(OPENINGS - len(openings))]
    closings = [
        f"{sentence(rng.randrange(2, 6))} {rng.choice(EMOJI)}".rstrip()
        for _ in range(CLOSINGS - len(HOSTILE_TEXTS))
    ]
    tags = [tag for tag in words or fake.words(200) if len(tag) > 1 and tag.isidentifier()]
    hashtags = [tuple(rng.choice(tags) for _ in range(max(0, n % 8 - 4))) for n in range(HASHTAGS)]
    hashtags[_TREND_PLACE] = (TREND,)
    return Voice(tuple(openings), (*closings, *HOSTILE_TEXTS), tuple(hashtags))
