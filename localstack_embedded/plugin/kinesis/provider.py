"""The Kinesis provider for LocalStack."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from localstack import config
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.kinesis import KinesisApi
from localstack.aws.chain import HandlerChain
from localstack.aws.handlers import run_custom_response_handlers
from localstack.http import Response
from localstack.services.plugins import ServiceLifecycleHook
from localstack.utils.aws.arns import get_partition

from .. import calls
from ..metrics import Metrics, to_cloudwatch
from .errors import KinesisError
from .metrics import NAMESPACE, StreamMetrics
from .operations import OPERATIONS, SUBSCRIBE, Operations
from .service import Answer, Caller, Kinesis, Settings
from .shapes import Shapes
from .store import STREAMS
from .wire import (
    EVENT_STREAM,
    JSON,
    content_type,
    encoded,
    event_message,
    exception_message,
)

_AT_ONCE = ("PutRecord", "PutRecords")


class NativeKinesis(KinesisApi, ServiceLifecycleHook):  # type: ignore[misc]
    """Serves the streams of this process."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        settings = Settings.of(os.environ, lambda: float(config.KINESIS_ERROR_PROBABILITY))
        self._metrics = Metrics(to_cloudwatch(NAMESPACE))
        self.kinesis = Kinesis(STREAMS, settings, StreamMetrics(self._metrics.add))
        self._operations = Operations(self.kinesis, Shapes(model))

    def on_before_start(self) -> None:
        """Have LocalStack reject a call that it can't parse with a specific error."""
        run_custom_response_handlers.append(_refuse_what_was_not_read)

    def dispatch_table(self) -> dict[str, Callable[[RequestContext, Any], Response]]:
        """The handlers for LocalStack, by operation; they encode their answers themselves."""
        for name in _AT_ONCE:
            calls.CALLS[f"Kinesis_20131202.{name}".encode()] = partial(self._answer_at_once, name)
        table = {name: self._answering(name) for name in OPERATIONS}
        return {**table, SUBSCRIBE: self._subscribe}

    def on_before_stop(self) -> None:
        """End subscriptions, so that nothing waits for their threads, and close all streams."""
        self.kinesis.is_stopping = True
        STREAMS.close()

    def forget(self, account: str | None) -> None:
        """Delete all streams, or only those of one account."""
        self.kinesis.forget(account)
        self._metrics.forget(lambda other: account in (None, other))

    def _answering(self, name: str) -> Callable[[RequestContext, Any], Response]:
        def answer(context: RequestContext, arguments: Any) -> Response:
            with _as_localstack_has_it():
                content = self._operations.answer(name, _caller(context), arguments)
            context.service_response = content
            form = _form(context)
            return _response(context, encoded(content, form) if content else b"", form)

        return answer

    def _answer_at_once(self, name: str, account: str, region: str, body: bytes) -> calls.Answer:
        caller = Caller(account, region, get_partition(region))
        try:
            content = self._operations.answer(name, caller, json.loads(body))
        except KinesisError as error:
            said = {"__type": error.code, "message": error.message}
            headers = {"Content-Type": "application/json", "X-Amzn-Errortype": error.code}
            return calls.Answer(HTTPStatus.BAD_REQUEST, headers, encoded(said, JSON))
        return calls.Answer(HTTPStatus.OK, {"Content-Type": JSON}, encoded(content, JSON))

    def _subscribe(self, context: RequestContext, arguments: Any) -> Response:
        with _as_localstack_has_it():
            events = self._operations.subscribe(_caller(context), arguments)
        context.service_response = {}
        return _response(context, _messages(events, _form(context)), EVENT_STREAM)


def _response(
    context: RequestContext, content: bytes | Iterator[bytes], content_type: str
) -> Response:
    headers = {"x-amzn-RequestId": context.request_id}
    return Response(content, 200, headers, content_type=content_type)


def _refuse_what_was_not_read(
    _chain: HandlerChain, context: RequestContext, response: Response
) -> None:
    """Answer an unparsable call with status 400, because SDKs would retry a 5xx."""
    is_kinesis = context.service is not None and context.service.service_name == "kinesis"
    if (
        is_kinesis
        and context.operation is None
        and response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    ):
        name = context.request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        known = name in OPERATIONS or name == SUBSCRIBE
        code = "SerializationException" if known else "UnknownOperationException"
        response.status_code = HTTPStatus.BAD_REQUEST
        response.content_type = _form(context)
        response.set_data(encoded({"__type": code}, _form(context)))


def _messages(events: Iterator[Answer], form: str) -> Iterator[bytes]:
    yield event_message("initial-response", encoded({}, form), form)
    try:
        for event in events:
            yield event_message("SubscribeToShardEvent", encoded(event, form), form)
    except KinesisError as error:
        yield exception_message(error.code, encoded({"message": error.message}, form), form)


@contextmanager
def _as_localstack_has_it() -> Iterator[None]:
    try:
        yield
    except KinesisError as error:
        raise CommonServiceException(error.code, error.message, sender_fault=True) from error


def _caller(context: RequestContext) -> Caller:
    return Caller(context.account_id, context.region, context.partition)


def _form(context: RequestContext) -> str:
    headers = context.request.headers
    return content_type(headers.get("Accept"), headers.get("Content-Type"))
