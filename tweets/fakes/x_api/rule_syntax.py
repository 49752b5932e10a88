"""Parses filtered stream rules: from a rule's text to a tree, or to an error message.

`cat (dog OR #bird) -from:fish`: a space means AND, which binds tighter than OR, a dash negates one
operator, and parentheses group. Some operators can stand alone; others only narrow down the results
of a standalone operator in the same clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tweets.fakes.x_api.tokens import tokens, words

MAX_LENGTH = 1024
_DEEPEST = 40

STANDALONE = frozenset({"keyword", "phrase", "#", "@", "from", "to", "retweets_of"})
_FLAGS = {
    "is": frozenset({"nullcast", "quote", "reply", "retweet", "verified"}),
    "has": frozenset(
        {"cashtags", "geo", "hashtags", "images", "links", "media", "mentions", "video_link"}
    ),
}
_LANGUAGES = words(
    "am ar hy eu bn bg ca hr cs da nl en et fi fr de ka el gu iw hi hu in it ja kn ko lv lt ml mr "
    "ne no fa pl pt ro ru sr sk sl es sv ta te th tr uk ur vi zh zh-cn zh-tw"
)
_NOT_HERE = words(
    "bio bio_location bio_name bounding_box context conversation_id embedding embedding_threshold "
    "entity followers_count following_count from_affiliate_of in_reply_to_tweet_id listed_count "
    "min_followers place place_country point_radius retweets_of_tweet_id source to_affiliate_of "
    "tweets_count url url_contains url_description url_title"
)
_OPERATOR = re.compile(r"([A-Za-z_]+):(.*)", re.DOTALL)
_USER = re.compile(r"@?(\w{1,15}|\d{1,19})", re.ASCII)
_HASHTAG = re.compile(r"#\w[^\s\"#@:()]*")


class RuleError(ValueError):
    """The rule is invalid; the message says why and, if useful, at which character."""


@dataclass(frozen=True, slots=True)
class Term:
    """One operator; `value` is in lower case, except for a keyword or phrase."""

    kind: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part must match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One part must match."""

    parts: tuple[Node, ...]


Node = Term | All | Any


class _Lexeme(NamedTuple):
    text: str
    at: int


def parse(text: str, *, longest: int = MAX_LENGTH) -> Node:
    """Parse a rule of at most `longest` characters; raises only RuleError."""
    if not text.strip():
        raise RuleError("the rule is empty; it needs at least one operator")
    if len(text) > longest:
        raise RuleError(f"the rule has {len(text)} characters, and at most {longest} are allowed")
    parser = _Parser(list(_lexemes(text)))
    tree = parser.whole()
    if not _stands(tree):
        raise RuleError(
            "each alternative needs an operator that can stand alone, such as a keyword, a "
            "hashtag or from:; negated ones, is:, has:, lang: and sample: can't"
        )
    return tree


def _stands(node: Node) -> bool:
    if isinstance(node, Term):
        return node.kind in STANDALONE and not node.negated
    if isinstance(node, All):
        return any(map(_stands, node.parts))
    return all(map(_stands, node.parts))


def _lexemes(text: str) -> Iterator[_Lexeme]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = at + 1 if text[at] in "()" else _end_of_term(text, at)
        yield _Lexeme(text[at:end], at + 1)
        at = end


def _end_of_term(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace() and text[at] not in "()":
        if text[at] == '"':
            closing = text.find('"', at + 1)
            if closing < 0:
                raise RuleError(f"the quotation mark at position {at + 1} is not closed")
            at = closing
        at += 1
    return at


class _Parser:
    def __init__(self, lexemes: list[_Lexeme]) -> None:
        self._left = lexemes[::-1]
        self._depth = 0

    def whole(self) -> Node:
        tree = self._alternatives()
        if self._left:
            raise RuleError(f"the parenthesis at position {self._left[-1].at} is not opened")
        return tree

    def _alternatives(self) -> Node:
        parts = [self._clause()]
        while self._left and self._left[-1].text == "OR":
            self._left.pop()
            parts.append(self._clause())
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _clause(self) -> Node:
        parts: list[Node] = []
        while self._left and self._left[-1].text not in ("OR", ")"):
            lexeme = self._left.pop()
            parts.append(self._group(lexeme) if lexeme.text == "(" else self._term(lexeme))
        if not parts:
            where = f"position {self._left[-1].at}" if self._left else "the end"
            raise RuleError(f"an operator is missing before {where}")
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _group(self, opening: _Lexeme) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RuleError(
                f"groups are nested more than {_DEEPEST} deep (at position {opening.at})"
            )
        inside = self._alternatives()
        self._depth -= 1
        if not self._left:
            raise RuleError(f"the parenthesis at position {opening.at} is not closed")
        self._left.pop()
        return inside

    def _term(self, lexeme: _Lexeme) -> Term:
        negated = lexeme.text.startswith("-")
        body = lexeme.text.removeprefix("-")
        if not body:
            followed = self._left and self._left[-1] == ("(", lexeme.at + 1)
            what = (
                "a group can't be negated; negate the operators in it"
                if followed
                else "a lone dash"
            )
            raise RuleError(f"{what} (at position {lexeme.at})")
        try:
            return _term(body, negated)
        except RuleError as error:
            raise RuleError(f"{error} (at position {lexeme.at})") from error


def _term(body: str, negated: bool) -> Term:
    if body.startswith('"'):
        return _phrase(body, negated)
    if body.startswith("#"):
        if not _HASHTAG.fullmatch(body):
            raise RuleError(f"{body!r} is not a hashtag")
        return Term("#", body[1:].lower(), negated)
    if body.startswith("@"):
        return Term("@", _user(body), negated)
    if operator := _OPERATOR.fullmatch(body):
        return _operator(operator[1].lower(), operator[2].strip('"').lower(), negated)
    if body.lower() in ("and", "or"):
        raise RuleError(
            f"{body!r} is ambiguous: for AND, use a space; for OR, use capitals; for the word, "
            "use quotation marks"
        )
    return _text("keyword", body, negated)


def _phrase(body: str, negated: bool) -> Term:
    text, closing, rest = body[1:].partition('"')
    if rest.startswith("~"):
        raise RuleError("the fake X does not support proximity")
    if rest or not closing:
        raise RuleError("a space is missing after a phrase")
    return _text("phrase", text, negated)


def _text(kind: str, text: str, negated: bool) -> Term:
    if '"' in text:
        raise RuleError("a space is missing before a phrase")
    if text.startswith(("$", "-")) or not tokens(text):
        raise RuleError(f"{text!r} contains no word to search for")
    return Term(kind, text, negated)


def _user(text: str) -> str:
    found = _USER.fullmatch(text)
    if not found:
        raise RuleError(f"{text!r} is not a username")
    return found[1].lower()


def _operator(name: str, value: str, negated: bool) -> Term:
    if name in ("from", "to", "retweets_of"):
        return Term(name, _user(value), negated)
    if name in _FLAGS:
        return _flag(name, value, negated)
    if name == "lang":
        if value not in _LANGUAGES:
            raise RuleError(f"lang: does not support the language {value!r}")
        return Term(name, value.removesuffix("-cn"), negated)
    if name == "sample":
        if negated or not value.isdecimal() or not 1 <= int(value) <= 100:
            raise RuleError("sample: takes a percentage from 1 to 100 and can't be negated")
        return Term(name, value)
    if name in _NOT_HERE:
        raise RuleError(f"the fake X does not support the operator {name}:")
    raise RuleError(f"{name}: is not an operator")


def _flag(name: str, value: str, negated: bool) -> Term:
    if value not in _FLAGS[name]:
        known = ", ".join(sorted(_FLAGS[name]))
        raise RuleError(f"{name}: accepts {known}, not {value!r}")
    if value == "nullcast" and not negated:
        raise RuleError("is:nullcast must be negated: -is:nullcast")
    return Term(name, value, negated)
