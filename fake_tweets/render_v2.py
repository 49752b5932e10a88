"""A tweet as the filtered stream of X's v2 API sends it."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from fake_tweets.entities import cut, display_url, spans, to_json
from fake_tweets.model import Author, Link, Tweet

_WHOLE_UP_TO = 280
_CUT_AT = 250  # leaves room for the link to the rest
_MATCHING_RULES = b']},"matching_rules":[{"id":"1594000000000000001","tag":"fake tweets"}]}'


def render_v2(tweet: Tweet) -> bytes:
    """One JSON object in UTF-8; a text over 280 characters is whole in `note_tweet` only."""
    text, note = tweet.text, ""
    entities = _entities(tweet, text, tweet.links)
    if len(text) > _WHOLE_UP_TO:
        note = f',"note_tweet":{{"text":{to_json(text)}{entities}}}'
        text, link = cut(tweet, _CUT_AT)
        entities = _entities(tweet, text, (link,))
    data = (
        f'{{"data":{{"author_id":"{tweet.author.id}",'
        f'"created_at":"{_created_at(tweet.created_at)}",'
        f'"edit_history_tweet_ids":["{tweet.id}"]{entities},"id":"{tweet.id}"'
        f'{_in_reply_to(tweet)},"lang":"{tweet.lang}"{note},"possibly_sensitive":false,'
        f'"public_metrics":{{"retweet_count":{tweet.retweets},"reply_count":0,'
        f'"like_count":{tweet.likes},"quote_count":0,"bookmark_count":0,"impression_count":0}}'
        f'{_referenced(tweet)},"reply_settings":"everyone","text":{to_json(text)}}},'
        f'"includes":{{"users":['
    )
    return b"".join((data.encode(), _users(tweet), _MATCHING_RULES))


def _in_reply_to(tweet: Tweet) -> str:
    if tweet.reply_to is None:
        return ""
    return f',"in_reply_to_user_id":"{tweet.reply_to.author.id}"'


def _referenced(tweet: Tweet) -> str:
    if tweet.retweet_of:
        kind, id_ = "retweeted", tweet.retweet_of.id
    elif tweet.quote_of:
        kind, id_ = "quoted", tweet.quote_of.id
    elif tweet.reply_to:
        kind, id_ = "replied_to", tweet.reply_to.id
    else:
        return ""
    return f',"referenced_tweets":[{{"type":"{kind}","id":"{id_}"}}]'


def _users(tweet: Tweet) -> bytes:
    """The author and whoever is mentioned, by id: who looks for the author must search."""
    if not tweet.mentions:
        return _user(tweet.author)
    users = {user.id: user for user in (tweet.author, *tweet.mentions)}
    return b",".join(_user(users[id_]) for id_ in sorted(users))


def _entities(tweet: Tweet, text: str, links: tuple[Link, ...]) -> str:
    """What `text` has of the tweet's hashtags and mentions, and `links`; nothing when empty."""
    parts = []
    if tweet.hashtags:
        places = spans(text, [f"#{tag}" for tag in tweet.hashtags])
        hashtags = ",".join(
            [
                f'{{"start":{start},"end":{end},"tag":{to_json(tag)}}}'
                for tag, (start, end) in zip(tweet.hashtags, places, strict=False)
            ]
        )
        parts.append(f'"hashtags":[{hashtags}]')
    if tweet.mentions:
        places = spans(text, [f"@{user.screen_name}" for user in tweet.mentions])
        mentions = ",".join(
            [
                f'{{"start":{start},"end":{end},"username":"{user.screen_name}","id":"{user.id}"}}'
                for user, (start, end) in zip(tweet.mentions, places, strict=False)
            ]
        )
        parts.append(f'"mentions":[{mentions}]')
    if links:
        places = spans(text, [link.url for link in links])
        urls = ",".join(
            [
                f'{{"start":{start},"end":{end},"url":"{link.url}",'
                f'"expanded_url":"{link.expanded_url}","display_url":"{display_url(link)}"}}'
                for link, (start, end) in zip(links, places, strict=False)
            ]
        )
        parts.append(f'"urls":[{urls}]')
    return f',"entities":{{{",".join(parts)}}}' if parts else ""


# Consecutive tweets share their second.
@lru_cache(maxsize=1024)
def _created_at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


@lru_cache(maxsize=4096)
def _user(author: Author) -> bytes:
    user = {
        "created_at": _created_at(author.created_at),
        "description": author.description,
        "id": author.id,
        "name": author.name,
        "profile_image_url": f"https://images.example/{author.id}_normal.jpg",
        "protected": False,
        "public_metrics": {
            "followers_count": author.followers,
            "following_count": author.following,
            "tweet_count": author.tweets,
            "listed_count": author.followers // 500,
            "like_count": author.tweets // 3,
        },
        "username": author.screen_name,
        "verified": author.verified,
    }
    return to_json(user).encode()
