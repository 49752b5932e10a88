from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given
from hypothesis import strategies as st

from processor.table import WriteRequest
from processor.tweet import to_item
from processor.wire import write_bodies_directly
from tests.unit.processor.events import encode, v1_tweet

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


class Wiretap:
    """Answers each request as DynamoDB does, and keeps it."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def __call__(self, request: Any, **_: object) -> Any:
        self.requests.append(request)
        headers: Any = {"Content-Type": "application/x-amz-json-1.0"}
        answer: Any = AWSResponse(request.url, 200, headers, None)
        answer._content = b'{"UnprocessedItems":{}}'
        return answer


def client(tap: Wiretap, prepare: Callable[[BaseClient], None]) -> Any:
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    made: Any = session.create_client("dynamodb", region_name="eu-central-1")
    made.meta.events.register("before-send.dynamodb.BatchWriteItem", tap)
    prepare(made)
    return made


@pytest.fixture(scope="module")
def two() -> tuple[Any, Wiretap, Any, Wiretap]:
    """A client that writes its bodies directly, and one as botocore makes it."""
    direct, usual = Wiretap(), Wiretap()
    return client(direct, write_bodies_directly), direct, client(usual, lambda _: None), usual


@given(
    attributes=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=25),
    table=st.from_regex(r"\A[a-zA-Z0-9_.-]{3,40}\Z"),
)
def test_a_body_is_what_botocore_would_write(
    two: tuple[Any, Wiretap, Any, Wiretap], attributes: list[tuple[str, str]], table: str
) -> None:
    direct, tapped, usual, tapped_usual = two
    requests: list[WriteRequest] = [
        {
            "PutRequest": {
                "Item": to_item(encode(v1_tweet(n, text=text, user={"id": 1, "name": name})))
            }
        }
        for n, (name, text) in enumerate(attributes)
    ]

    answer = direct.batch_write_item(RequestItems={table: requests})
    usual.batch_write_item(RequestItems={table: requests})

    assert answer["UnprocessedItems"] == {}
    sent, as_usual = tapped.requests.pop(), tapped_usual.requests.pop()
    assert json.loads(sent.body) == json.loads(as_usual.body)
    assert sent.url == as_usual.url
    volatile = {"Authorization", "X-Amz-Date", "amz-sdk-invocation-id"}
    assert {n: v for n, v in sent.headers.items() if n not in volatile} == {
        n: v for n, v in as_usual.headers.items() if n not in volatile
    }


@pytest.mark.parametrize("protocol", ["smithy-rpc-v2-cbor", None])
def test_another_protocol_is_left_to_botocore(protocol: str | None) -> None:
    tap = Wiretap()

    def speak_otherwise(made: BaseClient) -> None:
        model: Any = made.meta.service_model
        before = model.resolved_protocol
        model.__dict__["resolved_protocol"] = protocol
        write_bodies_directly(made)
        model.__dict__["resolved_protocol"] = before

    writer = client(tap, speak_otherwise)
    writer.batch_write_item(RequestItems={"table": [{"PutRequest": {"Item": {"Id": {"S": "1"}}}}]})

    # Checked by botocore's own serializer, which drops what its model does not know.
    assert json.loads(tap.requests[0].body)["RequestItems"]["table"]
    assert "tweetpipe.request_items" not in tap.requests[0].context
