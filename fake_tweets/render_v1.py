"""A tweet as Twitter's v1.1 streaming API sent it."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from fake_tweets.entities import cut, display_url, spans, to_json
from fake_tweets.model import Author, Link, Tweet

_WHOLE_UP_TO = 140
_CUT_AT = 115  # leaves room for the link to the rest
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SOURCE = r"<a href=\"https://phone.example/app\" rel=\"nofollow\">Example for Phones</a>"
_NO_REPLY = (
    '"in_reply_to_status_id":null,"in_reply_to_status_id_str":null,"in_reply_to_user_id":null,'
    '"in_reply_to_user_id_str":null,"in_reply_to_screen_name":null'
)


def render_v1(tweet: Tweet) -> bytes:
    """One JSON object in UTF-8; a text over 140 characters is whole in `extended_tweet` only."""
    text, extended = tweet.text, ""
    entities = _entities(tweet, text, tweet.links)
    if len(text) > _WHOLE_UP_TO:
        extended = (
            f',"extended_tweet":{{"full_text":{to_json(text)},'
            f'"display_text_range":[0,{len(text)}],"entities":{entities}}}'
        )
        text, link = cut(tweet, _CUT_AT)
        entities = _entities(tweet, text, (link,))
    head = (
        f'{{"created_at":"{_created_at(tweet.created_at)}","id":{tweet.id},"id_str":"{tweet.id}",'
        f'"text":{to_json(text)},"source":"{_SOURCE}",'
        f'"truncated":{"true" if extended else "false"},{_reply(tweet.reply_to)},"user":'
    )
    tail = (
        f'{extended},"geo":null,"coordinates":null,"place":null,"contributors":null,'
        f'"quote_count":0,"reply_count":0,"retweet_count":{tweet.retweets},'
        f'"favorite_count":{tweet.likes},"entities":{entities},"favorited":false,'
        f'"retweeted":false,"filter_level":"low","lang":"{tweet.lang}"}}'
    )
    return b"".join((head.encode(), _user(tweet.author), _embedded(tweet), tail.encode()))


def _embedded(tweet: Tweet) -> bytes:
    """The tweet that this one retweets or quotes, whole."""
    if tweet.retweet_of:
        return b',"retweeted_status":%b,"is_quote_status":false' % _again(tweet.retweet_of)
    if tweet.quote_of:
        return (
            b',"quoted_status_id":%(id)b,"quoted_status_id_str":"%(id)b","quoted_status":%(tweet)b,'
            b'"is_quote_status":true'
            % {b"id": tweet.quote_of.id.encode(), b"tweet": _again(tweet.quote_of)}
        )
    return b',"is_quote_status":false'


# Few tweets are retweeted and quoted by many.
_again = lru_cache(maxsize=256)(render_v1)


def _reply(to: Tweet | None) -> str:
    if to is None:
        return _NO_REPLY
    return (
        f'"in_reply_to_status_id":{to.id},"in_reply_to_status_id_str":"{to.id}",'
        f'"in_reply_to_user_id":{to.author.id},"in_reply_to_user_id_str":"{to.author.id}",'
        f'"in_reply_to_screen_name":"{to.author.screen_name}"'
    )


def _entities(tweet: Tweet, text: str, links: tuple[Link, ...]) -> str:
    """What `text` has of the tweet's hashtags and mentions, and `links`."""
    hashtags = mentions = urls = ""
    if tweet.hashtags:
        places = spans(text, [f"#{tag}" for tag in tweet.hashtags])
        hashtags = ",".join(
            [
                f'{{"text":{to_json(tag)},"indices":[{start},{end}]}}'
                for tag, (start, end) in zip(tweet.hashtags, places, strict=False)
            ]
        )
    if tweet.mentions:
        places = spans(text, [f"@{user.screen_name}" for user in tweet.mentions])
        mentions = ",".join(
            [
                f'{{"screen_name":"{user.screen_name}","name":{to_json(user.name)},'
                f'"id":{user.id},"id_str":"{user.id}","indices":[{start},{end}]}}'
                for user, (start, end) in zip(tweet.mentions, places, strict=False)
            ]
        )
    if links:
        places = spans(text, [link.url for link in links])
        urls = ",".join(
            [
                f'{{"url":"{link.url}","expanded_url":"{link.expanded_url}",'
                f'"display_url":"{display_url(link)}","indices":[{start},{end}]}}'
                for link, (start, end) in zip(links, places, strict=False)
            ]
        )
    return f'{{"hashtags":[{hashtags}],"urls":[{urls}],"user_mentions":[{mentions}],"symbols":[]}}'


# Consecutive tweets share their second.
@lru_cache(maxsize=1024)
def _created_at(moment: datetime) -> str:
    # Not strftime, which speaks the language of the process.
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
