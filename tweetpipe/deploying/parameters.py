"""Checks parameters against the template before CloudFormation sees them.

AWS checks them, too, but emulators accept anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

import yaml

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying.resolve import StackFacts, holds
from tweetpipe.events import Events


class _TemplateLoader(yaml.CSafeLoader):
    """Reads CloudFormation's short forms as mappings, such as `!Ref Name` as `{Ref: Name}`."""


def _short_form(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        return {suffix: loader.construct_mapping(node, deep=True)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: node.value}


_TemplateLoader.add_multi_constructor("!", _short_form)


@cache
def read(template: str) -> dict[str, Any]:
    """The template, with its short forms as mappings. Cached, so callers must not change it."""
    return dict(yaml.load(template, _TemplateLoader))


def check(template: str, given: Mapping[str, str]) -> None:
    """Raises WrongUsage for a parameter that the template doesn't have or doesn't allow."""
    declared = read(template)["Parameters"]
    for name, value in given.items():
        if name not in declared:
            near = get_close_matches(name, declared, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise WrongUsage(
                f"{name} is not a parameter of the stack.{meant} The parameters are: "
                f"{', '.join(declared)}."
            )
        problem = _problem(declared[name], value)
        if problem:
            default = declared[name].get("Default")
            usual = f" The default is {default}." if default not in (None, "") else ""
            raise WrongUsage(f"{name}={value} can't be used: {name} {problem}.{usual}")


def defaults(template: str) -> dict[str, str]:
    """The default values of the parameters that have one."""
    declared = read(template)["Parameters"]
    return {name: str(rules["Default"]) for name, rules in declared.items() if "Default" in rules}


def checked(template: str, given: Mapping[str, str], chosen: Events) -> dict[str, str]:
    """The parameters and those that the events set; raises WrongUsage.

    Finds each value that the template doesn't allow on its own, and needs no stack for that.
    """
    follow = chosen.parameters
    for name in given.keys() & follow.keys():
        raise WrongUsage(
            f"{name} can't be set, because the events determine it. Name their folder with "
            "--events instead."
        )
    check(template, {**given, **follow})
    return {**given, **follow}


def check_events(template: str, existing: Stack, chosen: Events, *, options: str = "") -> None:
    """Raises WrongUsage if the keys of the events differ from those of the stack's table.

    `options` select the stack in the command that the message suggests.

    A table's keys can't be changed: CloudFormation would replace the table.
    """
    # Stacks that are older than these parameters have the template's defaults.
    before = defaults(template) | dict(existing.parameters)
    changed = {n for n, value in chosen.parameters.items() if before[n] != value} - {"Events"}
    if changed:
        keys = " and ".join(
            f"{before[f'{part}KeyName']} ({before[f'{part}KeyType']})"
            for part in ("Partition", "Sort")
        )
        raise WrongUsage(
            f"The table of the stack {existing.name} has the keys {keys}, but the events "
            f"{chosen.name} have other keys. Changing them would replace the table and delete its "
            "items. Nothing was changed. Use another --stack, or destroy this one first:\n"
            f"  tweetpipe destroy{options}"
        )


def check_together(
    template: str, given: Mapping[str, str], previous: Mapping[str, str] | None = None
) -> None:
    """Raises WrongUsage for values that the template's rules don't allow together.

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
                f"{low}={values[low]} is above {high}={values[high]}. Lower {low} or raise {high}."
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
        return str(rules.get("ConstraintDescription", "has the wrong format"))
    return None
