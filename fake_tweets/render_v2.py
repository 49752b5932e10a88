"""A tweet as the filtered stream of X's v2 API sends it."""

from __future__ import annotations

from binascii import hexlify
from functools import lru_cache

from fake_tweets.drafts import Draft, Picks, utc
from fake_tweets.entities import escaped, to_json
from fake_tweets.model import Author, Tweet
from fake_tweets.render_form import Form, Parts, Reference

_WHOLE_UP_TO = 280
_LAYOUT = (
    b'{"data":{"author_id":"%b","created_at":"%b","edit_history_tweet_ids":["%b"]%b,"id":"%b"%b,'
    b'"lang":"%b"%b,"possibly_sensitive":false,"public_metrics":{"retweet_count":%d,'
    b'"reply_count":0,"like_count":%d,"quote_count":0,"bookmark_count":0,"impression_count":0}%b,'
    b'"reply_settings":"everyone","text":"%b"},"includes":{"users":[%b]},'
    b'"matching_rules":[{"id":"1594000000000000001","tag":"fake tweets"}]}'
)


class _V2(Form):
    whole_up_to = _WHOLE_UP_TO
    cut_at = 250  # leaves room for the link to the rest

    def spell(self, picks: Picks) -> bytes:
        snowflake, second, author, opening, closing, hashtags, frame, code = picks
        id_, created_at, users = b"%d" % snowflake, _created_at(second), author.v2
        mention = frame.mention
        if mention and mention is not author:
            pair = (users, mention.v2) if author.id < mention.id else (mention.v2, users)
            users = b"%b,%b" % pair
        if frame.retweet_of:
            template = frame.v2 = frame.v2 or self.template(frame)
            return template % (author.id, created_at, id_, id_, users)

        words: tuple[bytes | int, ...] = (opening.json, closing.json, hashtags.json)
        end = frame.length_before + opening.length + closing.length
        found = b""
        if hashtags.length:
            found = hashtags.v2_first if mention or frame.leads_to else hashtags.v2_alone
            found %= tuple(map(end.__add__, hashtags.offsets))
            end += hashtags.length
        entities: tuple[bytes | int, ...] = (found,)
        if frame.length_after:
            start, end = end + 1, end + frame.length_after
            entities = (found, start, end)
            if frame.leads_to:
                code = hexlify(code)
                words += (code,)
                entities = (found, start, end, code)
        if end <= _WHOLE_UP_TO:
            template = frame.v2 = frame.v2 or self.template(frame)
        else:
            template = frame.v2_cut = frame.v2_cut or self.template(frame, cut=True)
            text, left = self.kept(Draft(*picks))
            rest = id_[-10:]
            words = (*words, *entities, text, rest)
            found = b"" if left is None else b'"hashtags":[%b],' % left
            entities = (found, rest, id_, id_)
        return template % (author.id, created_at, id_, *entities, id_, author.lang, *words, users)

    def lay_out(self, parts: Parts) -> bytes:
        return _LAYOUT % (
            parts.author_id,
            parts.created_at,
            parts.id,
            parts.entities,
            parts.id,
            parts.reference.reply,
            parts.lang,
            parts.whole,
            parts.retweets,
            parts.likes,
            parts.reference.other,
            parts.text,
            parts.users,
        )

    def created_at(self, second: int) -> bytes:
        return _created_at(second)

    def users(self, author: Author, mentions: tuple[Author, ...]) -> bytes:
        # By id: who looks for the author must search.
        users = {user.id: user for user in (author, *mentions)}
        return b",".join([_user(users[id_]) for id_ in sorted(users)])

    def reference(
        self, retweet_of: Tweet | None, quote_of: Tweet | None, reply_to: Tweet | None
    ) -> Reference:
        reply = f',"in_reply_to_user_id":"{reply_to.author.id}"' if reply_to else ""
        kinds = {"retweeted": retweet_of, "quoted": quote_of, "replied_to": reply_to}
        others = [
            f',"referenced_tweets":[{{"type":"{kind}","id":"{other.id}"}}]'
            for kind, other in kinds.items()
            if other
        ]
        return Reference(reply.encode(), "".join(others[:1]).encode())

    def whole(self, text: bytes, length: bytes, entities: bytes) -> bytes:
        return b',"note_tweet":{"text":"%b"%b}' % (text, entities)

    def entities(
        self,
        hashtags: bytes | None,
        mentions: bytes | None,
        links: bytes | None,
        *,
        hole: bytes = b"",
    ) -> bytes:
        kinds = {b"hashtags": hashtags, b"mentions": mentions, b"urls": links}
        parts = [b'"%b":[%b]' % (kind, all_) for kind, all_ in kinds.items() if all_ is not None]
        return b',"entities":{%b%b}' % (hole, b",".join(parts)) if parts else hole

    def hashtag(self, tag: str) -> bytes:
        return b'{"start":%%d,"end":%%d,"tag":%b}' % escaped(to_json(tag).encode())

    def mention(self, user: Author) -> bytes:
        about = f'"username":"{user.screen_name}","id":"{user.id}"'
        return b'{"start":%%d,"end":%%d,%b}' % escaped(about.encode())

    def link(self, url: bytes, leads_to: bytes) -> bytes:
        return b'{"start":%%d,"end":%%d,"url":"%b",%b}' % (url, leads_to)

    def user(self, author: Author) -> bytes:
        """An author."""
        return _user(author)


# Consecutive tweets share their second.
@lru_cache(maxsize=1024)
def _created_at(second: int) -> bytes:
    return f"{utc(second):%Y-%m-%dT%H:%M:%S}.000Z".encode()


@lru_cache(maxsize=4096)
def _user(author: Author) -> bytes:
    user = {
        "created_at": _created_at(int(author.created_at.timestamp())).decode(),
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


V2 = _V2()
render_v2 = V2.render
