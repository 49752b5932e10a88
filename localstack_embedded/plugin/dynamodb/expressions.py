"""Checks of a request's expressions, and of the names and values that they use.

`grammar` parses them. This module finds names and values that are missing or unused, paths that
overlap or conflict, and old parameters next to expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .errors import Refused, invalid
from .grammar import OPERATORS, Token, parse_condition, parse_update, tokens_of
from .operands import Change, Path, faulty, shown
from .values import Item, Value, check_value

_PLACEHOLDER = re.compile(r"[#:]\w+", re.ASCII)
_PATH = r"[A-Za-z_#]\w*(\s*\.\s*[\w#]+|\s*\[\s*\d+\s*\])*"
_PROJECTION = re.compile(rf"\s*{_PATH}\s*(,\s*{_PATH}\s*)*", re.ASCII)
RESERVED: set[str] = set()
"""Words that can't name an attribute in an expression; `tables` takes them from moto."""

# In the order in which AWS lists them.
_WITH_VALUES = (
    "UpdateExpression",
    "FilterExpression",
    "ConditionExpression",
    "KeyConditionExpression",
)


def check_expressions(
    request: Mapping[str, Any], possible: Sequence[str], old: Sequence[str] = ()
) -> dict[str, list[Path]]:
    """The paths in each expression, or for an update, the paths it changes; raises Refused.

    `possible` are the expressions that the operation supports, `old` the parameters that can't be
    used with them.
    """
    given = [name for name in possible if request.get(name) is not None]
    refused = [name for name in old if request.get(name) is not None]
    if given and refused:
        raise invalid(
            "Can not use both expression and non-expression parameters in the same request:"
            f" Non-expression parameters: {{{', '.join(refused)}}}"
            f" Expression parameters: {{{', '.join(given)}}}"
        )
    names = request.get("ExpressionAttributeNames")
    values = request.get("ExpressionAttributeValues")
    if names is not None and not given:
        raise invalid("ExpressionAttributeNames can only be specified when using expressions")
    with_values = [name for name in _WITH_VALUES if name in possible]
    if values is not None and not any(name in given for name in with_values):
        raise invalid(
            "ExpressionAttributeValues can only be specified when using expressions:"
            f" {' and '.join(with_values)} {'are' if len(with_values) > 1 else 'is'} null"
        )
    _check_placeholders("ExpressionAttributeNames", names, "#")
    _check_placeholders("ExpressionAttributeValues", values, ":")
    for name, value in (values or {}).items():
        _check_placeholder_value(name, value)
    used: set[str] = set()
    found = {kind: _paths(kind, request[kind], names or {}, values or {}, used) for kind in given}
    for kind, known in (("Names", names), ("Values", values)):
        if unused := [name for name in known or () if name not in used]:
            raise invalid(
                f"Value provided in ExpressionAttribute{kind} unused in expressions:"
                f" keys: {{{', '.join(unused)}}}"
            )
    return found


def changes_of(request: Mapping[str, Any]) -> list[Change]:
    """The changes of the request's update expression; empty if it has none."""
    kind = "UpdateExpression"
    if request.get(kind) is None:
        return []
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    return parse_update(kind, list(tokens_of(kind, request[kind])), names, values)


def project(item: Item, paths: Sequence[Path]) -> Item:
    """The part of an item that the paths select."""
    wanted: dict[str | int, Any] = {}
    for path in paths:
        inner = wanted
        for step in path:
            inner = inner.setdefault(step, {})
    left = _pruned({"M": item}, wanted) or {"M": {}}
    return dict(left["M"])


def _pruned(value: Value, wanted: Mapping[str | int, Any]) -> Value | None:
    if not wanted:
        return value
    ((kind, content),) = value.items()
    if kind == "M":
        inside = {
            step: left
            for step, inner in wanted.items()
            if step in content and (left := _pruned(content[step], inner)) is not None
        }
        return {kind: inside} if inside else None
    if kind == "L":
        places = sorted(step for step in wanted if isinstance(step, int) and step < len(content))
        members = [
            left for place in places if (left := _pruned(content[place], wanted[place])) is not None
        ]
        return {kind: members} if members else None
    return None


def _check_placeholders(parameter: str, given: Mapping[str, Any] | None, sign: str) -> None:
    if given is None:
        return
    if not given:
        raise invalid(f"{parameter} must not be empty")
    for name in given:
        if name[:1] != sign or not _PLACEHOLDER.fullmatch(name):
            raise invalid(f'{parameter} contains invalid key: Syntax error; key: "{name}"')


def _check_placeholder_value(name: str, value: Value) -> None:
    try:
        check_value(value)
    except Refused as refused:
        raise Refused(
            refused.code,
            f"ExpressionAttributeValues contains invalid value: {refused.message} for key {name}",
        ) from None


def _paths(
    kind: str,
    expression: str,
    names: Mapping[str, str],
    values: Mapping[str, Value],
    used: set[str],
) -> list[Path]:
    tokens = list(tokens_of(kind, expression))
    for sort, text in tokens:
        if sort == "name" and text not in names:
            raise faulty(
                kind,
                "An expression attribute name used in the document path is not defined;"
                f" attribute name: {text}",
            )
        if sort == "value" and text not in values:
            raise faulty(
                kind,
                "An expression attribute value used in expression is not defined;"
                f" attribute value: {text}",
            )
        if sort in ("name", "value"):
            used.add(text)
    if word := next(_reserved(tokens), None):
        raise faulty(kind, f"Attribute name is a reserved keyword; reserved keyword: {word}")
    if kind == "ProjectionExpression" and not _PROJECTION.fullmatch(expression):
        raise faulty(kind, f'Syntax error; token: "{tokens[-1][1]}", near: "{expression[-20:]}"')
    if kind == "UpdateExpression":
        found = [change.path for change in parse_update(kind, tokens, names, values)]
    else:
        if kind != "ProjectionExpression":
            parse_condition(kind, tokens, names, values)
        found = list(_all_paths(tokens, names))
    if kind in ("UpdateExpression", "ProjectionExpression"):
        _check_apart(kind, found)
    return found


def _all_paths(tokens: Sequence[Token], names: Mapping[str, str]) -> Iterator[Path]:
    place = 0
    while place < len(tokens):
        sort, text = tokens[place]
        is_function = place + 1 < len(tokens) and tokens[place + 1][1] == "("
        place += 1
        if sort not in ("name", "word") or is_function or text.upper() in OPERATORS:
            continue
        path: list[str | int] = [names.get(text, text)]
        while place + 1 < len(tokens) and tokens[place][1] in (".", "["):
            step = tokens[place + 1][1]
            if tokens[place][1] == "[":
                path.append(int(step) if step.isdigit() else step)
                place += 3
            else:
                path.append(names.get(step, step))
                place += 2
        yield tuple(path)


def _reserved(tokens: Sequence[Token]) -> Iterator[str]:
    following = [text for _sort, text in tokens[1:]] + [""]
    for (sort, text), behind in zip(tokens, following, strict=True):
        word = text.upper()
        if sort == "word" and word in RESERVED - OPERATORS and behind != "(":
            yield text


def _check_apart(kind: str, paths: Sequence[Path]) -> None:
    for later, path in enumerate(paths):
        for earlier in paths[:later]:
            for one, two in zip(earlier, path, strict=False):
                if type(one) is not type(two):
                    raise _between(kind, "conflict", earlier, path)
                if one != two:
                    break
            else:
                raise _between(kind, "overlap", earlier, path)


def _between(kind: str, what: str, one: Path, two: Path) -> Refused:
    return faulty(
        kind,
        f"Two document paths {what} with each other; must remove or rewrite one of these paths;"
        f" path one: {shown(one)}, path two: {shown(two)}",
    )
