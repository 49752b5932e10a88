from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.tweets.fakes.reading import read, shape
from tweets.fakes import FakeTweets, Link, Shape, Tweet, expected_item, render
from tweets.fakes.entities import to_json

SHAPES: tuple[Shape, ...] = ("v1", "v2", "mixed")
fakes = FakeTweets(7)
plain = Tweet("2026338090203010007", fakes.tweet(0).created_at, fakes.tweet(0).author, "hi", "en")
characters = st.characters(exclude_categories=["Cs"])
tweets = st.builds(fakes.tweet, st.integers(min_value=0, max_value=2**35))


@given(tweet=tweets, asked=st.sampled_from(SHAPES))
def test_what_is_read_is_the_tweet_in_every_shape(tweet: Tweet, asked: Shape) -> None:
    found = read(render(tweet, asked))
    assert found.id == tweet.id
    assert found.created_at == tweet.created_at
    assert found.name == tweet.author.name
    assert found.screen_name == tweet.author.screen_name
    assert found.text == tweet.text
    assert found.lang == tweet.lang


@given(tweet=tweets, asked=st.sampled_from(SHAPES))
def test_no_payload_holds_a_newline(tweet: Tweet, asked: Shape) -> None:
    assert b"\n" not in render(tweet, asked)
    assert b"\r" not in render(tweet, asked)


@given(tweet=tweets)
def test_a_rendered_tweet_is_compact_json(tweet: Tweet) -> None:
    for asked in SHAPES:
        data = render(tweet, asked)
        compact = json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":"))
        assert data.decode() == compact


@given(said=st.text(characters, min_size=1, max_size=300), asked=st.sampled_from(SHAPES))
@example(said='100% of %d %b {} "no\\yes"\n\u2028', asked="v1")
@example(said='100% of %d %b {} "no\\yes"\n\u2028', asked="v2")
def test_whatever_is_said_is_nothing_special(said: str, asked: Shape) -> None:
    author = replace(plain.author, name=said, description=said)
    link = Link(f"https://t.co/{said}", f"https://news.example/{said}")
    tweet = plain._replace(
        author=author,
        text=f"{said} @{author.screen_name} #{said} {link.url}",
        hashtags=(said,),
        mentions=(author,),
        links=(link,),
    )
    data = render(tweet, asked)
    assert data.decode() == json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":"))
    found = read(data)
    assert (found.name, found.text) == (said, tweet.text)
    assert to_json(link.expanded_url) in data.decode()


@pytest.mark.parametrize(("asked", "most"), [("v1", 140), ("v2", 280)])
@pytest.mark.parametrize("more", range(-3, 4))
def test_a_text_is_cut_from_the_first_character_too_many_on(
    asked: Shape, most: int, more: int
) -> None:
    tweet = plain._replace(text="x" * (most + more))
    payload = json.loads(render(tweet, asked))
    assert (payload.get("data", payload)["text"] != tweet.text) == (more > 0)
    assert read(render(tweet, asked)).text == tweet.text


def test_v2_includes_who_mentions_themselves_once() -> None:
    tweet = plain._replace(text=f"@{plain.author.screen_name}", mentions=(plain.author,))
    users = json.loads(render(tweet, "v2"))["includes"]["users"]
    assert [user["id"] for user in users] == [plain.author.id]


def test_the_expected_item_is_what_a_consumer_would_store() -> None:
    for tweet in map(fakes.tweet, range(2000)):
        found = read(render(tweet, "mixed"))
        assert expected_item(tweet) == {
            "Username": found.name if found.name.strip() else found.screen_name,
            "Id": found.id,
            "Timestamp": found.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "Message": found.message,
        }


def test_a_blank_display_name_falls_back_to_the_screen_name() -> None:
    tweet = next(t for t in map(fakes.tweet, range(2000)) if not t.author.name.strip())
    assert expected_item(tweet)["Username"] == tweet.author.screen_name


def test_mixed_is_about_half_of_each_shape() -> None:
    shapes = Counter(shape(fakes.record(index, "mixed").data) for index in range(2000))
    assert 0.45 < shapes["v1"] / 2000 < 0.55


@pytest.mark.parametrize(("asked", "least", "most"), [("v1", 2000, 3200), ("v2", 1300, 2000)])
def test_payloads_are_as_large_as_real_ones(asked: Shape, least: int, most: int) -> None:
    sizes = [len(fakes.record(index, asked).data) for index in range(2000)]
    assert least < sum(sizes) / len(sizes) < most


def test_v1_indices_point_at_their_entities() -> None:
    seen: Counter[str] = Counter()
    for index in range(2000):
        tweet = json.loads(fakes.record(index, "v1").data)
        texts = [(tweet["text"], tweet["entities"])]
        if tweet["truncated"]:
            extended = tweet["extended_tweet"]
            texts.append((extended["full_text"], extended["entities"]))
        for text, entities in texts:
            for kind, mark, sign in (
                ("hashtags", "text", "#"),
                ("user_mentions", "screen_name", "@"),
                ("urls", "url", ""),
            ):
                for entity in entities[kind]:
                    start, end = entity["indices"]
                    assert text[start:end] == sign + entity[mark]
                    seen[kind] += 1
    assert min(seen[kind] for kind in ("hashtags", "user_mentions", "urls")) > 100


def test_v2_positions_point_at_their_entities() -> None:
    seen: Counter[str] = Counter()
    for index in range(2000):
        data = json.loads(fakes.record(index, "v2").data)["data"]
        texts = [(data["text"], data.get("entities", {}))]
        if "note_tweet" in data:
            note = data["note_tweet"]
            texts.append((note["text"], note.get("entities", {})))
        for text, entities in texts:
            for kind, mark, sign in (
                ("hashtags", "tag", "#"),
                ("mentions", "username", "@"),
                ("urls", "url", ""),
            ):
                for entity in entities.get(kind, []):
                    assert text[entity["start"] : entity["end"]] == sign + entity[mark]
                    seen[kind] += 1
    assert min(seen[kind] for kind in ("hashtags", "mentions", "urls")) > 100


def test_all_entities_of_the_tweet_are_in_the_whole_text() -> None:
    for tweet in map(fakes.tweet, range(2000)):
        v1 = json.loads(render(tweet, "v1"))
        entities = v1["extended_tweet"]["entities"] if v1["truncated"] else v1["entities"]
        assert [tag["text"] for tag in entities["hashtags"]] == list(tweet.hashtags)
        assert [user["id_str"] for user in entities["user_mentions"]] == [
            user.id for user in tweet.mentions
        ]
        assert [url["url"] for url in entities["urls"]] == [link.url for link in tweet.links]


def test_a_long_text_is_cut_in_text_and_whole_elsewhere() -> None:
    tweet = next(t for t in map(fakes.tweet, range(2000)) if len(t.text) > 3000)
    v1 = json.loads(render(tweet, "v1"))
    assert v1["truncated"] is True
    assert len(v1["text"]) <= 140
    assert v1["extended_tweet"]["full_text"] == tweet.text
    v2 = json.loads(render(tweet, "v2"))["data"]
    assert len(v2["text"]) <= 280
    assert v2["note_tweet"]["text"] == tweet.text
    assert v1["text"][:100] == v2["text"][:100] == tweet.text[:100]


def test_v1_embeds_what_is_retweeted_or_quoted() -> None:
    retweet = next(t for t in map(fakes.tweet, range(100)) if t.retweet_of)
    quote = next(t for t in map(fakes.tweet, range(100)) if t.quote_of)
    reply = next(t for t in map(fakes.tweet, range(100)) if t.reply_to)
    assert retweet.retweet_of is not None
    assert quote.quote_of is not None
    assert reply.reply_to is not None
    v1 = json.loads(render(retweet, "v1"))
    assert v1["retweeted_status"] == json.loads(render(retweet.retweet_of, "v1"))
    v1 = json.loads(render(quote, "v1"))
    assert v1["quoted_status_id_str"] == quote.quote_of.id
    assert v1["quoted_status"] == json.loads(render(quote.quote_of, "v1"))
    v1 = json.loads(render(reply, "v1"))
    assert v1["in_reply_to_status_id_str"] == reply.reply_to.id
    assert v1["in_reply_to_screen_name"] == reply.reply_to.author.screen_name


def test_v2_names_what_is_retweeted_quoted_or_replied_to() -> None:
    for tweet in map(fakes.tweet, range(300)):
        data = json.loads(render(tweet, "v2"))["data"]
        expected = [
            {"type": kind, "id": other.id}
            for kind, other in (
                ("retweeted", tweet.retweet_of),
                ("quoted", tweet.quote_of),
                ("replied_to", tweet.reply_to),
            )
            if other
        ]
        assert data.get("referenced_tweets", []) == expected


def test_v2_includes_all_that_have_to_do_with_it_each_once() -> None:
    first = 0
    for tweet in map(fakes.tweet, range(500)):
        users = json.loads(render(tweet, "v2"))["includes"]["users"]
        ids = [user["id"] for user in users]
        other = tweet.retweet_of or tweet.quote_of or tweet.reply_to
        people = {tweet.author, *tweet.mentions, *((other.author,) if other else ())}
        assert sorted(ids) == sorted(user.id for user in people)
        first += ids[0] == tweet.author.id
    assert 250 < first < 480  # a consumer that takes the first user must be found out


def test_v2_includes_what_it_refers_to() -> None:
    for tweet in map(fakes.tweet, range(300)):
        other = tweet.retweet_of or tweet.quote_of or tweet.reply_to
        includes = json.loads(render(tweet, "v2"))["includes"]
        whole = [json.loads(render(other, "v2"))["data"]] if other else []
        assert includes.get("tweets", []) == whole
