"""A tweet as Twitter's v1.1 streaming API sent it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from tweets.fakes.entities import Mark, cut, found, mark_of, to_json
from tweets.fakes.model import Author, Link, Tweet

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHOLE_UP_TO = 140
_CUT_AT = 115  # leaves room for the link to the rest
_SOURCE = to_json('<a href="https://phone.example/app" rel="nofollow">Example for Phones</a>')


def render_v1(tweet: Tweet) -> bytes:
    """One JSON object in UTF-8, without newline."""
    text, whole = tweet.text, ""
    entities = _entities(tweet, text, tweet.links)
    if len(text) > _WHOLE_UP_TO:
        whole = (
            f',"extended_tweet":{{"full_text":{to_json(text)},'
            f'"display_text_range":[0,{len(text)}],"entities":{entities}}}'
        )
        text, rest = cut(tweet, _CUT_AT)
        entities = _entities(tweet, text, [rest])
    # Turning a whole dictionary into JSON would take three times as long.
    start = (
        f'{{"created_at":"{_created_at(tweet.created_at)}","id":{tweet.id},"id_str":"{tweet.id}",'
        f'"text":{to_json(text)},"source":{_SOURCE},"truncated":{"true" if whole else "false"},'
        f"{_reply(tweet.reply_to)}"
    )
    end = (
        f'{whole},"geo":null,"coordinates":null,"place":null,"contributors":null,"quote_count":0,'
        f'"reply_count":0,"retweet_count":{tweet.retweets},"favorite_count":{tweet.likes},'
        f'"entities":{entities},"favorited":false,"retweeted":false,"filter_level":"low",'
        f'"lang":"{tweet.lang}"}}'
    )
    parts = (start.encode(), _user(tweet.author), _other(tweet), end.encode())
    return b'%b,"user":%b,%b%b' % parts


def _entities(tweet: Tweet, text: str, links: Iterable[Link]) -> str:
    hashtags = _placed(text, [(f"#{tag}", f'"text":{to_json(tag)}') for tag in tweet.hashtags])
    mentions = _placed(text, [(f"@{user.screen_name}", _mention(user)) for user in tweet.mentions])
    urls = _placed(text, [mark_of(link) for link in links])
    return f'{{"hashtags":[{hashtags}],"urls":[{urls}],"user_mentions":[{mentions}],"symbols":[]}}'


def _placed(text: str, marks: list[Mark]) -> str:
    return ",".join(
        [f'{{{about},"indices":[{start},{end}]}}' for about, (start, end) in found(text, marks)]
    )


def _mention(user: Author) -> str:
    return (
        f'"screen_name":"{user.screen_name}","name":{to_json(user.name)},'
        f'"id":{user.id},"id_str":"{user.id}"'
    )


def _reply(to: Tweet | None) -> str:
    if not to:
        return (
            '"in_reply_to_status_id":null,"in_reply_to_status_id_str":null,'
            '"in_reply_to_user_id":null,"in_reply_to_user_id_str":null,'
            '"in_reply_to_screen_name":null'
        )
    return (
        f'"in_reply_to_status_id":{to.id},"in_reply_to_status_id_str":"{to.id}",'
        f'"in_reply_to_user_id":{to.author.id},"in_reply_to_user_id_str":"{to.author.id}",'
        f'"in_reply_to_screen_name":"{to.author.screen_name}"'
    )


def _other(tweet: Tweet) -> bytes:
    if tweet.retweet_of:
        return b'"retweeted_status":%b,"is_quote_status":false' % _again(tweet.retweet_of)
    if quoted := tweet.quote_of:
        return (
            b'"quoted_status_id":%(id)b,"quoted_status_id_str":"%(id)b",'
            b'"quoted_status":%(tweet)b,"is_quote_status":true'
            % {b"id": quoted.id.encode(), b"tweet": _again(quoted)}
        )
    return b'"is_quote_status":false'


# Cached, because many tweets retweet or quote the same few.
_again = lru_cache(maxsize=256)(render_v1)


# Consecutive tweets share their second.
@lru_cache(maxsize=1024)
def _created_at(moment: datetime) -> str:
    # Not strftime, which uses the process's locale.
    return (
        f"{_WEEKDAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {moment.day:02} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} +0000 {moment.year}"
    )


@lru_cache(maxsize=4096)
def _user(author: Author) -> bytes:
    image = f"https://images.example/{author.id}"
    user = {
        "id": int(author.id),
        "id_str": author.id,
        "name": author.name,
        "screen_name": author.screen_name,
        "location": None,
        "url": None,
        "description": author.description,
        "translator_type": "none",
        "protected": False,
        "verified": author.verified,
        "followers_count": author.followers,
        "friends_count": author.following,
        "listed_count": author.followers // 500,
        "favourites_count": author.tweets // 3,
        "statuses_count": author.tweets,
        "created_at": _created_at(author.created_at),
        "utc_offset": None,
        "time_zone": None,
        "geo_enabled": False,
        "lang": None,
        "contributors_enabled": False,
        "is_translator": False,
        "profile_background_color": "F5F8FA",
        "profile_background_image_url": "",
        "profile_background_image_url_https": "",
        "profile_background_tile": False,
        "profile_link_color": "1DA1F2",
        "profile_sidebar_border_color": "C0DEED",
        "profile_sidebar_fill_color": "DDEEF6",
        "profile_text_color": "333333",
        "profile_use_background_image": True,
        "profile_image_url": f"{image}_normal.jpg",
        "profile_image_url_https": f"{image}_normal.jpg",
        "profile_banner_url": f"{image}_banner",
        "default_profile": True,
        "default_profile_image": False,
        "following": None,
        "follow_request_sent": None,
        "notifications": None,
    }
    return to_json(user).encode()
