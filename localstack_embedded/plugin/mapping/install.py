"""Replaces LocalStack's poller for Kinesis.

LocalStack 4.9.2 has no plugin point for this, so three of its methods are replaced, but only for
mappings whose source is Kinesis; `invocations` replaces three more, for all functions. From a
worker, LambdaProvider uses `uuid`, `enabled`, `current_state`, `state_transition_reason`, `create`,
`stop`, `delete`, and `stop_for_shutdown`.

    EsmWorkerFactory.get_esm_worker               makes the worker of a mapping
    LambdaProvider.validate_event_source_mapping  rejects what AWS rejects
    LambdaProvider.check_service_resource_exists  knows consumers, and calls no service

The plugin point lambda_delete_function_version tells when a function is deleted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import uuid4

from ..metrics import Metrics, to_cloudwatch
from ..streams import Stream, arns
from .destinations import is_there
from .interfaces import Answer, Reads
from .invocations import gather
from .metrics import NAMESPACE
from .settings import destination_of
from .validation import OutOfConstraints, Unsuitable, check
from .worker import KinesisMappingWorker, Place, Surroundings

LOG = logging.getLogger(__name__)

_Method = Callable[..., Any]


def put_in_place(find_stream: Callable[[str], Stream | None], reads: Reads) -> None:
    """Have this process's Kinesis mappings read the streams that `find_stream` returns."""
    from localstack.services.lambda_.event_source_mapping.esm_worker_factory import EsmWorkerFactory
    from localstack.services.lambda_.provider import LambdaProvider

    metrics = Metrics(to_cloudwatch(NAMESPACE))
    gather(metrics)
    around = _surroundings(find_stream, metrics, reads)

    def get_esm_worker(_: _Method, factory: Any) -> KinesisMappingWorker:
        _normalize(factory.esm_config)
        return KinesisMappingWorker(
            factory.esm_config, factory.function_role_arn, factory.enabled, around
        )

    def validate(original: _Method, provider: Any, context: Any, request: Any) -> Any:
        _refuse_as_aws_does(request)
        before = None
        if "UUID" in request:  # the mapping as it will be
            before = _shown(request["FunctionArn"]).get(request["UUID"])
            request["State"] = "Updating"  # LocalStack overwrites this when it is turned on or off.
        destination = destination_of(request)
        if destination and destination != destination_of(before or {}):
            _require(destination, context)
        return original(provider, context, request)

    def look_up(_: _Method, _provider: Any, _service: str, arn: str, *_others: str) -> None:
        from localstack.aws.api.lambda_ import InvalidParameterValueException

        if find_stream(arn) is None:
            what = "Consumer" if arns.is_of_consumer(arn) else "Stream"
            raise InvalidParameterValueException(f"{what} not found: {arn}", Type="User")

    EsmWorkerFactory.get_esm_worker = _either(
        EsmWorkerFactory.get_esm_worker,
        get_esm_worker,
        lambda factory: factory.esm_config.get("EventSourceArn"),
    )
    LambdaProvider.validate_event_source_mapping = _either(
        LambdaProvider.validate_event_source_mapping,
        validate,
        lambda _provider, _context, request: request.get("EventSourceArn"),
    )
    LambdaProvider.check_service_resource_exists = _either(
        LambdaProvider.check_service_resource_exists,
        look_up,
        lambda _provider, _service, arn, *_others: arn,
    )


def _either(original: _Method, for_kinesis: _Method, source_of: Callable[..., Any]) -> _Method:
    """Call `for_kinesis` if the source is a Kinesis stream, and otherwise `original`."""

    @wraps(original)
    def either(*args: Any) -> Any:
        if (source_of(*args) or "").split(":")[2:3] == ["kinesis"]:
            return for_kinesis(original, *args)
        return original(*args)

    return either


def _normalize(configuration: MutableMapping[str, Any]) -> None:
    """Show a mapping as AWS does; LocalStack's update leaves it as it was in the request."""
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


def _require(destination: str, context: Any) -> None:
    from localstack.aws.api.lambda_ import InvalidParameterValueException

    if not is_there(destination, context.account_id, context.region, _make_client):
        raise InvalidParameterValueException(
            f"The destination ARN {destination} is invalid: there is no such queue, topic, or"
            " bucket.",
            Type="User",
        )


def _surroundings(
    find_stream: Callable[[str], Stream | None], metrics: Metrics, reads: Reads
) -> Surroundings:
    around = Surroundings(
        find_stream=find_stream,
        function_exists=_function_exists,
        invoke=_invoke,
        make_client=_make_client,
        metrics=metrics,
        reads=reads,
        shown=_shown,
    )
    _IN_PLACE.append(around)
    return around


_IN_PLACE: list[Surroundings] = []


def places() -> dict[str, Place]:
    """The places of all Kinesis mappings, by UUID; empty before `put_in_place`."""
    return _IN_PLACE[-1].places if _IN_PLACE else {}


def notice_deleted_functions() -> None:
    """Have the mappings check whether their functions still exist."""
    for around in _IN_PLACE:
        for place in list(around.places.values()):
            if place.worker:
                place.worker.notice_function()


def forget(is_chosen: Callable[[str], bool]) -> None:
    """Drop the metrics of chosen accounts, whose mappings and functions are gone."""
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
    """Call this process's Lambda service directly, without HTTP and serialization."""
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


def _shown(function_arn: str) -> MutableMapping[str, Any]:
    from localstack.services.lambda_.invocation.models import lambda_stores

    _, _, _, region, account, *_ = function_arn.split(":")
    shown: MutableMapping[str, Any] = lambda_stores[account][region].event_source_mappings
    return shown
