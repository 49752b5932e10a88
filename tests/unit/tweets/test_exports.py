"""Tweets as various tools export them: each is stored as it should be, or named truly.

Names, ids, and texts are invented; the structure is that of the tool.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from processor.errors import Rejected
from tests.tweets import partition_key_of, to_item
from tweets.item import Unusable
from tweets.oracle import expected_item

ID = "1535212831132090373"  # of ITS_TIME
ITS_TIME = "2022-06-10T10:50:36.474Z"
V1_TIME, V2_TIME = "Fri Jun 10 10:50:36 +0000 2022", "2022-06-10T10:50:36.000Z"
TIME = "2022-06-10T10:50:36.000Z"
LONG = "Words that X cuts when somebody passes them on. " * 5 + "END"
CUT = f"RT @bo_muster: {LONG}"[:139] + "…"
V1_USER = {"id": 7, "id_str": "7", "name": "Ada Example", "screen_name": "ada_example"}
V1_BO = {"id": 9, "id_str": "9", "name": "Bo Muster", "screen_name": "bo_muster"}
V2_USER = {"id": "7", "name": "Ada Example", "username": "ada_example"}
V2_BO = {"id": "9", "name": "Bo Muster", "username": "bo_muster"}
V1 = {"created_at": V1_TIME, "id": int(ID), "id_str": ID, "truncated": False, "user": V1_USER}
V2 = {"author_id": "7", "created_at": V2_TIME, "edit_history_tweet_ids": [ID], "id": ID}
RETWEETED = [{"type": "retweeted", "id": "1535214000000000000"}]

# What the tool exports, and of its item: Username, Timestamp, Message, and the partition key.
STORED: dict[str, tuple[dict[str, Any], tuple[str, str, str, str]]] = {
    "twarc v1, Hydrator (extended mode)": (
        {**V1, "full_text": "hi &amp; bye", "display_text_range": [0, 12], "entities": {}},
        ("Ada Example", TIME, "hi &amp; bye", "ada_example"),
    ),
    "twarc v1, a retweet": (
        {**V1, "full_text": CUT, "retweeted_status": {"full_text": LONG, "user": V1_BO}},
        ("Ada Example", TIME, f"RT @bo_muster: {LONG}", "ada_example"),
    ),
    "recorded v1.1 stream, a retweet": (
        {
            **V1,
            "text": CUT,
            "retweeted_status": {
                "text": LONG[:116] + "… https://t.co/x",
                "truncated": True,
                "extended_tweet": {"full_text": LONG},
                "user": V1_BO,
            },
        },
        ("Ada Example", TIME, f"RT @bo_muster: {LONG}", "ada_example"),
    ),
    "tweepy 3, status._json": (
        {**V1, "text": "hi", "is_quote_status": True, "quoted_status": {"text": LONG}},
        ("Ada Example", TIME, "hi", "ada_example"),
    ),
    "a user with no name": (
        {**V1, "text": "hi", "user": {"id": 7, "id_str": "7"}},
        ("7", TIME, "hi", "7"),
    ),
    "mongoexport": (
        {**V1, "_id": {"$oid": "62"}, "id": {"$numberLong": ID}, "text": "hi"},
        ("Ada Example", TIME, "hi", "ada_example"),
    ),
    "a column of created_at that was dropped": (
        {key: value for key, value in V1.items() if key != "created_at"} | {"text": "hi"},
        ("Ada Example", ITS_TIME, "hi", "ada_example"),
    ),
    "X's v2 stream": (
        {"data": {**V2, "text": "hi"}, "includes": {"users": [V2_BO, V2_USER]}},
        ("Ada Example", TIME, "hi", "ada_example"),
    ),
    "X's v2 stream, a retweet of a long post": (
        {
            "data": {**V2, "text": CUT, "referenced_tweets": RETWEETED},
            "includes": {
                "users": [V2_USER, V2_BO],
                "tweets": [
                    {
                        "id": RETWEETED[0]["id"],
                        "author_id": "9",
                        "text": LONG[:60],
                        "note_tweet": {"text": LONG},
                    }
                ],
            },
        },
        ("Ada Example", TIME, f"RT @bo_muster: {LONG}", "ada_example"),
    ),
    "twarc2 flatten, a retweet": (
        {
            **V2,
            "text": CUT,
            "author": V2_USER,
            "referenced_tweets": [RETWEETED[0] | {"text": LONG, "author": V2_BO}],
            "__twarc": {"url": "https://api.twitter.com/2/tweets/search/all", "version": "2.10.4"},
        },
        ("Ada Example", TIME, f"RT @bo_muster: {LONG}", "ada_example"),
    ),
    "tweepy 4, tweet.data; academictwitteR, data_*.json; jq '.data[]'": (
        {**V2, "text": "hi", "public_metrics": {"like_count": 1}, "conversation_id": ID},
        ("7", TIME, "hi", "7"),
    ),
    "tweepy 4 with default fields and author_id": (
        {"id": ID, "text": "hi", "author_id": "7", "edit_history_tweet_ids": [ID]},
        ("7", ITS_TIME, "hi", "7"),
    ),
}

REJECTED: dict[str, tuple[dict[str, Any], Unusable]] = {
    "X's archive, tweets.js": (
        {"tweet": {"id_str": ID, "full_text": "hi", "created_at": V1_TIME}},
        Unusable.NOT_A_TWEET,
    ),
    "X's archive, the tweet alone": (
        {"id": ID, "id_str": ID, "full_text": "hi", "created_at": V1_TIME},
        Unusable.NO_AUTHOR,
    ),
    "X's archive, like.js": (
        {"like": {"tweetId": ID, "fullText": "hi", "expandedUrl": "https://twitter.com/i/web"}},
        Unusable.NOT_A_TWEET,
    ),
    "v2 with default fields": (
        {"data": {"id": ID, "text": "hi", "edit_history_tweet_ids": [ID]}},
        Unusable.NO_AUTHOR,
    ),
    "snscrape": (
        {
            "_type": "snscrape.modules.twitter.Tweet",
            "url": f"https://twitter.com/ada_example/status/{ID}",
            "date": "2022-06-10T10:50:36+00:00",
            "rawContent": "hi",
            "content": "hi",
            "id": int(ID),
            "user": {"_type": "snscrape.modules.twitter.User", "username": "ada_example", "id": 7},
        },
        Unusable.NOT_A_TWEET,
    ),
    "twint": (
        {
            "id": int(ID),
            "conversation_id": ID,
            "created_at": "2022-06-10 10:50:36 UTC",
            "user_id": 7,
            "username": "ada_example",
            "name": "Ada Example",
            "tweet": "hi",
        },
        Unusable.NOT_A_TWEET,
    ),
    "GNIP, Brandwatch (Activity Streams)": (
        {
            "id": f"tag:search.twitter.com,2005:{ID}",
            "objectType": "activity",
            "verb": "share",
            "postedTime": V2_TIME,
            "body": CUT,
            "actor": {"id": "id:twitter.com:7", "displayName": "Ada Example"},
            "object": {"objectType": "activity", "body": LONG},
        },
        Unusable.NOT_A_TWEET,
    ),
    "GNIP with fields beside": (
        {"id": ID, "text": "hi", "verb": "post", "author": {"displayName": "Ada"}},
        Unusable.NOT_A_TWEET,
    ),
    "pandas, epoch": ({**V1, "text": "hi", "created_at": 1654858236000}, Unusable.BAD_TIMESTAMP),
    "pandas, an id that became a float": (
        {**V1, "text": "hi", "id": 1.535214444e18, "id_str": None},
        Unusable.NO_ID,
    ),
    "tweepy 4, json.dumps(dict(tweet), default=str)": (
        {"id": int(ID), "author_id": 7, "text": "hi", "created_at": "2022-06-10 10:50:36+00:00"},
        Unusable.BAD_TIMESTAMP,
    ),
    "mongoexport, a date": (
        {**V1, "text": "hi", "created_at": {"$date": "2022-06-10T10:50:36Z"}},
        Unusable.BAD_TIMESTAMP,
    ),
    "an id from before snowflakes": (
        {"id": "20", "author_id": "12", "text": "just setting up"},
        Unusable.BAD_TIMESTAMP,
    ),
    "Mastodon": (
        {
            "id": "108452",
            "created_at": V2_TIME,
            "text": None,
            "content": "<p>hi</p>",
            "account": {"id": "1", "username": "ada", "display_name": "Ada Example"},
        },
        Unusable.NOT_A_TWEET,
    ),
    "Bluesky, a record": (
        {"$type": "app.bsky.feed.post", "text": "hi", "createdAt": V2_TIME, "langs": ["en"]},
        Unusable.NOT_A_TWEET,
    ),
    "Bluesky, a view": (
        {
            "uri": "at://did:plc:a/app.bsky.feed.post/b",
            "author": {"did": "did:plc:a", "handle": "ada.example", "displayName": "Ada"},
            "record": {"$type": "app.bsky.feed.post", "text": "hi", "createdAt": V2_TIME},
            "indexedAt": V2_TIME,
        },
        Unusable.NOT_A_TWEET,
    ),
    "X's GraphQL, as browser extensions save it": (
        {"__typename": "Tweet", "rest_id": ID, "legacy": {"full_text": "hi", "id_str": ID}},
        Unusable.NOT_A_TWEET,
    ),
    "a v1.1 user": ({**V1_USER, "created_at": V1_TIME, "followers_count": 1}, Unusable.NOT_A_TWEET),
    "a v2 user": ({"data": {**V2_USER, "created_at": V2_TIME}}, Unusable.NOT_A_TWEET),
    "a stream's delete": ({"delete": {"status": {"id_str": ID}}}, Unusable.NOT_A_TWEET),
    "a v2 page": ({"data": [{**V2, "text": "hi"}], "meta": {}}, Unusable.NOT_A_TWEET),
    "a v2 error": ({"errors": [{"title": "Not Found Error"}]}, Unusable.NOT_A_TWEET),
    "X's account activity": ({"data": {"event_type": "post.create"}}, Unusable.NOT_A_TWEET),
}


@pytest.mark.parametrize("tool", STORED)
def test_what_a_tool_exports_is_stored(tool: str) -> None:
    tweet, (username, timestamp, message, key) = STORED[tool]
    data = json.dumps(tweet).encode()

    item: Any = to_item(data)

    assert {name: value["S"] for name, value in item.items()} == {
        "Username": username,
        "Id": ID,
        "Timestamp": timestamp,
        "Message": message,
    }
    assert expected_item(data) == {name: value["S"] for name, value in item.items()}
    assert partition_key_of(data) == key


@pytest.mark.parametrize("tool", REJECTED)
def test_what_cannot_be_stored_is_named_for_what_it_is(tool: str) -> None:
    tweet, reason = REJECTED[tool]
    data = json.dumps(tweet).encode()

    with pytest.raises(Rejected) as caught:
        to_item(data)

    assert caught.value.reason is reason
    assert expected_item(data) is None
