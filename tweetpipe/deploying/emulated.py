"""Compares a stack on an emulator with the template, and fixes what it can.

CloudFormation compares only templates, so changes made by hand stay. In addition, LocalStack's
CloudFormation reports updates of streams and tables as done without making them, and leaves out
some properties even of new ones. On AWS, drift detection does this: see `drift`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tweetpipe.aws.errors import DeployFailed, WrongUsage
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.deploying import emulated_parts as parts
from tweetpipe.deploying import parameters
from tweetpipe.deploying.leftovers import is_gone
from tweetpipe.deploying.package import code_sha256
from tweetpipe.deploying.resolve import StackFacts, resolved
from tweetpipe.project import TEMPLATE

_UNRESOLVED = re.compile(r"Unresolved resource dependencies \[([\w, ]+)\]")

# The ARNs that GetAtt returns, for the types that the template uses it on.
_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::Kinesis::Stream": "arn:aws:kinesis:{region}:{account}:stream/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A property that differs from the template; without `property`, the resource is missing."""

    logical_id: str
    property: str = ""
    wanted: Any = None
    found: Any = None

    def __str__(self) -> str:
        return self._with("is")

    def in_the_past(self) -> str:
        """The difference, after it was fixed."""
        return self._with("was")

    def _with(self, verb: str) -> str:
        if not self.property:
            return f"{self.logical_id} {verb} missing"
        found, wanted = (_short(value) for value in (self.found, self.wanted))
        return f"{self.logical_id}: {self.property} {verb} {found} instead of {wanted}"


def put_right(
    place: Place, deployed: Stack, package: bytes, on_mended: Callable[[Difference], None]
) -> list[Difference]:
    """Fixes differences from the template; returns those that can't be changed in place."""
    remaining: list[Difference] = []
    for part, logical_id, name, wanted in _wanted(place, deployed):
        different = _differences(place, part, logical_id, name, wanted)
        if not different:
            continue
        values = {one.property: one.wanted for one in different if one.property}
        # A property that can't be changed still differs afterwards.
        with suppress(BotoCoreError, ClientError):
            if values:
                part.mend(place, part.current(place, name, wanted), values)
            elif part.make:
                part.make(place, wanted)
        after = _differences(place, part, logical_id, name, wanted)
        remaining += after
        left = {one.property for one in after}
        for one in different:
            if one.property not in left:
                on_mended(one)
    if not remaining:
        _put_code_right(place, deployed.outputs["DDBEventProcessor"], package, on_mended)
    return remaining


def _put_code_right(
    place: Place, function: str, package: bytes, on_mended: Callable[[Difference], None]
) -> None:
    client = place.lambda_()
    found = client.get_function_configuration(FunctionName=function)["CodeSha256"]
    wanted = code_sha256(package)
    if found == wanted:
        return
    put = client.update_function_code(FunctionName=function, ZipFile=package)
    client.get_waiter("function_updated").wait(
        FunctionName=function, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    # An emulator may compute the hash from something other than the uploaded package.
    if put["CodeSha256"] != found:
        on_mended(
            Difference(
                logical_id="Processor", property="CodeSha256", wanted=put["CodeSha256"], found=found
            )
        )


@contextmanager
def limits_explained(
    place: Place, existing: Stack | None, given: Mapping[str, str]
) -> Iterator[None]:
    """Raises DeployFailed if the block fails only because an emulator can't plan this update.

    While planning an update, LocalStack looks for attributes even of a conditional resource that
    the stack doesn't have, or will no longer have.
    """
    try:
        yield
    except WrongUsage as error:
        found = _UNRESOLVED.search(str(error))
        missing = found[1].split(", ") if found else []
        if not (place.is_local and existing and missing):
            raise
        text = TEMPLATE.read_text(encoding="utf-8")
        if not parameters.read(text)["Resources"].keys() >= {*missing}:
            raise
        wanted = replace(existing, parameters={**existing.parameters, **given})
        raise DeployFailed(
            f"The emulator can't add or remove {' and '.join(missing)} in an existing stack. "
            "Nothing was changed. To create the stack again without its data, run:\n"
            f"{anew(place, wanted)}"
        ) from error


def anew(place: Place, deployed: Stack) -> str:
    """The commands that create the stack again with its current parameters, one per line."""
    defaults = parameters.defaults(TEMPLATE.read_text(encoding="utf-8"))
    stack = options(place.target, deployed.name)
    given = "".join(
        f" -p {shlex.quote(f'{name}={value}')}"
        for name, value in deployed.parameters.items()
        if value != defaults.get(name)
    )
    return f"  tweetpipe destroy{stack}\n  tweetpipe deploy{stack}{given}"


def _wanted(place: Place, deployed: Stack) -> list[tuple[parts.Part, str, str, dict[str, Any]]]:
    """Each part that can be compared: its names, and its properties in the template."""
    text = TEMPLATE.read_text(encoding="utf-8")
    template = parameters.read(text)
    found = place.cloudformation().describe_stack_resources(StackName=deployed.id)
    names = {
        entry["LogicalResourceId"]: (entry["ResourceType"], entry.get("PhysicalResourceId", ""))
        for entry in found["StackResources"]
    }
    account = place.account()
    facts = StackFacts(
        refs=parameters.defaults(text)
        | dict(deployed.parameters)
        | {logical_id: name for logical_id, (_, name) in names.items()}
        | {
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::Region": place.region,
            "AWS::StackName": deployed.name,
            "AWS::URLSuffix": "amazonaws.com",
        },
        attributes={
            # A queue's name is its URL.
            f"{logical_id}.Arn": _ARNS[kind].format(
                region=place.region,
                account=account,
                name=name.rpartition("/")[2] if kind == "AWS::SQS::Queue" else name,
            )
            for logical_id, (kind, name) in names.items()
            if kind in _ARNS
        },
        conditions=template["Conditions"],
    )
    return [
        (parts.PARTS[kind], logical_id, name, _properties(template, logical_id, facts))
        for logical_id, (kind, name) in names.items()
        if kind in parts.PARTS and logical_id in template["Resources"]
    ]


def _properties(template: dict[str, Any], logical_id: str, facts: StackFacts) -> dict[str, Any]:
    declared = template["Resources"][logical_id]["Properties"]
    return dict(resolved(declared, facts))


def _differences(
    place: Place, part: parts.Part, logical_id: str, name: str, wanted: dict[str, Any]
) -> list[Difference]:
    try:
        found = part.read(place, part.current(place, name, wanted))
    except ClientError as error:
        # Not every emulator can tell everything.
        return [Difference(logical_id=logical_id)] if is_gone(error) else []
    wanted = {**part.defaults, **wanted}
    return [
        Difference(logical_id=logical_id, property=name, wanted=wanted.get(name), found=found[name])
        for name in found
        if _plain(wanted.get(name)) != _plain(found[name])
    ]


def _plain(value: Any) -> Any:
    """A normal form, equal for values that mean the same: true and "true", or another order."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case dict():
            return {key: _plain(part) for key, part in value.items()}
        case list():
            return sorted(map(_plain, value), key=json.dumps)
    return value


def _short(value: Any) -> str:
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
