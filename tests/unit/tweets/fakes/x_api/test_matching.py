from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tweets.fakes.corpus import TREND
from tweets.fakes.generator import FakeTweets
from tweets.fakes.model import Author, Link, Tweet
from tweets.fakes.x_api import Facts, compile_rule

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def author(name: str, id_: str, *, verified: bool = False) -> Author:
    return Author(id_, name, name, "en", "", NOW, 1, 1, 1, verified)


ANN, BOB = author("Ann_1", "11", verified=True), author("bob", "22")
LINK = Link("https://t.co/abc", "https://example.com/")


def tweet(text: str, **more: Any) -> Tweet:
    plain: dict[str, Any] = {"id": "1", "created_at": NOW, "author": ANN, "lang": "en"}
    return Tweet(**{**plain, "text": text, **more})


PLAIN = tweet("I like Coca-Cola, COFFEE and #Tea 😂👍🏽", hashtags=("Tea",))
JAPANESE = tweet("日曜日バスケット動物", lang="ja")
HINDI = tweet("है होगा", lang="hi")
ORIGINAL = tweet("original " + "word " * 40 + "ending #far", author=BOB, hashtags=("far",))
RETWEET = tweet("RT @bob: original word…", retweet_of=ORIGINAL, mentions=(BOB,))
QUOTE = tweet("see https://t.co/abc", quote_of=ORIGINAL, links=(LINK,))
REPLY = tweet("@bob yes", reply_to=ORIGINAL, mentions=(BOB,))


@pytest.mark.parametrize(
    ("rule", "post", "matches"),
    [
        ("coffee", PLAIN, True),
        ("Coffee", PLAIN, True),
        ("coff", PLAIN, False),
        ("cola", PLAIN, True),
        ("coca-cola", PLAIN, True),
        ("cola-coca", PLAIN, False),
        ("tea", PLAIN, True),
        ("#tea", PLAIN, True),
        ("#te", PLAIN, False),
        ("#coffee", PLAIN, False),
        ('"like coca cola"', PLAIN, True),
        ('"like cola"', PLAIN, False),
        ("coffee like", PLAIN, True),
        ("coffee milk", PLAIN, False),
        ("milk OR coffee", PLAIN, True),
        ("milk OR coffee like", PLAIN, True),
        ("(milk OR coffee) water", PLAIN, False),
        ("coffee -milk", PLAIN, True),
        ("coffee -like", PLAIN, False),
        ("😂", PLAIN, True),
        ("👍", PLAIN, True),
        ("🔥", PLAIN, False),
        ("動物", JAPANESE, True),
        ("物動", JAPANESE, False),
        ("है", HINDI, True),
        ("ह", HINDI, False),
        ("from:ann_1", PLAIN, True),
        ("from:11", PLAIN, True),
        ("from:bob", PLAIN, False),
        ("coffee lang:en", PLAIN, True),
        ("coffee lang:ja", PLAIN, False),
        ("coffee is:verified", PLAIN, True),
        ("coffee has:hashtags", PLAIN, True),
        ("coffee has:mentions", PLAIN, False),
        ("coffee has:links", PLAIN, False),
        ("coffee has:media", PLAIN, False),
        ("coffee -is:nullcast", PLAIN, True),
        ("coffee sample:100", PLAIN, True),
        ("coffee is:retweet", PLAIN, False),
        ("original is:retweet", RETWEET, True),
        ("original -is:retweet", RETWEET, False),
        ("ending", RETWEET, True),
        ("#far", RETWEET, True),
        ("rt", RETWEET, True),
        ("from:bob", RETWEET, False),
        ("retweets_of:bob", RETWEET, True),
        ("retweets_of:bob", QUOTE, False),
        ("@bob", RETWEET, True),
        ("see ending is:quote", QUOTE, True),
        ("#far has:links", QUOTE, True),
        ("from:bob", QUOTE, False),
        ("https", QUOTE, False),
        ("abc", QUOTE, False),
        ('"see original"', QUOTE, False),
        ("yes is:reply", REPLY, True),
        ("to:bob", REPLY, True),
        ("to:bob", PLAIN, False),
        ("original", REPLY, False),
    ],
)
def test_a_rule_matches_what_it_says(rule: str, post: Tweet, matches: bool) -> None:
    assert compile_rule(rule)(Facts(post)) is matches


WORDS = "abcd"
negatable = st.tuples(st.sampled_from(WORDS), st.booleans())
clauses = st.lists(negatable, min_size=1, max_size=4)
alternatives = st.lists(clauses, min_size=1, max_size=4)


@given(first=st.sampled_from(WORDS), groups=alternatives, said=st.sets(st.sampled_from(WORDS)))
def test_and_or_and_negation_agree_with_pythons(
    first: str, groups: list[list[tuple[str, bool]]], said: set[str]
) -> None:
    inner = " OR ".join(
        " ".join(f"-{word}" if negated else word for word, negated in clause) for clause in groups
    )
    expected = first in said and any(
        all((word in said) != negated for word, negated in clause) for clause in groups
    )
    post = tweet(" ".join(sorted(said)))
    assert compile_rule(f"{first} ({inner})")(Facts(post)) is expected


@given(text=st.text(), extra=st.sampled_from(WORDS))
def test_a_word_of_the_text_matches_and_its_negation_does_not(text: str, extra: str) -> None:
    facts = Facts(tweet(f"{text} {extra}"))
    assert compile_rule(f'"{extra}"')(facts)
    assert not compile_rule(f"{extra} -{extra}")(facts)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_one_to_two_tweets_in_a_hundred_match_the_word_the_sample_tracked(seed: int) -> None:
    fakes = FakeTweets(seed)
    matches = compile_rule(TREND)
    found = sum(matches(Facts(fakes.tweet(index))) for index in range(4000))
    assert 0.008 < found / 4000 < 0.03
