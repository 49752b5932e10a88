"""DynamoDB's operations for LocalStack: `transactions` runs those on items, moto most others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar
from uuid import uuid4

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.skeleton import DispatchTable
from localstack.http import Request, Response
from localstack.services.edge import ROUTER
from localstack.services.moto import MotoFallbackDispatcher
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models import dynamodb_backends

from ..calls import CALLS, Answer
from .descriptions import check_tables, complete
from .errors import Refused
from .members import check_members
from .requests import check_options
from .specification import ON_ITEMS
from .sweeper import Sweeper
from .tables import LOCK, mend
from .transactions import Transactions

_MAX_REQUEST_BYTES = 16 * 2**20
# Answered by the thread that reads all requests, so other calls wait for them: only calls that take
# a single item or the items in their body, and only with bodies up to this size.
_AT_ONCE = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem")
_MAX_BYTES_AT_ONCE = 256 * 2**10
_Call = TypeVar("_Call", bound=Callable[..., Any])


def as_service_exceptions(call: _Call) -> _Call:
    """Wrap a call to raise Refused as the exception that LocalStack turns into an answer."""

    @wraps(call)
    def answer(*args: Any) -> Any:
        try:
            return call(*args)
        except Refused as refused:
            raise CommonServiceException(
                refused.code, refused.message, sender_fault=True
            ) from refused

    return answer  # type: ignore[return-value]


def dispatch_table(provider: object) -> DispatchTable:
    """All operations of DynamoDB; they run one at a time."""
    mend()
    sweeper = Sweeper(LOCK)
    sweeper.begin()  # for tables that were kept
    # Not LocalStack's model, which `specification` has patched.
    model = ServiceModel(Loader().load_service_model("dynamodb", "service-2"))

    def sweep(_request: Request) -> dict[str, int]:
        return {"ExpiredItems": sweeper.sweep()}

    ROUTER.add("/_aws/dynamodb/expired", sweep, methods=["DELETE"])

    def on_items(name: str) -> Callable[..., Response]:
        method = getattr(Transactions, xform_name(name))
        shape = model.shape_for(f"{name}Input")

        def run(account: str, region: str, request: Any) -> Answer:
            operations = Transactions(dynamodb_backends[account][region])
            request = {} if request is None else request
            return _answered(shape, partial(method, operations), request)

        def at_once(account: str, region: str, body: bytes) -> Answer | None:
            if len(body) > _MAX_BYTES_AT_ONCE or not LOCK.acquire(blocking=False):
                return None
            try:
                return run(account, region, json.loads(body))
            finally:
                LOCK.release()

        if name in _AT_ONCE:
            CALLS[f"DynamoDB_20120810.{name}".encode()] = at_once

        def answer(context: RequestContext, request: Any) -> Response:
            if len(context.request.data) > _MAX_REQUEST_BYTES:
                said = _answer(413, {"message": "Request size limit exceeded"})
            else:
                with LOCK:
                    said = run(context.account_id, context.region, request)
            headers = {**said.headers, "x-amzn-RequestId": context.request_id}
            return Response(said.content, said.status, headers)

        return answer

    def guarded(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        @as_service_exceptions
        def answer(context: RequestContext, request: dict[str, Any]) -> Any:
            check_members(context.operation.input_shape, request)
            check_tables(name, request)
            with LOCK:
                tables = dynamodb_backends[context.account_id][context.region].tables
                before = tables.get(request.get("TableName"))
                said = operation(context, request)
                table = tables.get(request.get("TableName")) or before
                description = said.get("Table") or said.get("TableDescription")
                if table and description:
                    kept = vars(table).setdefault("kept", {"TableId": str(uuid4())})
                    complete(description, kept, name, request)
                return said

        return answer

    def update_time_to_live(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        tables = dynamodb_backends[context.account_id][context.region].tables
        # CloudFormation makes this call twice.
        sweeper.update(tables, request, again=context.is_internal_call)
        return {"TimeToLiveSpecification": request["TimeToLiveSpecification"]}

    def describe_time_to_live(context: RequestContext, request: dict[str, Any]) -> dict[str, Any]:
        tables = dynamodb_backends[context.account_id][context.region].tables
        return {"TimeToLiveDescription": sweeper.described(tables, request["TableName"])}

    table = MotoFallbackDispatcher(provider) | {
        "UpdateTimeToLive": update_time_to_live,
        "DescribeTimeToLive": describe_time_to_live,
    }
    return {
        **{name: guarded(name, call) for name, call in table.items()},
        **{name: on_items(name) for name in ON_ITEMS},
    }


def _answered(
    shape: Shape, run: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]
) -> Answer:
    try:
        check_members(shape, request)
        check_options(request)
        return _answer(200, run(request))
    except Refused as refused:
        return _refusal(refused.code, refused.message, refused.more)
    except JsonRESTError as error:
        return _refusal(error.error_type.rpartition("#")[2], error.message, {})


def _refusal(code: str, message: str, more: Mapping[str, Any]) -> Answer:
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return _answer(400, {"__type": kind, "message": message, **more})


def _answer(status: int, content: Mapping[str, Any]) -> Answer:
    return Answer(
        status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(content).encode()
    )
