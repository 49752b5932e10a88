"""A tweet as Twitter's v1.1 streaming API sent it."""

from __future__ import annotations

from binascii import hexlify
from functools import lru_cache

from fake_tweets.drafts import Draft, Picks, utc
from fake_tweets.entities import escaped, to_json
from fake_tweets.model import Author, Tweet
from fake_tweets.render_form import Form, Parts, Reference

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHOLE_UP_TO = 140
_LAYOUT = (
    rb'{"created_at":"%b","id":%b,"id_str":"%b","text":"%b",'
    rb'"source":"<a href=\"https://phone.example/app\" rel=\"nofollow\">Example for Phones</a>",'
    rb'"truncated":%b,%b,"user":%b,%b%b,"geo":null,"coordinates":null,"place":null,'
    rb'"contributors":null,"quote_count":0,"reply_count":0,"retweet_count":%d,'
    rb'"favorite_count":%d,"entities":%b,"favorited":false,"retweeted":false,'
    rb'"filter_level":"low","lang":"%b"}'
)
_NO_REPLY = (
    b'"in_reply_to_status_id":null,"in_reply_to_status_id_str":null,"in_reply_to_user_id":null,'
    b'"in_reply_to_user_id_str":null,"in_reply_to_screen_name":null'
)


class _V1(Form):
    whole_up_to = _WHOLE_UP_TO
    cut_at = 115  # leaves room for the link to the rest

    def spell(self, picks: Picks) -> bytes:
        snowflake, second, author, opening, closing, hashtags, frame, code = picks
        id_, created_at = b"%d" % snowflake, _created_at(second)
        if frame.retweet_of:
            template = frame.v1 = frame.v1 or self.template(frame)
            return template % (created_at, id_, id_, author.v1)

        words: tuple[bytes, ...] = (opening.json, closing.json, hashtags.json)
        end = frame.length_before + opening.length + closing.length
        found = b""
        if hashtags.length:
            found = hashtags.v1 % tuple(map(end.__add__, hashtags.offsets))
            end += hashtags.length
        entities: tuple[bytes | int, ...] = (found,)
        if frame.length_after:
            start, end = end + 1, end + frame.length_after
            entities = (found, start, end)
            if frame.leads_to:
                code = hexlify(code)
                words += (code,)
                entities = (found, code, start, end)
        if end <= _WHOLE_UP_TO:
            template = frame.v1 = frame.v1 or self.template(frame)
        else:
            template = frame.v1_cut = frame.v1_cut or self.template(frame, cut=True)
            text, left = self.kept(Draft(*picks))
            rest = id_[-10:]
            entities = (*words, end, *entities, left or b"", rest, id_, id_)
            words = (text, rest)
        return template % (created_at, id_, id_, *words, author.v1, *entities, author.lang)

    def lay_out(self, parts: Parts) -> bytes:
        return _LAYOUT % (
            parts.created_at,
            parts.id,
            parts.id,
            parts.text,
            b"true" if parts.whole else b"false",
            parts.reference.reply,
            parts.users,
            parts.reference.other,
            parts.whole,
            parts.retweets,
            parts.likes,
            parts.entities,
            parts.lang,
        )

    def created_at(self, second: int) -> bytes:
        return _created_at(second)

    def users(self, author: Author, mentions: tuple[Author, ...]) -> bytes:
        return self.user(author)

    def user(self, author: Author) -> bytes:
        """An author."""
        return _user(author)

    def reference(
        self, retweet_of: Tweet | None, quote_of: Tweet | None, reply_to: Tweet | None
    ) -> Reference:
        other = b'"is_quote_status":false'
        if retweet_of:
            other = b'"retweeted_status":%b,"is_quote_status":false' % _again(retweet_of)
        elif quote_of:
            other = (
                b'"quoted_status_id":%(id)b,"quoted_status_id_str":"%(id)b",'
                b'"quoted_status":%(tweet)b,"is_quote_status":true'
                % {b"id": quote_of.id.encode(), b"tweet": _again(quote_of)}
            )
        return Reference(_reply(reply_to) if reply_to else _NO_REPLY, other)

    def whole(self, text: bytes, length: bytes, entities: bytes) -> bytes:
        return b',"extended_tweet":{"full_text":"%b","display_text_range":[0,%b],"entities":%b}' % (
            text,
            length,
            entities,
        )

    def entities(
        self,
        hashtags: bytes | None,
        mentions: bytes | None,
        links: bytes | None,
        *,
        hole: bytes = b"",
    ) -> bytes:
        return b'{"hashtags":[%b],"urls":[%b],"user_mentions":[%b],"symbols":[]}' % (
            hole or hashtags or b"",
            links or b"",
            mentions or b"",
        )

    def hashtag(self, tag: str) -> bytes:
        return b'{"text":%b,"indices":[%%d,%%d]}' % escaped(to_json(tag).encode())

    def mention(self, user: Author) -> bytes:
        return (
            escaped(
                f'{{"screen_name":"{user.screen_name}","name":{to_json(user.name)},'
                f'"id":{user.id},"id_str":"{user.id}","indices":'.encode()
            )
            + b"[%d,%d]}"
        )

    def link(self, url: bytes, leads_to: bytes) -> bytes:
        return b'{"url":"%b",%b,"indices":[%%d,%%d]}' % (url, leads_to)


def _reply(to: Tweet) -> bytes:
    return (
        f'"in_reply_to_status_id":{to.id},"in_reply_to_status_id_str":"{to.id}",'
        f'"in_reply_to_user_id":{to.author.id},"in_reply_to_user_id_str":"{to.author.id}",'
        f'"in_reply_to_screen_name":"{to.author.screen_name}"'
    ).encode()


# Consecutive tweets share their second.
@lru_cache(maxsize=1024)
def _created_at(second: int) -> bytes:
    moment = utc(second)
    # Not strftime, which speaks the language of the process.
    return (
        f"{_WEEKDAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {moment.day:02} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} +0000 {moment.year}"
    ).encode()


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
        "created_at": _created_at(int(author.created_at.timestamp())).decode(),
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


V1 = _V1()
render_v1 = V1.render
# Few tweets are retweeted and quoted by many.
_again = lru_cache(maxsize=256)(render_v1)
