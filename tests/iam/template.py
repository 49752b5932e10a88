"""infra/template.yaml as data, adapted to MiniStack by code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from tweetpipe.project import TEMPLATE

Template = dict[str, Any]
Statement = dict[str, Any]

# MiniStack's CloudFormation doesn't support these. The tests create the key through IAM instead.
UNKNOWN = frozenset({"AWS::IAM::AccessKey", "AWS::Kinesis::ResourcePolicy"})
# These refuse plain HTTP, which the tests use.
REFUSES_PLAIN_HTTP = frozenset({"AWS::SQS::QueuePolicy"})
_SQS = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:SendMessage")
IDENTITIES = frozenset({"AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::User"})


class _Loader(yaml.CSafeLoader):
    """Read CloudFormation's short forms, such as !Ref, as their long forms."""


def _long_form(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = node.value
        if suffix == "GetAtt":
            value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def whole() -> Template:
    """The unchanged template."""
    loaded: Template = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)
    return loaded


def load(*, without: frozenset[str] = UNKNOWN | REFUSES_PLAIN_HTTP) -> Template:
    """The template for MiniStack, without resources of these types."""
    template = whole()
    _remove(template, without)
    _adapt_policies(template)
    return template


def of_type(template: Template, *types: str) -> set[str]:
    """The logical ids of the resources of these types."""
    return {name for name, resource in template["Resources"].items() if resource["Type"] in types}


def only(template: Template, resource_type: str) -> str:
    """The logical id of the one resource of this type."""
    (name,) = of_type(template, resource_type)
    return name


def properties(template: Template, resource_type: str) -> dict[str, Any]:
    """The properties, to be read or changed, of the one resource of this type."""
    found: dict[str, Any] = template["Resources"][only(template, resource_type)]["Properties"]
    return found


def statements(template: Template, resource_type: str) -> list[Statement]:
    """The statements of the only identity of this type, to read or change."""
    return list(_statements(properties(template, resource_type)["Policies"]))


def statement(template: Template, resource_type: str, action: str) -> Statement:
    """The only statement with an action."""
    found = [one for one in statements(template, resource_type) if action in _listed(one["Action"])]
    assert len(found) == 1, f"{len(found)} statements have {action}"
    return found[0]


def _remove(template: Template, types: frozenset[str]) -> None:
    """Remove the resources of these types, and everything that refers to them."""
    gone = of_type(template, *types)
    identities = of_type(template, *IDENTITIES)
    while more := {
        name
        for name, resource in template["Resources"].items()
        if name not in gone and _refers_to(resource, gone)
    }:
        gone |= more
    assert not gone & identities, f"{gone & identities} would go untested"
    for section in ("Resources", "Outputs"):
        template[section] = {
            name: value
            for name, value in template[section].items()
            if name not in gone and not _refers_to(value, gone)
        }


def as_evaluated(statement: Statement) -> Statement:
    """The statement with MiniStack's actions for SQS's batches, which AWS lacks."""
    batches = [f"{action}Batch" for action in _listed(statement.get("Action")) if action in _SQS]
    if not batches:
        return statement
    return {**statement, "Action": [*_listed(statement["Action"]), *batches]}


def _adapt_policies(template: Template) -> None:
    """Translate a statement into MiniStack's terms, where they differ from AWS's.

    Besides the batches, it names a log group without the `:*` at the end of the group's ARN.
    """
    log_groups = of_type(template, "AWS::Logs::LogGroup")
    for one in _statements(template["Resources"]):
        one.update(as_evaluated(one))
        match one.get("Resource"):
            case {"Fn::GetAtt": [str(name), "Arn"]} if name in log_groups:
                bare = {"Fn::Select": [0, {"Fn::Split": [":*", one["Resource"]]}]}
                one["Resource"] = [one["Resource"], bare]


def _statements(value: Any) -> Iterator[Statement]:
    if isinstance(value, dict) and "Effect" in value:
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _statements(part)


def _listed(actions: object) -> list[object]:
    return actions if isinstance(actions, list) else [actions]


def _refers_to(value: object, names: set[str]) -> bool:
    match value:
        case {"Ref": str(name)} | {"DependsOn": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            if name in names:
                return True
        case {"DependsOn": list(several)} if names & set(several):
            return True
        case {"Fn::Sub": str(text)}:
            return any(f"${{{name}}}" in text or f"${{{name}." in text for name in names)
    if isinstance(value, dict):
        return any(_refers_to(part, names) for part in value.values())
    return isinstance(value, list) and any(_refers_to(part, names) for part in value)
