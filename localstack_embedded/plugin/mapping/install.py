"""Puts the mapping for Kinesis in the place of LocalStack's poller.

LocalStack 4.9.2 has no plugin point for this, so three of its methods are replaced, each for
mappings whose source is Kinesis only; `invocations` replaces three more, for all functions. `NEEDS`
names all that is relied on, and a test compares it with the LocalStack that is installed. Of a
worker, LambdaProvider uses `uuid`, `enabled`, `current_state`, `state_transition_reason`, `create`,
`stop`, `delete` and `stop_for_shutdown`.

    EsmWorkerFactory.get_esm_worker               makes the worker of a mapping
    LambdaProvider.validate_event_source_mapping  refuses what AWS refuses
    LambdaProvider.check_service_resource_exists  knows consumers, and asks no service

That a function is deleted is heard of through a plugin point, lambda_delete_function_version.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from functools import wraps
from importlib import import_module
from inspect import signature
from operator import attrgetter
from typing import Any
from uuid import uuid4

from ..metrics import Metrics
from ..streams import Stream
from .interfaces import Answer
from .invocations import gather
from .metrics import NAMESPACE
from .validation import OutOfConstraints, Unsuitable, check
from .worker import KinesisMappingWorker, Surroundings

LOG = logging.getLogger(__name__)

_LAMBDA = "localstack.services.lambda_"
NEEDS = {
    f"{_LAMBDA}.event_source_mapping.esm_worker_factory:EsmWorkerFactory.__init__": (
        "self, esm_config, function_role, enabled"
    ),
    f"{_LAMBDA}.event_source_mapping.esm_worker_factory:EsmWorkerFactory.get_esm_worker": "self",
    f"{_LAMBDA}.provider:LambdaProvider.validate_event_source_mapping": "self, context, request",
    f"{_LAMBDA}.provider:LambdaProvider.check_service_resource_exists": (
        "self, service, resource_arn, function_arn, function_role_arn"
    ),
    f"{_LAMBDA}.invocation.lambda_service:LambdaService.invoke": (
        "self, function_name, qualifier, region, account_id, invocation_type, client_context,"
        " request_id, payload, trace_context, user_agent"
    ),
    f"{_LAMBDA}.invocation.logs:LogHandler.__init__": "self, role_arn, region",
    f"{_LAMBDA}.invocation.logs:LogItem": "log_group, log_stream, logs",
    f"{_LAMBDA}.invocation.version_manager:record_cw_metric_invocation": (
        "function_name, account_id, region_name"
    ),
    f"{_LAMBDA}.invocation.version_manager:record_cw_metric_error": (
        "function_name, account_id, region_name"
    ),
    f"{_LAMBDA}.api_utils:function_locators_from_arn": "arn",
    f"{_LAMBDA}.provider_utils:get_function_version_from_arn": "function_arn",
}

_Method = Callable[..., Any]


def unmet_needs() -> list[str]:
    """What the LocalStack that is installed has otherwise than it is needed."""
    return [
        f"{needed}({parameters})"
        for needed, parameters in NEEDS.items()
        if _parameters_of(*needed.split(":")) != parameters
    ]


def _parameters_of(module: str, path: str) -> str | None:
    try:
        found = attrgetter(path)(import_module(module))
    except (ImportError, AttributeError):
        return None
    return ", ".join(signature(found).parameters)


def put_in_place(find_stream: Callable[[str], Stream | None]) -> None:
    """Have this process's mappings for Kinesis read the streams that are found like this."""
    from localstack.services.lambda_.event_source_mapping.esm_worker_factory import EsmWorkerFactory
    from localstack.services.lambda_.provider import LambdaProvider

    metrics = Metrics(_send_metrics)
    gather(metrics)
    around = _surroundings(find_stream, metrics)

    @_for_kinesis(EsmWorkerFactory, "get_esm_worker", lambda factory: factory.esm_config)
    def get_esm_worker(_: _Method, factory: Any) -> KinesisMappingWorker:
        _normalize(factory.esm_config)
        return KinesisMappingWorker(
            factory.esm_config, factory.function_role_arn, factory.enabled, around
        )

    @_for_kinesis(LambdaProvider, "validate_event_source_mapping", lambda *args: args[2])
    def validate(original: _Method, provider: Any, context: Any, request: Any) -> Any:
        _refuse_as_aws_does(request)
        return original(provider, context, request)

    @_for_kinesis(
        LambdaProvider,
        "check_service_resource_exists",
        lambda *args: {"EventSourceArn": args[2]},
    )
    def look_up(_: _Method, _provider: Any, _service: str, arn: str, *_others: str) -> None:
        from localstack.aws.api.lambda_ import InvalidParameterValueException

        if find_stream(arn) is None:
            raise InvalidParameterValueException(f"Stream not found: {arn}", Type="User")


def _for_kinesis(
    cls: type, name: str, mapping_of: Callable[..., MutableMapping[str, Any]]
) -> Callable[[_Method], None]:
    """Replace a method where it is called for a mapping on a Kinesis stream."""
    original = getattr(cls, name)

    def replace(method: _Method) -> None:
        @wraps(original)
        def either(*args: Any) -> Any:
            source = mapping_of(*args).get("EventSourceArn") or ""
            if source.split(":")[2:3] == ["kinesis"]:
                return method(original, *args)
            return original(*args)

        setattr(cls, name, either)

    return replace


def _normalize(configuration: MutableMapping[str, Any]) -> None:
    """Show a mapping as AWS does; an update of LocalStack leaves it as the request had it."""
    configuration.pop("Enabled", None)
    if not (configuration.get("FilterCriteria") or {}).get("Filters"):
        configuration.pop("FilterCriteria", None)
    if not configuration.get("DestinationConfig"):
        configuration["DestinationConfig"] = {"OnFailure": {}}
    configuration["LastModified"] = datetime.now(UTC)


def _refuse_as_aws_does(request: MutableMapping[str, Any]) -> None:
    from localstack.aws.api import CommonServiceException
    from localstack.aws.api.lambda_ import InvalidParameterValueException

    try:
        check(request, datetime.now(UTC))
    except OutOfConstraints as error:
        raise CommonServiceException("ValidationException", str(error)) from error
    except Unsuitable as error:
        raise InvalidParameterValueException(str(error), Type="User") from error


def _surroundings(find_stream: Callable[[str], Stream | None], metrics: Metrics) -> Surroundings:
    around = Surroundings(
        find_stream=find_stream,
        function_exists=_function_exists,
        invoke=_invoke,
        make_client=_make_client,
        metrics=metrics,
        shown=_shown,
    )
    _IN_PLACE.append(around)
    return around


_IN_PLACE: list[Surroundings] = []


def notice_deleted_functions() -> None:
    """Tell the mappings to look whether they still have a function."""
    for around in _IN_PLACE:
        for place in list(around.places.values()):
            if place.worker:
                place.worker.notice_function()


def forget(is_chosen: Callable[[str], bool]) -> None:
    """Drop what is noted of chosen accounts, whose mappings and functions are gone."""
    for around in _IN_PLACE:
        around.metrics.forget(is_chosen)


def _function_exists(arn: str) -> bool:
    from localstack.aws.api.lambda_ import ResourceNotFoundException
    from localstack.services.lambda_.provider_utils import get_function_version_from_arn

    try:
        return get_function_version_from_arn(arn) is not None
    except ResourceNotFoundException:
        return False


def _invoke(function_arn: str, payload: bytes) -> Answer:
    """Call the Lambda service of this process, without the ways through HTTP and serialization."""
    from localstack.aws.api.lambda_ import InvocationType, TooManyRequestsException
    from localstack.services.lambda_.api_utils import function_locators_from_arn

    name, qualifier, account, region = function_locators_from_arn(function_arn)
    request_id = str(uuid4())
    try:
        result = _lambda_service().invoke(
            function_name=name,
            qualifier=qualifier,
            region=region,
            account_id=account,
            invocation_type=InvocationType.RequestResponse,
            client_context=None,
            request_id=request_id,
            payload=payload,
        )
    except TooManyRequestsException:
        return Answer(failure="throttled", request_id=request_id, status_code=429)
    except Exception as error:
        is_debugged = LOG.isEnabledFor(logging.DEBUG)
        LOG.warning("%s could not be invoked: %s", function_arn, error, exc_info=is_debugged)
        return Answer(failure="service", request_id=request_id, status_code=500)
    version = result.executed_version or "$LATEST"
    if result.is_error:
        return Answer(
            failure="function",
            request_id=request_id,
            executed_version=version,
            function_error="Unhandled",
        )
    return Answer(_json(result.payload), request_id=request_id, executed_version=version)


def _json(payload: bytes | str | None) -> Any:
    try:
        return json.loads(payload or b"null")
    except (ValueError, RecursionError):
        return None


def _lambda_service() -> Any:
    from localstack.services.plugins import SERVICE_PLUGINS

    return SERVICE_PLUGINS.get_service("lambda")._provider.lambda_service


def _make_client(service: str, account: str, region: str) -> Any:
    from localstack.aws.connect import connect_to

    return connect_to(aws_access_key_id=account, region_name=region).get_client(service)


def _send_metrics(account: str, region: str, data: list[dict[str, Any]]) -> None:
    _make_client("cloudwatch", account, region).put_metric_data(
        Namespace=NAMESPACE, MetricData=data
    )


def _shown(function_arn: str) -> MutableMapping[str, Any]:
    from localstack.services.lambda_.invocation.models import lambda_stores

    _, _, _, region, account, *_ = function_arn.split(":")
    shown: MutableMapping[str, Any] = lambda_stores[account][region].event_source_mappings
    return shown
