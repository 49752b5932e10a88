"""A tweet as the filtered stream of X's v2 API sends it, with the objects that it refers to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from tweets.fakes.entities import Mark, cut, found, mark_of, to_json
from tweets.fakes.model import Author, Link, Tweet

_WHOLE_UP_TO = 280
_CUT_AT = 250  # leaves room for the link to the rest
_LAYOUT = (
    b'{"data":%b,"includes":{"users":[%b]%b},'
    b'"matching_rules":[{"id":"1594000000000000001","tag":"fake tweets"}]}'
)


def render_v2(tweet: Tweet) -> bytes:
    """One JSON object in UTF-8, without newline."""
    people = [tweet.author, *tweet.mentions]
    tweets = b""
    if other := tweet.retweet_of or tweet.quote_of or tweet.reply_to:
        people.append(other.author)
        tweets = b',"tweets":[%b]' % _again(other)
    # In order of id, so that consumers must search for the author.
    users = sorted({user.id: user for user in people}.items())
    return _LAYOUT % (_post(tweet), b",".join([_user(user) for _, user in users]), tweets)


def _post(tweet: Tweet) -> bytes:
    text, whole = tweet.text, ""
    entities = _entities(tweet, text, tweet.links)
    if len(text) > _WHOLE_UP_TO:
        whole = f',"note_tweet":{{"text":{to_json(text)}{entities}}}'
        text, rest = cut(tweet, _CUT_AT)
        entities = _entities(tweet, text, [rest])
    reply = tweet.reply_to
    in_reply_to = f',"in_reply_to_user_id":"{reply.author.id}"' if reply else ""
    # Turning a whole dictionary into JSON would take three times as long.
    data = (
        f'{{"author_id":"{tweet.author.id}","created_at":"{_created_at(tweet.created_at)}",'
        f'"edit_history_tweet_ids":["{tweet.id}"]{entities},"id":"{tweet.id}"{in_reply_to},'
        f'"lang":"{tweet.lang}"{whole},"possibly_sensitive":false,'
        f'"public_metrics":{{"retweet_count":{tweet.retweets},"reply_count":0,'
        f'"like_count":{tweet.likes},"quote_count":0,"bookmark_count":0,"impression_count":0}}'
        f'{_other(tweet)},"reply_settings":"everyone","text":{to_json(text)}}}'
    )
    return data.encode()


# Cached, because many tweets refer to the same few.
_again = lru_cache(maxsize=256)(_post)


def _entities(tweet: Tweet, text: str, links: Sequence[Link]) -> str:
    kinds: dict[str, list[Mark]] = {
        "hashtags": [(f"#{tag}", f'"tag":{to_json(tag)}') for tag in tweet.hashtags],
        "mentions": [
            (f"@{user.screen_name}", f'"username":"{user.screen_name}","id":"{user.id}"')
            for user in tweet.mentions
        ],
        "urls": [mark_of(link) for link in links],
    }
    entities = [f'"{kind}":[{_placed(text, marks)}]' for kind, marks in kinds.items() if marks]
    return f',"entities":{{{",".join(entities)}}}' if entities else ""


def _placed(text: str, marks: list[Mark]) -> str:
    return ",".join(
        [f'{{"start":{start},"end":{end},{about}}}' for about, (start, end) in found(text, marks)]
    )


def _other(tweet: Tweet) -> str:
    kinds = {
        "retweeted": tweet.retweet_of,
        "quoted": tweet.quote_of,
        "replied_to": tweet.reply_to,
    }
    for kind, other in kinds.items():
        if other:
            return f',"referenced_tweets":[{{"type":"{kind}","id":"{other.id}"}}]'
    return ""


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
