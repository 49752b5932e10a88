"""Evaluates parts of the template with a stack's parameters and names.

Supports the CloudFormation functions that the template uses, in the form of `parameters.read`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NO_VALUE = object()


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """The values of a stack.

    `refs` has the values for `Ref`: parameters, pseudo parameters, and the resources' own names.
    `attributes` has the values for `GetAtt`, by `Resource.Attribute`.
    """

    refs: Mapping[str, str]
    attributes: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)


def resolved(value: Any, facts: StackFacts) -> Any:
    """The value with its functions evaluated; raises KeyError for an unknown name."""
    match value:
        case {"Ref": "AWS::NoValue"}:
            return _NO_VALUE
        case {"Ref": str(name)}:
            return facts.refs[name]
        case {"GetAtt": str(path)}:
            return facts.attributes[path]
        case {"Sub": str(text)}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: _named(found[1], facts), text)
        case {"If": [condition, yes, no]}:
            return resolved(yes if holds(condition, facts) else no, facts)
        case dict():
            pairs = {key: resolved(part, facts) for key, part in value.items()}
            return {key: part for key, part in pairs.items() if part is not _NO_VALUE}
        case list():
            parts = [resolved(part, facts) for part in value]
            return [part for part in parts if part is not _NO_VALUE]
    return value


def holds(condition: Any, facts: StackFacts) -> bool:
    """Whether a condition, given directly or by name, is true."""
    match condition:
        case bool():
            return condition
        case str(name) | {"Condition": str(name)}:
            return holds(facts.conditions[name], facts)
        case {"Equals": [left, right]} | {"Fn::Equals": [left, right]}:
            return str(resolved(left, facts)) == str(resolved(right, facts))
        case {"Not": [inner]} | {"Fn::Not": [inner]}:
            return not holds(inner, facts)
        case {"And": parts} | {"Fn::And": parts}:
            return all(holds(part, facts) for part in parts)
        case {"Or": parts} | {"Fn::Or": parts}:
            return any(holds(part, facts) for part in parts)
    raise ValueError(f"unknown condition: {condition}")


def _named(name: str, facts: StackFacts) -> str:
    return facts.attributes[name] if "." in name else facts.refs[name]
