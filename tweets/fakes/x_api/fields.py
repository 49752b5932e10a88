"""Selects the requested fields of a post."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tweets.fakes.entities import to_json
from tweets.fakes.model import Author, Tweet
from tweets.fakes.render_v2 import render_v2
from tweets.fakes.x_api.problems import Problem, invalid_request
from tweets.fakes.x_api.rulebook import Rule
from tweets.fakes.x_api.tokens import words

_TWEET_DEFAULTS = frozenset({"id", "text", "edit_history_tweet_ids"})
_USER_DEFAULTS = frozenset({"id", "name", "username"})

_TWEET_FIELDS = words(
    "article attachments author_id card_uri community_id context_annotations conversation_id "
    "created_at display_text_range edit_controls edit_history_tweet_ids entities geo id "
    "in_reply_to_user_id lang matched_media_notes media_metadata non_public_metrics "
    "note_request_suggestions note_tweet organic_metrics paid_partnership possibly_sensitive "
    "promoted_metrics public_metrics referenced_tweets reply_settings scopes source "
    "suggested_source_links suggested_source_links_with_counts text withheld"
)
_USER_FIELDS = words(
    "affiliation confirmed_email connection_status created_at description entities id "
    "is_identity_verified location most_recent_tweet_id name parody pinned_tweet_id "
    "profile_banner_url profile_image_url protected public_metrics receives_your_dm subscription "
    "subscription_type url username verified verified_followers_count verified_type "
    "withheld"
)
_EXPANSIONS = words(
    "article.cover_media article.media_entities attachments.media_keys "
    "attachments.media_source_tweet attachments.poll_ids author_id edit_history_tweet_ids "
    "entities.mentions.username geo.place_id in_reply_to_user_id "
    "entities.note.mentions.username referenced_tweets.id "
    "referenced_tweets.id.attachments.media_keys referenced_tweets.id.author_id"
)
_MEDIA_FIELDS = words(
    "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url "
    "promoted_metrics public_metrics type url variants width"
)
_POLL_FIELDS = words("duration_minutes end_datetime id options voting_status")
_PLACE_FIELDS = words("contained_within country country_code full_name geo id name place_type")
_KNOWN = {
    "tweet.fields": _TWEET_FIELDS,
    "user.fields": _USER_FIELDS,
    "expansions": _EXPANSIONS,
    # Accepted without effect: no fake tweet has any of these.
    "media.fields": _MEDIA_FIELDS,
    "poll.fields": _POLL_FIELDS,
    "place.fields": _PLACE_FIELDS,
}
_EXPANDED = {
    "author_id": "author_id",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "entities.mentions.username": "entities",
    "referenced_tweets.id": "referenced_tweets",
    "referenced_tweets.id.author_id": "referenced_tweets",
}

Json = dict[str, Any]


class FieldsError(ValueError):
    """The query requests unknown fields; `problem` is X's answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem["errors"])
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that a reader gets of each post."""

    tweet: frozenset[str] = _TWEET_DEFAULTS
    user: frozenset[str] = _USER_DEFAULTS
    expansions: frozenset[str] = frozenset()

    @classmethod
    def from_query(cls, query: Iterable[tuple[str, str]]) -> Fields:
        """Read the stream's query; raises FieldsError."""
        asked: dict[str, frozenset[str]] = {}
        for name, text in query:
            if name not in _KNOWN:
                raise FieldsError(invalid_request(name, [text], f"{_quoted(name)} is unknown."))
            asked[name] = _values(name, text)
        expansions = asked.get("expansions", frozenset())
        return cls(
            # X adds the field that refers to what is expanded.
            _TWEET_DEFAULTS
            | asked.get("tweet.fields", frozenset())
            | {_EXPANDED[expansion] for expansion in expansions if expansion in _EXPANDED},
            _USER_DEFAULTS | asked.get("user.fields", frozenset()),
            expansions,
        )

    def line(self, tweet: Tweet, rules: Sequence[Rule], versions: Sequence[str] = ()) -> bytes:
        """The tweet as one line of the stream, with its line end; `versions` if it was edited."""
        post = self.post(tweet, versions)
        post["matching_rules"] = [rule.as_match() for rule in rules]
        return to_json(post).encode() + b"\r\n"

    def post(self, tweet: Tweet, versions: Sequence[str] = ()) -> Json:
        """The tweet, and what is included with it; `versions` are its ids if it was edited."""
        whole = json.loads(render_v2(tweet))
        if versions:
            whole["data"]["edit_history_tweet_ids"] = list(versions)
        post: Json = {"data": _only(whole["data"], self.tweet)}
        includes = self._includes(tweet, whole["includes"]["users"])
        if includes:
            post["includes"] = includes
        return post

    def _includes(self, tweet: Tweet, users: Iterable[Json]) -> Json:
        wanted = self._users(tweet)
        includes: Json = {}
        if wanted:
            known = {user["id"]: user for user in users}
            includes["users"] = [
                _only(known.get(user.id) or _rendered(user), self.user) for user in wanted.values()
            ]
        other = tweet.retweet_of or tweet.quote_of or tweet.reply_to
        if other and "referenced_tweets.id" in self.expansions:
            includes["tweets"] = [_only(json.loads(render_v2(other))["data"], self.tweet)]
        return includes

    def _users(self, tweet: Tweet) -> dict[str, Author]:
        users: list[Author] = []
        if "author_id" in self.expansions:
            users.append(tweet.author)
        if "entities.mentions.username" in self.expansions:
            users += tweet.mentions
        if tweet.reply_to and "in_reply_to_user_id" in self.expansions:
            users.append(tweet.reply_to.author)
        other = tweet.retweet_of or tweet.quote_of or tweet.reply_to
        if other and "referenced_tweets.id.author_id" in self.expansions:
            users.append(other.author)
        return {user.id: user for user in users}


def _values(name: str, text: str) -> frozenset[str]:
    values = text.split(",")
    for value in values:
        if value not in _KNOWN[name]:
            known = ", ".join(sorted(_KNOWN[name]))
            message = f"{_quoted(name)} accepts [{known}], not {_quoted(value)}."
            raise FieldsError(invalid_request(name, [value], message))
    return frozenset(values)


def _only(whole: Mapping[str, Any], fields: frozenset[str]) -> Json:
    return {name: value for name, value in whole.items() if name in fields}


@lru_cache(maxsize=1024)
def _rendered(user: Author) -> Json:
    """A user whom the tweet itself does not mention, such as the author of a quoted one."""
    bare = Tweet(id="1", created_at=user.created_at, author=user, text="", lang=user.lang)
    rendered: Json = json.loads(render_v2(bare))["includes"]["users"][0]
    return rendered


def _quoted(text: str) -> str:
    return f"`{text}`"
