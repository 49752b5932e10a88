"""Checks parameters against the template before CloudFormation sees them.

AWS checks them too; emulators take anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying.resolve import StackFacts, holds
from tweetpipe.events import Events


class _TemplateLoader(yaml.CSafeLoader):
    """Reads CloudFormation's short forms as mappings: `!Ref Name` as `{Ref: Name}`."""


def _short_form(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        return {suffix: loader.construct_mapping(node, deep=True)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: node.value}


_TemplateLoader.add_multi_constructor("!", _short_form)


@cache
def read(template: str) -> dict[str, Any]:
    """The whole template, its short forms as mappings; not to be changed, as it is read once."""
    return dict(yaml.load(template, _TemplateLoader))


def check(template: str, given: Mapping[str, str]) -> None:
    """Raises WrongUsage for a parameter that the template doesn't have or doesn't allow."""
    declared = read(template)["Parameters"]
    for name, value in given.items():
        if name not in declared:
            raise WrongUsage(f"{name} is no parameter. There are: {', '.join(declared)}.")
        problem = _problem(declared[name], value)
        if problem:
            raise WrongUsage(f"{name}={value}: {problem}.")


def defaults(template: str) -> dict[str, str]:
    """The parameters that have a default, with it."""
    declared = read(template)["Parameters"]
    return {name: str(rules["Default"]) for name, rules in declared.items() if "Default" in rules}


def with_events(given: Mapping[str, str], chosen: Events) -> dict[str, str]:
    """The parameters, and those that follow from the events; raises WrongUsage for one of these."""
    follow = chosen.parameters
    for name in given.keys() & follow.keys():
        raise WrongUsage(f"{name} follows from the events: name their folder with --events.")
    return {**given, **follow}


def check_events(template: str, existing: Stack, chosen: Events) -> None:
    """Raises WrongUsage where the events have other keys than the stack's table.

    A table's keys are for good: CloudFormation would make a new one in its place.
    """
    # A stack of before there were such parameters has the template's defaults.
    before = defaults(template) | dict(existing.parameters)
    changed = {n for n, value in chosen.parameters.items() if before[n] != value} - {"Events"}
    if changed:
        keys = " and ".join(
            f"{before[f'{part}KeyName']} ({before[f'{part}KeyType']})"
            for part in ("Partition", "Sort")
        )
        raise WrongUsage(
            f"The table of the stack {existing.name} has the keys {keys}, other than the events "
            f"{chosen.name}: with theirs it would be replaced, and what it holds deleted. Nothing "
            "was changed. Take another --stack, or destroy this one first."
        )


def check_together(
    template: str, given: Mapping[str, str], previous: Mapping[str, str] | None = None
) -> None:
    """Raises WrongUsage for values that don't go together, by the template's Rules and limits.

    A parameter that isn't given has its previous value, or else its default.
    """
    parsed = read(template)
    values = defaults(template) | dict(previous or {}) | dict(given)
    facts = StackFacts(refs=values)
    for rule in parsed.get("Rules", {}).values():
        if not holds(rule.get("RuleCondition", True), facts):
            continue
        for assertion in rule["Assertions"]:
            if not holds(assertion["Assert"], facts):
                raise WrongUsage(f"{assertion['AssertDescription']}.")
    for low in values:
        high = low.replace("Min", "Max")
        if high != low and high in values and int(values[low]) > int(values[high]):
            raise WrongUsage(
                f"{low}={values[low]} is above {high}={values[high]}: lower it or raise that."
            )


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
