"""`/2/tweets/search/recent`: posts of the last seven days, newest first, in pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from tweets.fakes.generator import SNOWFLAKE_EPOCH_MS, SNOWFLAKE_TAG_BITS
from tweets.fakes.x_api.fields import Fields, FieldsError
from tweets.fakes.x_api.matching import Facts, Matcher, compile_rule
from tweets.fakes.x_api.problems import Answer, invalid_request, usage_capped
from tweets.fakes.x_api.published import Published
from tweets.fakes.x_api.rule_syntax import RuleError
from tweets.fakes.x_api.state import FakeX
from tweets.fakes.x_api.tokens import words

MAX_QUERY = 512
WINDOW_S = 7 * 86_400.0
END_BEFORE_S = 10.0
_DEFAULT_END_S = 30.0
_OWN = words(
    "query start_time end_time since_id until_id max_results next_token pagination_token sort_order"
)
_NOT_IN_SEARCH = ("sample:", "bio:", "bio_name:", "bio_location:")


class _Wrong(ValueError):
    def __init__(self, parameter: str, value: str, message: str) -> None:
        super().__init__(message)
        self.problem = invalid_request(parameter, [value], message)


def search(fake: FakeX, query: Iterable[tuple[str, str]]) -> Answer:
    """A page of the matching posts."""
    if not fake.usage.left:
        return Answer(429, usage_capped())
    pairs = list(query)
    asked = {name: value for name, value in pairs if name in _OWN}
    try:
        fields = Fields.from_query(pair for pair in pairs if pair[0] not in _OWN)
        matches = _matcher(fake, asked.get("query", ""))
        span = _span(fake, asked)
        most = _number(asked, "max_results", 10)
        if not 10 <= most <= 100:
            raise _Wrong("max_results", str(most), "`max_results` must be from 10 to 100.")
        before = _before(asked)
    except (_Wrong, FieldsError) as wrong:
        return Answer(400, wrong.problem)
    found = _found(fake, span, before, matches)
    page = [post for post, _ in zip(found, range(most), strict=False)]
    # Another page may follow a full page, and that one may be empty.
    return Answer(200, _page(fake, page, fields, following=len(page) == most))


def _matcher(fake: FakeX, query: str) -> Matcher:
    if not query:
        raise _Wrong("query", query, "`query` is missing.")
    if len(query) > MAX_QUERY:
        raise _Wrong("query", query, f"`query` may have at most {MAX_QUERY} characters.")
    for operator in _NOT_IN_SEARCH:
        if operator in query:
            raise _Wrong("query", query, f"Search does not support the operator `{operator}`.")
    try:
        matches = compile_rule(query)
    except RuleError as error:
        raise _Wrong("query", query, str(error)) from error
    return (lambda _: True) if fake.match_all else matches


def _span(fake: FakeX, asked: dict[str, str]) -> tuple[float, float]:
    for one, other in (("start_time", "since_id"), ("end_time", "until_id")):
        if one in asked and other in asked:
            raise _Wrong(one, asked[one], f"Use either `{one}` or `{other}`.")
    now = fake.clock()
    # To the millisecond of an id; the post with that id is left out.
    since = _time(asked, "start_time", _of_id(asked, "since_id", now - WINDOW_S, after=True))
    until = _time(asked, "end_time", _of_id(asked, "until_id", now - _DEFAULT_END_S))
    if since < now - WINDOW_S:
        name = "start_time" if "start_time" in asked else "since_id"
        raise _Wrong(name, asked[name], f"`{name}` must be within the last 7 days.")
    if "end_time" in asked and until > now - END_BEFORE_S:
        message = f"`end_time` must be at least {END_BEFORE_S:g} seconds before the request."
        raise _Wrong("end_time", asked["end_time"], message)
    if "end_time" in asked and since >= until:
        raise _Wrong("end_time", asked["end_time"], "`end_time` must be after `start_time`.")
    return since, until


def _of_id(asked: dict[str, str], name: str, default: float, *, after: bool = False) -> float:
    if name not in asked:
        return default
    id_ = _number(asked, name, 0)
    return ((id_ >> SNOWFLAKE_TAG_BITS) + after + SNOWFLAKE_EPOCH_MS) / 1000


def _time(asked: dict[str, str], name: str, default: float) -> float:
    if name not in asked:
        return default
    try:
        return datetime.strptime(asked[name], "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError:
        message = f"`{name}` must be a time such as 2026-01-02T03:04:05Z."
        raise _Wrong(name, asked[name], message) from None


def _number(asked: dict[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdecimal():
        raise _Wrong(name, text, f"`{name}` must be a number.")
    return int(text)


def _before(asked: dict[str, str]) -> float:
    token = asked.get("next_token") or asked.get("pagination_token")
    if token is None:
        return math.inf
    try:
        return int(token.removeprefix("b26v89c19z"), 32)
    except ValueError:
        raise _Wrong("next_token", token, "`next_token` does not belong to a page.") from None


def _found(
    fake: FakeX, span: tuple[float, float], before: float, matches: Callable[[Facts], bool]
) -> Iterator[Published]:
    now = fake.clock()
    for post in reversed(fake.posts.between(*span)):
        is_known = post.index < before and fake.finds(post.index, at=now)
        if not is_known or fake.changes.is_gone(post.tweet.id):
            continue
        latest = fake.changes.latest(post.tweet)
        if matches(Facts(latest, in_search=True)):
            yield post._replace(tweet=latest)


def _page(fake: FakeX, page: list[Published], fields: Fields, *, following: bool) -> dict[str, Any]:
    if not page:
        return {"meta": {"result_count": 0}}
    meta: dict[str, Any] = {
        "newest_id": page[0].tweet.id,
        "oldest_id": page[-1].tweet.id,
        "result_count": len(page),
    }
    if following:
        meta["next_token"] = f"b26v89c19z{_base32(page[-1].index)}"
    posts = [fields.post(post.tweet, fake.changes.history(post.tweet.id)) for post in page]
    includes: dict[str, dict[str, Any]] = {}
    for post in posts:
        for kind, things in post.get("includes", {}).items():
            includes.setdefault(kind, {}).update({thing["id"]: thing for thing in things})
    body: dict[str, Any] = {"data": [post["data"] for post in posts], "meta": meta}
    if includes:
        body["includes"] = {kind: list(things.values()) for kind, things in includes.items()}
    return body


def _base32(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuv"
    return (_base32(number // 32) if number >= 32 else "") + digits[number % 32]
