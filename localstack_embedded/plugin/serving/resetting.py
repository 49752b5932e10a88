"""Empties the services, for one account or for all, while LocalStack keeps running.

What runs for an account is stopped first: mappings, functions, schedules, and alarms. Then the
services' state is dropped: LocalStack's stores, moto's backends, and the few things that providers
keep besides these. A call in progress finishes on the old state, which is no longer visible. A
provider of this plugin with state elsewhere has a method `forget`, which is called with the
account, or None for all.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from typing import Any

from localstack.http import Request, Response
from localstack.services.plugins import SERVICE_PLUGINS
from localstack.services.stores import AccountRegionBundle
from localstack.utils.functions import call_safe
from moto.core.base_backend import BackendDict, backend_lock
from moto.core.model_instances import reset_model_data

from ..cloudformation import wait_for_actions
from ..mapping.install import forget as forget_counts

LOG = logging.getLogger(__name__)

PATH = "/_localstack/state/reset"
ALL = None
_PATIENCE = 0.3  # seconds
_one_at_a_time = Lock()

IsChosen = Callable[[str], bool]  # whether to empty an account

# What the hooks of these do before a reset is done here: for each account, and without waiting.
_OWN_HOOKS_REPLACED = {"lambda", "cloudwatch"}

NOT_BY_ACCOUNT = {
    "ses": "sent messages at /_aws/ses, which don't name an account",
    "opensearch": "running clusters, which are separate processes",
    "es": "running clusters, which are separate processes",
}


def answer(request: Request) -> Response:
    """Answer a POST to PATH: reset the `account` in the query, or all accounts if there is none."""
    account = request.args.get("account") or ALL
    if account is not ALL and not (
        account.isascii() and account.isdecimal() and len(account) == 12
    ):
        return Response(f"{account!r} is not an account ID: it must have 12 digits\n", 400)
    report = reset(account)
    return Response.for_json(report, status=500 if report["failed"] else 200)


def reset(account: str | None = ALL) -> dict[str, Any]:
    """Empty all services that have been used; returns which, and what can't be emptied."""

    def is_chosen(other: str) -> bool:
        return account in (ALL, other)

    with _one_at_a_time:
        services = {
            name: SERVICE_PLUGINS.get_service(name)
            for name in SERVICE_PLUGINS.list_available()
            if SERVICE_PLUGINS.is_running(name)
        }
        providers = {name: service._provider for name, service in services.items()}
        hooks = {
            name: service.lifecycle_hook
            for name, service in services.items()
            if account is ALL and name not in _OWN_HOOKS_REPLACED
        }
        forgetting = {
            name: provider.forget
            for name, provider in providers.items()
            if hasattr(provider, "forget")
        }
        steps: list[tuple[str, Callable[[], object]]] = [
            *((name, hook.on_before_state_reset) for name, hook in hooks.items()),
            *(
                (name, partial(stop, providers[name], is_chosen))
                for name, stop in _STOPPING.items()
                if name in providers
            ),
            *((name, partial(forget, account)) for name, forget in forgetting.items()),
            *((each.service_name, partial(_clear_stores, each, account)) for each in _bundles()),
            ("moto", partial(_clear_backends, account)),
            *((name, hook.on_after_state_reset) for name, hook in hooks.items()),
        ]
        failed = {}
        for name, step in steps:
            try:
                step()
            except Exception as error:  # the others are still emptied
                LOG.exception("%s could not be reset", name)
                failed[name] = f"{type(error).__name__}: {error}"
    left = NOT_BY_ACCOUNT if account is not ALL else {}
    return {
        "account": account,
        "reset": sorted(services.keys() - failed.keys()),
        "not_reset": {name: what for name, what in left.items() if name in services},
        "failed": failed,
    }


def _account_of(arn: str) -> str:
    return (arn.split(":", 5) + [""] * 5)[4]


def _pop(arns: MutableMapping[str, Any], is_chosen: IsChosen) -> list[Any]:
    """Remove and return the values whose keys are ARNs of chosen accounts."""
    chosen = [arn for arn in list(arns) if is_chosen(_account_of(arn))]
    return [arns.pop(arn) for arn in chosen]


def _drop_stacks(_provider: Any, is_chosen: IsChosen) -> None:
    from localstack.services.cloudformation.stores import cloudformation_stores

    with cloudformation_stores.lock:
        for account in filter(is_chosen, list(cloudformation_stores)):
            cloudformation_stores.pop(account).reset()
    # A resource that is created by then is dropped with the rest. One that takes longer waits
    # between two actions, and ends when its stack is gone.
    wait_for_actions(_PATIENCE)


def _stop_functions(provider: Any, is_chosen: IsChosen) -> None:
    for uuid, mapping in list(provider.esm_workers.items()):
        if is_chosen(_account_of(mapping.esm_config["FunctionArn"])):
            provider.esm_workers.pop(uuid, None)
            mapping.stop_for_shutdown()
            if poller := getattr(mapping, "poller", None):
                poller.close()  # else it retries a batch first
    service = provider.lambda_service
    with service.lambda_version_manager_lock:
        versions = [
            *_pop(service.lambda_running_versions, is_chosen),
            *_pop(service.lambda_starting_versions, is_chosen),
        ]
        events = _pop(service.event_managers, is_chosen)
    for manager in events:
        # It waits two seconds for its queue, and deletes it.
        Thread(target=manager.stop, name="reset-events", daemon=True).start()
    for version in versions:
        version.stop()
    for thread in threading.enumerate():
        if thread.name.startswith("record-cloudwatch-metric"):
            thread.join(_PATIENCE)
    forget_counts(is_chosen)

    def remove_code() -> None:
        for version in versions:
            call_safe(version.function_version.config.code.destroy)

    Thread(target=remove_code, name="reset-code", daemon=True).start()


def _stop_queues(provider: Any, is_chosen: IsChosen) -> None:
    from localstack.services.sqs.models import sqs_stores

    tasks = provider._message_move_task_manager
    for task in list(tasks.move_tasks.values()):
        if is_chosen(_account_of(task.source_arn)):
            tasks.cancel(task)
    for account, _, store in _stores(sqs_stores):
        for queue in list(store.queues.values()) if is_chosen(account) else ():
            queue.shutdown()  # calls that wait for a message get none


def _stop_rules(provider: Any, is_chosen: IsChosen) -> None:
    from localstack.services.events.scheduler import JobScheduler

    for rule in _pop(provider._rule_services_store, is_chosen):
        if job := getattr(rule, "job_id", None):
            JobScheduler.instance().cancel_job(job)
    for name in (
        *("_event_bus_services_store", "_target_sender_store", "_archive_service_store"),
        *("_replay_service_store", "_connection_service_store", "_api_destination_service_store"),
    ):
        _pop(getattr(provider, name), is_chosen)


def _stop_alarms(provider: Any, is_chosen: IsChosen) -> None:
    for task in _pop(provider.alarm_scheduler.scheduled_alarms, is_chosen):
        task.cancel()
    database = provider.cloudwatch_database
    with database.DATABASE_LOCK, sqlite3.connect(database.METRICS_DB) as connection:
        for table in (database.TABLE_SINGLE_METRICS, database.TABLE_AGGREGATED_METRICS):
            found = connection.execute(f"SELECT DISTINCT account_id FROM {table}").fetchall()
            connection.executemany(
                f"DELETE FROM {table} WHERE account_id = ?",
                [(account,) for (account,) in found if is_chosen(account)],
            )


def _remove_objects(provider: Any, is_chosen: IsChosen) -> None:
    from localstack.services.s3.models import s3_stores

    for account, _, store in _stores(s3_stores):
        buckets = list(store.buckets) if is_chosen(account) else []
        for bucket in buckets:
            provider._expiration_cache.pop(bucket, None)
            store.global_bucket_map.pop(bucket, None)
            arn = f"arn:aws:s3:::{bucket}"
            for tagged in [each for each in store.TAGS.tags if each.partition("/")[0] == arn]:
                del store.TAGS.tags[tagged]
            with suppress(OSError):  # an object that is being written
                provider._storage_backend.delete_bucket(bucket)
    provider._cors_handler.invalidate_cache()


def _forget_messages(_provider: Any, is_chosen: IsChosen) -> None:
    from localstack.services.ses.provider import EMAILS

    if is_chosen(""):  # only if all accounts are
        EMAILS.clear()


# In this order: stacks create functions, and functions write logs, metrics, and messages.
_STOPPING: dict[str, Callable[[Any, IsChosen], None]] = {
    "cloudformation": _drop_stacks,
    "lambda": _stop_functions,
    "events": _stop_rules,
    "sqs": _stop_queues,
    "cloudwatch": _stop_alarms,
    "s3": _remove_objects,
    "ses": _forget_messages,
}


def _bundles() -> list[Any]:
    """All stores of LocalStack that are loaded."""
    modules = [module for name, module in list(sys.modules.items()) if "localstack" in name]
    values = [value for module in modules for value in list(vars(module).values())]
    return list(
        {id(each): each for each in values if isinstance(each, AccountRegionBundle)}.values()
    )


def _stores(bundle: Any) -> Iterator[tuple[str, str, Any]]:
    with bundle.lock:
        return iter(list(bundle.iter_stores()))


def _clear_stores(bundle: Any, account: str | None) -> None:
    with bundle.lock:
        if account is ALL:
            bundle.reset()
        elif regions := bundle.pop(account, None):
            regions.reset()


def _clear_backends(account: str | None) -> None:
    with backend_lock:
        for backends in BackendDict._instances:
            if account is ALL:
                backends.clear()
            else:
                backends.pop(account, None)
        if account is ALL:
            BackendDict._instances.clear()
            reset_model_data()
