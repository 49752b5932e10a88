"""The item expected for a tweet, to check a pipeline against."""

from __future__ import annotations

from tweets.fakes.model import Tweet


def expected_item(tweet: Tweet) -> dict[str, str]:
    """The item of EventData for a tweet, the same for both shapes.

    Made from the tweet, not from its JSON, so that it shares no mistake with a consumer.
    """
    author = tweet.author
    return {
        "Username": author.name if author.name.strip() else author.screen_name,
        "Id": tweet.id,
        "Timestamp": f"{tweet.created_at:%Y-%m-%dT%H:%M:%S}.000Z",
        "Message": _whole_text(tweet),
    }


def _whole_text(tweet: Tweet) -> str:
    """A retweet's own text may be cut; its JSON holds the original."""
    if original := tweet.retweet_of:
        return f"RT @{original.author.screen_name}: {original.text}"
    return tweet.text
