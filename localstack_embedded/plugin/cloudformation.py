"""Corrections to how LocalStack's CloudFormation creates, updates, and deletes resources.

LocalStack 4.9.2 creates them one at a time. If a resource takes a moment, as a function does, it
checks again at once, and then only every five seconds. It would also go on with a stack that a
reset has dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partialmethod
from threading import Condition
from typing import Any

_PAUSE = 0.1  # seconds between checks


def look_often() -> None:
    """Check more often whether a resource is ready, for all types of resources."""
    from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor

    waiting = partialmethod(ResourceProviderExecutor.deploy_loop, sleep_time=_PAUSE)
    ResourceProviderExecutor.deploy_loop = waiting


def spare_what_is_not_there() -> None:
    """Let an update create or delete a conditional resource whose attributes others refer to.

    LocalStack resolves each reference both before and after the change, and fails where the
    resource doesn't exist. AWS resolves only what it needs.
    """
    from localstack.services.cloudformation.engine.v2.change_set_model import Nothing
    from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
        ChangeSetModelPreproc,
    )
    from localstack.services.cloudformation.engine.validations import ValidationError

    resolve = ChangeSetModelPreproc._resolve_attribute

    def resolve_if_there(self: Any, arguments: Any, select_before: bool) -> Any:
        try:
            return resolve(self, arguments, select_before)
        except ValidationError:
            name = arguments.split(".")[0] if isinstance(arguments, str) else arguments[0]
            # Raises again if the template doesn't have the resource at all.
            self._get_node_resource_for(name, self._change_set.update_model.node_template)
            return Nothing

    ChangeSetModelPreproc._resolve_attribute = resolve_if_there


def tell_conditions_apart() -> None:
    """Have an update evaluate each condition by its name.

    LocalStack uses the first condition that it has evaluated for all of them. If that one changes,
    it considers every property with an Fn::If changed, and creates an existing resource again.
    """
    from localstack.services.cloudformation.engine.v2.change_set_model import ChangeSetModel

    visit = ChangeSetModel._visit_condition

    def visit_in_its_scope(self: Any, scope: Any, condition_name: str, **both: Any) -> Any:
        own = scope if scope.endswith(f"/{condition_name}") else scope.open_scope(condition_name)
        return visit(self, own, condition_name, **both)

    ChangeSetModel._visit_condition = visit_in_its_scope


def keep_what_stays_the_same() -> None:
    """Have an update replace a resource only if the value of a create-only property differs.

    LocalStack compares the text of the two templates, so it would create a second resource for a
    different condition with the same outcome.
    """
    from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
        ChangeSetModelPreproc,
    )
    from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor

    visit = ChangeSetModelPreproc.visit_node_resource

    def visit_and_compare(self: Any, node_resource: Any) -> Any:
        delta = visit(self, node_resource)
        before, after = delta.before, delta.after
        if before and after and after.requires_replacement:
            provider: Any = ResourceProviderExecutor.try_load_resource_provider(after.resource_type)
            fixed = [path.split("/")[2] for path in provider.SCHEMA["createOnlyProperties"]]
            old, new = before.properties.properties, after.properties.properties
            after.requires_replacement = any(old.get(name) != new.get(name) for name in fixed)
        return delta

    ChangeSetModelPreproc.visit_node_resource = visit_and_compare


def delete_users_with_policies() -> None:
    """Delete a user's policies and memberships before the user, as LocalStack does for a role.

    IAM refuses to delete a user that has policies, so LocalStack can't even delete one for which
    the template names a managed policy.
    """
    from localstack.services.iam.resource_providers.aws_iam_user import IAMUserProvider

    delete = IAMUserProvider.delete

    def delete_with_policies(self: Any, request: Any) -> Any:
        _detach(request.aws_client_factory.iam, request.desired_state["Id"])
        return delete(self, request)

    IAMUserProvider.delete = delete_with_policies


def _detach(iam: Any, user: str) -> None:
    for policy in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=policy)
    for policy in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])
    for group in iam.list_groups_for_user(UserName=user)["Groups"]:
        iam.remove_user_from_group(UserName=user, GroupName=group["GroupName"])


_under_way = 0
_ended = Condition()


def end_with_the_stack() -> None:
    """Stop creating resources for a stack that no longer exists."""
    from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor
    from localstack.services.cloudformation.stores import get_cloudformation_store

    execute = ResourceProviderExecutor.execute_action

    def execute_for_a_stack(self: Any, *arguments: Any) -> Any:
        _, _, _, region, account, _ = self.stack_id.split(":", 5)
        with _counted():
            if self.stack_id not in get_cloudformation_store(account, region).stacks_v2:
                raise RuntimeError(f"the stack {self.stack_name} was dropped by a reset")
            return execute(self, *arguments)

    ResourceProviderExecutor.execute_action = execute_for_a_stack


def wait_for_actions(seconds: float) -> None:
    """Wait until no action on a resource is running, for at most `seconds`."""
    with _ended:
        _ended.wait_for(lambda: _under_way == 0, seconds)


@contextmanager
def _counted() -> Iterator[None]:
    global _under_way
    with _ended:
        _under_way += 1
    try:
        yield
    finally:
        with _ended:
            _under_way -= 1
            _ended.notify_all()
