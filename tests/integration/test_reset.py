"""A reset empties the embedded LocalStack while it runs on: an account, or all."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

import localstack_embedded
from localstack_embedded import DEFAULT_HOME, Account
from tests.waiting import wait_for

SLEEPING = """
import pathlib, time
def handler(event, context):
    if event:
        pathlib.Path(event).touch()
        time.sleep(600)
"""

TABLE = {
    "TableName": "table",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
}
ALARM = {
    **{"AlarmName": "a", "MetricName": "m", "Namespace": "n", "Statistic": "Sum"},
    **{"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1},
    **{"EvaluationPeriods": 1, "Period": 60},
}
# What makes something, in which service, and what lists it, with the key of the answer.
MADE = [
    ("s3", "create_bucket", {"Bucket": "bucket-of-{account}"}, "list_buckets", "Buckets"),
    ("sqs", "create_queue", {"QueueName": "q"}, "list_queues", "QueueUrls"),
    ("dynamodb", "create_table", TABLE, "list_tables", "TableNames"),
    (
        "kinesis",
        "create_stream",
        {"StreamName": "s", "ShardCount": 1},
        "list_streams",
        "StreamNames",
    ),
    ("logs", "create_log_group", {"logGroupName": "g"}, "describe_log_groups", "logGroups"),
    ("iam", "create_user", {"UserName": "u"}, "list_users", "Users"),
    ("cloudwatch", "put_metric_alarm", ALARM, "describe_alarms", "MetricAlarms"),
    (
        *("events", "put_rule", {"Name": "r", "ScheduleExpression": "rate(1 minute)"}),
        *("list_rules", "Rules"),
    ),
    (
        *("cloudwatch", "put_metric_data"),
        {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]},
        *("list_metrics", "Metrics"),
    ),
    (
        *("cloudformation", "create_stack"),
        {"StackName": "s", "TemplateBody": '{"Resources": {"T": {"Type": "AWS::SQS::Queue"}}}'},
        *("list_stacks", "StackSummaries"),
    ),
]


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    """A LocalStack that these tests alone may empty."""
    with localstack_embedded.running(environment_home=DEFAULT_HOME) as account:
        yield account


@cache
def client(account: Account, service: str) -> Any:
    """A client, which takes a while to make."""
    return account.client(service)


def fill(account: Account) -> None:
    """Make one thing of each kind."""
    for service, operation, arguments, *_ in MADE:
        named = json.loads(json.dumps(arguments).replace("{account}", account.id))
        getattr(client(account, service), operation)(**named)
    add_function(account)


def add_function(account: Account) -> None:
    """Add a function, and a mapping of a queue to it."""
    functions = client(account, "lambda")
    role = f"arn:aws:iam::{account.id}:role/any"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", SLEEPING)
    functions.create_function(
        **{"FunctionName": "f", "Handler": "app.handler", "Runtime": "python3.13"},
        **{"Role": role, "Code": {"ZipFile": code.getvalue()}, "Timeout": 900},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 0.1})
    source = f"arn:aws:sqs:us-east-1:{account.id}:q"
    functions.create_event_source_mapping(FunctionName="f", EventSourceArn=source)


def held(account: Account) -> list[str]:
    """The kinds of which there is something."""
    kinds = [(service, listing, key) for service, _, _, listing, key in MADE]
    kinds += [("lambda", "list_functions", "Functions")]
    kinds += [("lambda", "list_event_source_mappings", "EventSourceMappings")]
    return [key for service, listing, key in kinds if listed(account, service, listing).get(key)]


def listed(account: Account, service: str, listing: str) -> dict[str, Any]:
    """The answer to an operation that needs no arguments."""
    operation: Callable[[], dict[str, Any]] = getattr(client(account, service), listing)
    return operation()


def test_an_account_is_emptied_alone_and_then_all(aws: Account) -> None:
    one, other = aws.another(), aws.another()
    fill(one)
    fill(other)
    full = held(one)
    assert len(full) == len(MADE) + 2

    assert localstack_embedded.reset(aws.home, account=one.id) == {}
    assert held(one) == []
    assert held(other) == full

    fill(one)  # with the same names
    assert localstack_embedded.reset(aws.home) == {}
    assert held(one) == held(other) == []


def test_it_works_while_things_run_and_again_and_again(aws: Account, tmp_path: Path) -> None:
    template = {"Resources": {f"Q{number}": {"Type": "AWS::SQS::Queue"} for number in range(20)}}
    pid = aws.instance.pid

    def call(busy: Path) -> None:
        with suppress(ClientError, BotoCoreError):  # it is ended in the middle
            client(aws, "lambda").invoke(FunctionName="f", Payload=json.dumps(str(busy)))

    with ThreadPoolExecutor() as pool:
        for turn in range(3):
            client(aws, "sqs").create_queue(QueueName="q")
            add_function(aws)
            busy = tmp_path / str(turn)
            calling = pool.submit(call, busy)
            wait_for(busy.exists, "an invocation")
            client(aws, "cloudformation").create_stack(
                StackName="s", TemplateBody=json.dumps(template)
            )
            localstack_embedded.reset(aws.home)
            calling.result(timeout=60)

    def workers() -> list[str]:
        children = psutil.Process(pid).children(recursive=True)
        return [part for child in children for part in child.cmdline() if "python_main" in part]

    wait_for(lambda: not workers(), "the end of all functions")
    assert held(aws) == []
    assert aws.instance.pid == pid
    assert "could not be reset" not in (aws.home / "localstack.log").read_text()


def test_a_page_in_a_browser_empties_nothing(aws: Account) -> None:
    account = aws.another()
    client(account, "sqs").create_queue(QueueName="q")
    request = urllib.request.Request(
        f"{aws.instance.endpoint}/_localstack/state/reset",
        method="POST",
        headers={"Origin": "http://example.com", "Sec-Fetch-Site": "cross-site"},
    )
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.code == HTTPStatus.FORBIDDEN
    assert listed(account, "sqs", "list_queues").get("QueueUrls")


def test_what_is_no_account_is_refused(aws: Account) -> None:
    with pytest.raises(localstack_embedded.ResetError, match="must have 12 digits"):
        localstack_embedded.reset(aws.home, account="12")
