"""Checks parameters against the template before CloudFormation sees them.

AWS checks them too; emulators take anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tweetpipe.errors import WrongUsage


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms, such as !Ref, as if they were not there."""


def _ignore_tag(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return node.value


_TemplateLoader.add_multi_constructor("!", _ignore_tag)


def check(template: str, given: Mapping[str, str]) -> None:
    """Raises WrongUsage for a parameter that the template doesn't have or doesn't allow."""
    declared = yaml.load(template, _TemplateLoader)["Parameters"]
    for name, value in given.items():
        if name not in declared:
            raise WrongUsage(f"{name} is no parameter. There are: {', '.join(declared)}.")
        problem = _problem(declared[name], value)
        if problem:
            raise WrongUsage(f"{name}={value}: {problem}.")


def _problem(rules: dict[str, Any], value: str) -> str | None:
    allowed = [str(choice) for choice in rules.get("AllowedValues", [])]
    if allowed:
        return None if value in allowed else f"must be one of {', '.join(allowed)}"
    if rules["Type"] == "Number":
        low, high = rules["MinValue"], rules["MaxValue"]
        in_range = re.fullmatch(r"-?\d+", value) and low <= int(value) <= high
        return None if in_range else f"must be a whole number from {low} to {high}"
    if not re.fullmatch(rules.get("AllowedPattern", ".*"), value):
        return str(rules.get("ConstraintDescription", "has the wrong form"))
    return None
