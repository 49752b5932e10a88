"""Reads and sets the policies of a stack's role and user, and finds attached policies.

A `kind` is the word in the names of IAM's calls: role or user.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tweetpipe.aws.place import Place

KINDS: Mapping[str, str] = {"AWS::IAM::Role": "role", "AWS::IAM::User": "user"}

Properties = dict[str, Any]


def attached(place: Place, kind: str, name: str) -> list[str]:
    """The ARNs of the managed policies."""
    found = _call(place, f"list_attached_{kind}_policies", kind, name)
    return [policy["PolicyArn"] for policy in found["AttachedPolicies"]]


def read_role(place: Place, name: str) -> Properties:
    """A role's properties, as in the template."""
    role: Any = place.iam().get_role(RoleName=name)["Role"]
    return _policies(place, "role", name) | {
        "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
        "PermissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
    }


def mend_role(place: Place, name: str, wanted: Properties) -> None:
    """Sets these properties of a role."""
    iam = place.iam()
    if "AssumeRolePolicyDocument" in wanted:
        document = json.dumps(wanted["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    if wanted.get("PermissionsBoundary"):
        boundary = wanted["PermissionsBoundary"]
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    elif "PermissionsBoundary" in wanted:
        iam.delete_role_permissions_boundary(RoleName=name)
    _mend_policies(place, "role", name, wanted)


def read_user(place: Place, name: str) -> Properties:
    """A user's properties, as in the template."""
    groups = place.iam().list_groups_for_user(UserName=name)["Groups"]
    return _policies(place, "user", name) | {
        "Groups": [group["GroupName"] for group in groups] or None
    }


def mend_user(place: Place, name: str, wanted: Properties) -> None:
    """Sets these properties of a user."""
    if "Groups" in wanted:
        iam = place.iam()
        for group in read_user(place, name)["Groups"] or []:
            iam.remove_user_from_group(UserName=name, GroupName=group)
        for group in wanted["Groups"] or []:
            iam.add_user_to_group(UserName=name, GroupName=group)
    _mend_policies(place, "user", name, wanted)


def _policies(place: Place, kind: str, name: str) -> Properties:
    inline = [
        _call(place, f"get_{kind}_policy", kind, name, PolicyName=policy)
        for policy in _call(place, f"list_{kind}_policies", kind, name)["PolicyNames"]
    ]
    return {
        "ManagedPolicyArns": attached(place, kind, name) or None,
        "Policies": [
            {key: policy[key] for key in ("PolicyName", "PolicyDocument")} for policy in inline
        ],
    }


def _mend_policies(place: Place, kind: str, name: str, wanted: Properties) -> None:
    if "ManagedPolicyArns" in wanted:
        arns, found = wanted["ManagedPolicyArns"] or [], attached(place, kind, name)
        for arn in set(found) - set(arns):
            _call(place, f"detach_{kind}_policy", kind, name, PolicyArn=arn)
        for arn in set(arns) - set(found):
            _call(place, f"attach_{kind}_policy", kind, name, PolicyArn=arn)
    if "Policies" in wanted:
        policies = {
            policy["PolicyName"]: json.dumps(policy["PolicyDocument"])
            for policy in wanted["Policies"]
        }
        for policy, document in policies.items():
            document_of = {"PolicyName": policy, "PolicyDocument": document}
            _call(place, f"put_{kind}_policy", kind, name, **document_of)
        for policy in _call(place, f"list_{kind}_policies", kind, name)["PolicyNames"]:
            if policy not in policies:
                _call(place, f"delete_{kind}_policy", kind, name, PolicyName=policy)


def _call(place: Place, operation: str, kind: str, name: str, **more: str) -> Any:
    return getattr(place.iam(), operation)(**{f"{kind.capitalize()}Name": name}, **more)
