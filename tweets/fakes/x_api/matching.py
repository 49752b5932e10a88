"""Whether a tweet matches a rule, which is compiled once into nested functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from tweets.fakes.model import Tweet
from tweets.fakes.x_api.rule_syntax import MAX_LENGTH, All, Node, Term, parse
from tweets.fakes.x_api.tokens import tokens

_BETWEEN = "\0"


class Facts:
    """The properties of a tweet that rules test, computed on first use.

    A retweet is matched on the full original text, although it shows only the beginning. A quote is
    matched on its own text and, unless `in_search`, on the quoted one.
    """

    def __init__(self, tweet: Tweet, *, in_search: bool = False) -> None:
        self.tweet = tweet
        self._said = [tweet.retweet_of or tweet]
        if tweet.quote_of and not in_search:
            self._said.append(tweet.quote_of)

    @cached_property
    def sequence(self) -> str:
        """All tokens in lower case, each between two separators; texts are kept apart."""
        repeated = self.tweet.retweet_of
        texts = [f"RT @{repeated.author.screen_name}"] if repeated else []
        for said in self._said:
            text = said.text
            for link in said.links:
                text = text.replace(link.url, " ")
            texts.append(text)
        joined = [_BETWEEN.join(tokens(text.lower())) for text in texts]
        return f"{_BETWEEN}{(_BETWEEN * 2).join(joined)}{_BETWEEN}"

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(self.sequence.split(_BETWEEN))

    @cached_property
    def hashtags(self) -> frozenset[str]:
        return frozenset(tag.lower() for said in self._said for tag in said.hashtags)

    @cached_property
    def mentions(self) -> frozenset[str]:
        mentioned = (*self.tweet.mentions, *(user for said in self._said for user in said.mentions))
        return frozenset(user.screen_name.lower() for user in mentioned)


Matcher = Callable[[Facts], bool]


def compile_rule(text: str, *, longest: int = MAX_LENGTH) -> Matcher:
    """A function that tests whether a tweet matches the rule; raises RuleError."""
    return compile_tree(parse(text, longest=longest))


def compile_tree(node: Node) -> Matcher:
    """A function that tests whether a tweet matches the tree."""
    if isinstance(node, Term):
        matches = _MAKERS[node.kind](node.value)
        return (lambda facts: not matches(facts)) if node.negated else matches
    parts = tuple(compile_tree(part) for part in node.parts)
    return _all_of(parts) if isinstance(node, All) else _one_of(parts)


def _all_of(parts: tuple[Matcher, ...]) -> Matcher:
    return lambda facts: all(part(facts) for part in parts)


def _one_of(parts: tuple[Matcher, ...]) -> Matcher:
    return lambda facts: any(part(facts) for part in parts)


def _text(text: str) -> Matcher:
    words = tokens(text.lower())
    if len(words) == 1:
        return lambda facts: words[0] in facts.words
    wanted = f"{_BETWEEN}{_BETWEEN.join(words)}{_BETWEEN}"
    return lambda facts: wanted in facts.sequence


def _author(user: str) -> Matcher:
    return lambda facts: _is_by(facts.tweet, user)


def _answered(user: str) -> Matcher:
    return lambda facts: _is_by(facts.tweet.reply_to, user)


def _retweeted(user: str) -> Matcher:
    return lambda facts: _is_by(facts.tweet.retweet_of, user)


def _is_by(tweet: Tweet | None, user: str) -> bool:
    return tweet is not None and user in (tweet.author.screen_name.lower(), tweet.author.id)


def _sampled(percent: str) -> Matcher:
    # Of an id, only the milliseconds vary: the lower bits are the same for a whole seed.
    return lambda facts: (int(facts.tweet.id) >> 22) * 2_654_435_761 % 2**32 % 100 < int(percent)


_KINDS: dict[str, Matcher] = {
    "nullcast": lambda facts: False,
    "quote": lambda facts: facts.tweet.quote_of is not None,
    "reply": lambda facts: facts.tweet.reply_to is not None,
    "retweet": lambda facts: facts.tweet.retweet_of is not None,
    "verified": lambda facts: facts.tweet.author.verified,
}
_CONTENTS: dict[str, Matcher] = {
    "hashtags": lambda facts: bool(facts.hashtags),
    "links": lambda facts: bool(facts.tweet.links),
    "mentions": lambda facts: bool(facts.mentions),
}
_MAKERS: dict[str, Callable[[str], Matcher]] = {
    "keyword": _text,
    "phrase": _text,
    "#": lambda tag: lambda facts: tag in facts.hashtags,
    "@": lambda user: lambda facts: user in facts.mentions,
    "from": _author,
    "to": _answered,
    "retweets_of": _retweeted,
    "lang": lambda code: lambda facts: facts.tweet.lang == code,
    "sample": _sampled,
    "is": _KINDS.__getitem__,
    # No fake tweet has pictures, places, or cashtags.
    "has": lambda what: _CONTENTS.get(what, lambda facts: False),
}
