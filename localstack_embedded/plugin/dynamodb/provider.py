"""What LocalStack calls for DynamoDB: items by `operations`, all else by moto itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any

from botocore import xform_name
from localstack.aws.api import RequestContext
from localstack.aws.skeleton import DispatchTable
from localstack.http import Response
from localstack.services.moto import MotoFallbackDispatcher
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models import dynamodb_backends

from .errors import Refused
from .operations import Operations
from .requests import check_options
from .tables import mend

_MAX_REQUEST_BYTES = 16 * 2**20
_ON_ITEMS = (
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
)


def dispatch_table(provider: object) -> DispatchTable:
    """All operations of DynamoDB, one at a time: moto's tables are not safe for concurrency."""
    mend()
    lock = RLock()

    def on_items(name: str) -> Callable[..., Response]:
        method = getattr(Operations, xform_name(name))

        def answer(context: RequestContext, _request: object) -> Response:
            body = context.request.data
            if len(body) > _MAX_REQUEST_BYTES:
                return _response(context, 413, {"message": "Request size limit exceeded"})
            with lock:
                operations = Operations(dynamodb_backends[context.account_id][context.region])
                return _answered(context, method, operations, json.loads(body))

        return answer

    def guarded(operation: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*args: Any) -> Any:
            with lock:
                return operation(*args)

        return answer

    table = {name: guarded(call) for name, call in MotoFallbackDispatcher(provider).items()}
    return table | {name: on_items(name) for name in _ON_ITEMS}


def _answered(
    context: RequestContext,
    method: Callable[[Operations, dict[str, Any]], dict[str, Any]],
    operations: Operations,
    request: dict[str, Any],
) -> Response:
    try:
        check_options(request)
        return _response(context, 200, method(operations, request))
    except Refused as refused:
        return _refusal(context, refused.code, refused.message, refused.more)
    except JsonRESTError as error:
        return _refusal(context, error.error_type.rpartition("#")[2], error.message, {})


def _refusal(context: RequestContext, code: str, message: str, more: Mapping[str, Any]) -> Response:
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return _response(context, 400, {"__type": kind, "message": message, **more})


def _response(context: RequestContext, status: int, answer: Mapping[str, Any]) -> Response:
    return Response(
        json.dumps(answer),
        status,
        {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": context.request_id},
    )
