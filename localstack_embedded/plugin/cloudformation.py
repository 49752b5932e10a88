"""How LocalStack's CloudFormation makes resources, one after the other.

For one that takes a moment, as a function does, LocalStack 4.9.2 looks a second time at once, and
from then on every five seconds. And it would go on with a stack that a reset has dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partialmethod
from threading import Condition
from typing import Any

_PAUSE = 0.1  # seconds from one look to the next


def look_often() -> None:
    """Change that for all types of resources."""
    from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor

    waiting = partialmethod(ResourceProviderExecutor.deploy_loop, sleep_time=_PAUSE)
    ResourceProviderExecutor.deploy_loop = waiting


def spare_what_is_not_there() -> None:
    """Let an update make or remove a resource with a condition, of which others name attributes.

    LocalStack looks them up as they were before and as they come to be, wherever they are named,
    and fails where the resource is not there. AWS looks up what it needs.
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
            # Raises again for what the template doesn't have at all.
            self._get_node_resource_for(name, self._change_set.update_model.node_template)
            return Nothing

    ChangeSetModelPreproc._resolve_attribute = resolve_if_there


def tell_conditions_apart() -> None:
    """Have an update look at the condition that is named.

    LocalStack keeps the first one that it has looked at for all. If that changes, it takes each
    property that has an If for changed, and makes a second one of a resource that is there.
    """
    from localstack.services.cloudformation.engine.v2.change_set_model import ChangeSetModel

    visit = ChangeSetModel._visit_condition

    def visit_in_its_scope(self: Any, scope: Any, condition_name: str, **both: Any) -> Any:
        own = scope if scope.endswith(f"/{condition_name}") else scope.open_scope(condition_name)
        return visit(self, own, condition_name, **both)

    ChangeSetModel._visit_condition = visit_in_its_scope


def keep_what_stays_the_same() -> None:
    """Have an update make a resource anew only where a value differs that can't be changed.

    LocalStack compares the words of the two templates: those of another condition, with the same
    outcome, would have it make a second resource.
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


_under_way = 0
_ended = Condition()


def end_with_the_stack() -> None:
    """Make nothing more for a stack that is not there any more."""
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
    """Wait until nothing is being made, but no longer than that."""
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
