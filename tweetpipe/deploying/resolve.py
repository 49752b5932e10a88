"""Works out what a part of the template says for a stack: its parameters and names put in.

Of CloudFormation's functions those that the template uses, as `parameters.read` gives them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NO_VALUE = object()


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """What is known of a stack.

    `refs` holds what `Ref` gives: parameters, pseudo parameters, and the resources' own names.
    `attributes` holds what `GetAtt` gives, by `Resource.Attribute`.
    """

    refs: Mapping[str, str]
    attributes: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)


def resolved(value: Any, facts: StackFacts) -> Any:
    """The value with its functions carried out; raises KeyError for a name that isn't known."""
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
    """Whether a condition, or the one of this name, is true."""
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
    raise ValueError(f"{condition} is no condition that is known here")


def _named(name: str, facts: StackFacts) -> str:
    return facts.attributes[name] if "." in name else facts.refs[name]
