"""Repairs and restarts services whose state was restored, since their threads are gone."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from threading import Thread
from typing import Any

from localstack.services.plugins import SERVICE_PLUGINS

from . import mappings

LOG = logging.getLogger(__name__)


def restored(service: str, holder: Any) -> None:
    """Repair a service's restored state; its provider may not exist yet."""
    if service == "cloudformation":
        for _, _, store in holder.iter_stores():
            _fail_what_was_under_way(store)
    if service == "s3":
        from .objects import forget_uploads

        forget_uploads(holder)


def resume(services: Iterable[str]) -> None:
    """Start these services while LocalStack begins to serve; calls to one wait until it runs."""

    def start() -> None:
        for name in services:
            try:
                provider = SERVICE_PLUGINS.require(name)._provider
                if name == "cloudwatch":
                    start_alarms(provider)
            except Exception:
                LOG.exception("%s can't resume from the saved state", name)

    Thread(target=start, name="resuming", daemon=True).start()


def start_functions(provider: Any) -> None:
    """Have LocalStack's Lambda prepare the restored functions and start their mappings."""
    from localstack.services.lambda_.invocation.models import lambda_stores

    SERVICE_PLUGINS.require("kinesis")  # installs the mapping that replaces LocalStack's
    mappings.restore()
    if any(store.functions for _, _, store in lambda_stores.iter_stores()):
        provider.on_before_state_load()
        provider.on_after_state_load()


def start_alarms(provider: Any) -> None:
    """Schedule the evaluation of existing alarms."""
    from localstack.services.cloudwatch.models import cloudwatch_stores

    for _, _, store in cloudwatch_stores.iter_stores():
        for arn in store.alarms:
            provider.alarm_scheduler.schedule_metric_alarm(arn)


def tidy(services: set[str]) -> None:
    """Remove what is no longer needed, now that the state of these services is saved."""
    if SERVICE_PLUGINS.is_running("s3"):
        from localstack.services.s3.models import s3_stores

        if "s3" in services or not s3_stores:
            SERVICE_PLUGINS.get_service("s3")._provider._storage_backend.sweep()


def _fail_what_was_under_way(store: Any) -> None:
    """Mark interrupted deployments as failed, so that they can be deleted or retried."""
    from localstack.aws.api.cloudformation import ChangeSetStatus, ExecutionStatus, StackStatus

    for stack in store.stacks_v2.values():
        failed = stack.status.replace("_IN_PROGRESS", "_FAILED")
        if failed != stack.status and failed in set(StackStatus):
            stack.set_stack_status(
                StackStatus(failed), "LocalStack stopped while this was under way"
            )
    for change_set in store.change_sets.values():
        if change_set.status == ChangeSetStatus.CREATE_IN_PROGRESS:
            change_set.set_change_set_status(ChangeSetStatus.FAILED)
        if change_set.execution_status == ExecutionStatus.EXECUTE_IN_PROGRESS:
            change_set.set_execution_status(ExecutionStatus.EXECUTE_FAILED)
