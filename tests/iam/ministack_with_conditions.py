"""Runs MiniStack, in its own environment, with condition keys of AWS that it lacks.

Its engine evaluates any condition, but gets no permissions boundary; for a new function, it checks
neither the function's name nor the role that is passed. The keys are described in
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam

_BOUNDARY = "iam:PermissionsBoundary"
# Not a key of AWS's: passes the new function from the request's parser to the check.
_FUNCTION = "new-function"

_keys_before = iam_actions.request_tag_context
_enforce_before = iam_evaluator.enforce


def _keys(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
    keys: dict[str, Any] = _keys_before(service, action, body, parameters)
    if service == "iam" and (boundary := _boundary(action.split(":")[1], parameters)):
        keys[_BOUNDARY] = boundary
    if action == "lambda:CreateFunction":
        keys[_FUNCTION] = json.loads(body)
    return keys


def _boundary(action: str, parameters: dict[str, Any]) -> str | None:
    """The requested boundary, or else the current one of the user or role."""
    if action.startswith("Create") or action.endswith("PermissionsBoundary"):
        found: str | None = iam._p(parameters, "PermissionsBoundary") or None
        return found
    user, role = iam._p(parameters, "UserName"), iam._p(parameters, "RoleName")
    identity = iam._users.get(user) or iam._roles.get(role) or {}
    kept: str | None = identity.get("PermissionsBoundary")
    return kept


def _enforce(
    key_id: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    context = dict(service_context or {})
    function = context.pop(_FUNCTION, None)
    if not function:
        return _enforce_before(key_id, action, service, region, resource_arn, context)
    account = function["Role"].split(":")[4]
    named = f"arn:aws:lambda:{region}:{account}:function:{function['FunctionName']}"
    passed = {"iam:PassedToService": "lambda.amazonaws.com"}
    return _enforce_before(key_id, action, service, region, named, context) or _enforce_before(
        key_id, "iam:PassRole", "iam", region, function["Role"], passed
    )


if __name__ == "__main__":
    iam_actions.request_tag_context = _keys
    iam_evaluator.enforce = _enforce
    app.main()
