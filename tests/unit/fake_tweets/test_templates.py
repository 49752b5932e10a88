"""Tweets filled into templates, with what a template must not take for one of its holes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fake_tweets.cast import cast
from fake_tweets.drafts import Draft, Frame, Speaker
from fake_tweets.model import Author, Link, Tweet
from fake_tweets.render_form import Form
from fake_tweets.render_v1 import V1
from fake_tweets.render_v2 import V2
from tests.unit.fake_tweets.reading import read

PERCENT = "100% of %d %b %% %(id)s %s"
FORMS = pytest.mark.parametrize("form", [V1, V2])


def percent_speaker() -> Speaker:
    """One of the cast, by another name."""
    one = cast().speakers[0]
    author = replace(one.author, name=PERCENT, description=PERCENT)
    return replace(one, author=author, v1=V1.user(author), v2=V2.user(author))


def other_tweet(author: Author) -> Tweet:
    return Tweet("2026338090203010007", author.created_at, author, PERCENT, "en")


def framed(kind: str) -> Frame:
    loud = percent_speaker()
    tweet = other_tweet(loud.author)
    name = loud.author.screen_name
    match kind:
        case "retweet":
            return Frame(before=f"RT @{name}: {PERCENT}", mention=loud, retweet_of=tweet)
        case "quote":
            return Frame(leads_to="https://news.example/100%25", quote_of=tweet)
        case "reply":
            return Frame(before=f"@{name} ", mention=loud, reply_to=tweet)
        case "mention":
            return Frame(after=f" @{name}", mention=loud)
        case "link":
            return Frame(leads_to="https://news.example/%d%20%b")
    return Frame()


def draft(frame: Frame, *, long: bool) -> Draft:
    """One with as many hashtags as there are; its opening is the longest of all, or short."""
    by = cast().speakers[-1]
    tagged = max(by.hashtags, key=lambda hashtags: len(hashtags.tags))
    opening = by.openings[3 if long else -1]
    return Draft(
        2_026_338_090_203_010_999,
        1_770_000_000,
        by,
        opening,
        by.closings[0],
        tagged,
        frame,
        b"%d%b%",
    )


@FORMS
@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("kind", ["plain", "retweet", "quote", "reply", "mention", "link"])
def test_a_percent_sign_is_nothing_special(form: Form, kind: str, long: bool) -> None:
    made = draft(framed(kind), long=long)
    assert form.spell(made) == form.render(made.tweet())
    assert read(form.spell(made)).text == made.text


@FORMS
def test_entities_keep_their_percent_signs(form: Form) -> None:
    loud = percent_speaker().author
    link = Link("https://t.co/%d%b", "https://news.example/100%25")
    tweet = replace(
        other_tweet(loud),
        text=f"@{loud.screen_name} #a%d {link.url}",
        mentions=(loud,),
        links=(link,),
        hashtags=("a%d",),
    )
    data = form.render(tweet)
    assert data.count(b"100%25") == 2
    assert b'"a%d"' in data
    assert read(data).text == tweet.text


@FORMS
def test_a_mention_of_oneself_is_included_once(form: Form) -> None:
    by = cast().speakers[-1]
    made = draft(Frame(after=f" @{by.screen_name}", mention=by), long=False)
    assert form.spell(made) == form.render(made.tweet())


@FORMS
@pytest.mark.parametrize("more", range(-3, 4))
def test_texts_about_as_long_as_is_whole_are_cut_or_not_alike(form: Form, more: int) -> None:
    short = draft(Frame(), long=False)
    padding = "x" * (form.whole_up_to - len(short.text) + more)
    longer = replace(
        short.opening,
        text=padding + short.opening.text,
        json=padding.encode() + short.opening.json,
        length=len(padding) + short.opening.length,
    )
    made = short._replace(opening=longer)
    assert len(made.text) == form.whole_up_to + more
    assert form.spell(made) == form.render(made.tweet())
