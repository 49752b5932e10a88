"""The template as data, and ways to walk through it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tweetpipe.deploying import parameters
from tweetpipe.project import TEMPLATE

TEXT = TEMPLATE.read_text(encoding="utf-8")
WHOLE = parameters.read(TEXT)
PARAMETERS: dict[str, dict[str, Any]] = WHOLE["Parameters"]
RESOURCES: dict[str, dict[str, Any]] = WHOLE["Resources"]
DEFAULTS = {name: str(entry["Default"]) for name, entry in PARAMETERS.items()}

_IN_TEXT = re.compile(r"\$\{([\w:.]+)\}")


class Statement(NamedTuple):
    """A statement of an identity's policy; `condition` is None if it is always included."""

    identity: str
    condition: str | None
    actions: tuple[str, ...]
    resource: Any


def references(node: Any, functions: tuple[str, ...] = ("Ref", "Sub", "GetAtt")) -> Iterator[str]:
    """The parameters and resources that a part of the template refers to by these functions."""
    if isinstance(node, list):
        for child in node:
            yield from references(child, functions)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in functions:
            names = _IN_TEXT.findall(value) if key == "Sub" else [value]
            yield from (name.split(".")[0] for name in names)
        else:
            yield from references(value, functions)


def statements() -> Iterator[Statement]:
    """All statements of the policies of all identities, and of managed policies."""
    for identity, resource in RESOURCES.items():
        properties = resource["Properties"]
        policies = properties.get("Policies", [])
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            policies = [properties]
        for entry in policies:
            of_policy, policy, _ = entry.get("If", (None, entry, None))
            for part in policy["PolicyDocument"]["Statement"]:
                condition, statement, _ = part.get("If", (of_policy, part, None))
                action = statement["Action"]
                actions = (action,) if isinstance(action, str) else tuple(action)
                yield Statement(identity, condition, actions, statement["Resource"])
