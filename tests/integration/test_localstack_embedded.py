"""The embedded LocalStack itself: functions in processes, DynamoDB on moto."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

import psutil
import pytest

import localstack_embedded
from localstack_embedded import DEFAULT_HOME, Died, Instance, Stopped
from localstack_embedded.tests.unused_ports import free_port
from tests.clients import aws_client
from tests.waiting import is_gone, wait_for

# The functions' environment is made with the Python that runs the tests.
OWN_RUNTIME = f"python3.{sys.version_info.minor}"
ROLE = "arn:aws:iam::000000000000:role/any"

PIDS = """
import os, time
def handler(event, context):
    time.sleep(event)
    return os.getpid()
"""

MEETING = """
import os, pathlib, time
def handler(event, context):
    if event:
        pathlib.Path(event, str(os.getpid())).touch()
        while len(os.listdir(event)) < 3:
            time.sleep(0.01)
    return os.getpid()
"""

BUSY = """
import os, pathlib, time
def handler(event, context):
    if event:
        pathlib.Path(event).touch()
        time.sleep(600)
    return os.getpid()
"""


def packed(**files: str) -> bytes:
    """A zip archive; `__` in a name stands for a folder."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in files.items():
            opened.writestr(f"{name.replace('__', '/')}.py", dedent(content))
    return archive.getvalue()


def packed_program(name: str, content: str) -> bytes:
    """A zip archive of one file that may be run."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o755 << 16
        opened.writestr(entry, content)
    return archive.getvalue()


EVENT: dict[str, Any] = {"InvocationType": "Event"}


class Function:
    """A function that is deployed for one test."""

    def __init__(self, instance: Instance, source: str, **settings: Any) -> None:
        self.name = f"f-{uuid.uuid4().hex[:8]}"
        self.log_group = f"/aws/lambda/{self.name}"
        self._lambda = aws_client(instance, "lambda")
        self._logs = aws_client(instance, "logs")
        self.arn = self._lambda.create_function(
            FunctionName=self.name,
            Role=ROLE,
            **{
                **{"Runtime": OWN_RUNTIME, "Handler": "app.handler", "Timeout": 60},
                "Code": {"ZipFile": packed(app=source)},
                **settings,
            },
        )["FunctionArn"]
        wait_for(lambda: self.configuration()["State"] == "Active", "an active function")

    def configuration(self) -> dict[str, Any]:
        """What Lambda says of it."""
        return dict(self._lambda.get_function(FunctionName=self.name)["Configuration"])

    def invoke(self, event: object = None) -> Any:
        """What it returns, which is an error's document when it fails."""
        answer = self._lambda.invoke(FunctionName=self.name, Payload=json.dumps(event))
        result = json.load(answer["Payload"])
        assert ("FunctionError" in answer) == (isinstance(result, dict) and "errorType" in result)
        return result

    def logged(self) -> list[str]:
        """The lines of its log in CloudWatch Logs."""
        try:
            events = self._logs.filter_log_events(logGroupName=self.log_group)["events"]
        except self._logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"].rstrip("\n") for event in events]

    def delete(self) -> None:
        """Remove it and its log."""
        self._lambda.delete_function(FunctionName=self.name)
        self._logs.delete_log_group(logGroupName=self.log_group)


def test_a_function_has_lambdas_context_and_reaches_the_other_services(emulator: Instance) -> None:
    function = Function(
        emulator,
        """
        import boto3, os
        def handler(event, context):
            table = boto3.resource("dynamodb").create_table(
                TableName=context.function_name, BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
            table.put_item(Item={"k": os.environ["KEY"], "v": "\\u00e9\\U0001f600"})
            return {"item": table.get_item(Key={"k": os.environ["KEY"]})["Item"],
                    "arn": context.invoked_function_arn, "group": context.log_group_name,
                    "memory": context.memory_limit_in_mb, "version": context.function_version,
                    "execution": os.environ["AWS_EXECUTION_ENV"],
                    "endpoint": os.environ["AWS_ENDPOINT_URL"]}
        """,
        Environment={"Variables": {"KEY": "a"}},
        MemorySize=192,
    )
    assert function.invoke() == {
        "item": {"k": "a", "v": "\u00e9\U0001f600"},
        "arn": function.arn,
        "group": function.log_group,
        "memory": "192",
        "version": "$LATEST",
        "execution": f"AWS_Lambda_{OWN_RUNTIME}",
        "endpoint": emulator.endpoint,
    }


def test_the_functions_client_is_awss_own_on_linux(emulator: Instance) -> None:
    function = Function(
        emulator, "import sys\ndef handler(event, context): return 'awslambdaric' in sys.modules"
    )
    assert function.invoke() is (os.uname().sysname == "Linux")


def test_what_a_function_prints_is_in_cloudwatch_logs(emulator: Instance) -> None:
    function = Function(emulator, "def handler(event, context): print('printed:', event)")
    function.invoke("this")
    wait_for(lambda: len(function.logged()) >= 4, "four lines of log")
    start, printed, end, report = function.logged()
    assert start.startswith("START RequestId: ")
    assert printed == "printed: this"
    assert end.startswith("END RequestId: ")
    assert "Max Memory Used: " in report


def test_a_timeout_is_enforced_and_the_next_invocation_is_served(emulator: Instance) -> None:
    function = Function(emulator, PIDS, Timeout=1)
    error = function.invoke(600)
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    # A busy machine may take more than that second.
    wait_for(lambda: isinstance(function.invoke(0), int), "an answer in time")
    wait_for(
        lambda: any("Task timed out after 1.00 seconds" in line for line in function.logged()),
        "the line about the timeout",
    )


def test_a_crash_is_an_exit_error_and_the_next_invocation_is_served(emulator: Instance) -> None:
    function = Function(
        emulator,
        "import os\ndef handler(event, context): return 'alive' if event else os._exit(3)",
    )
    error = function.invoke()
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert function.invoke(1) == "alive"


def test_a_failed_import_is_told_in_result_and_log_and_tried_again(
    emulator: Instance, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.py"
    function = Function(
        emulator,
        f"import sys; sys.path.append({str(tmp_path)!r}); import missing\n"
        "def handler(event, context): return missing.answer",
    )
    error = function.invoke()
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'app': No module named 'missing'"
    wait_for(
        lambda: any("Runtime.ImportModuleError" in line for line in function.logged()),
        "the line about the import",
    )
    missing.write_text("answer = 42")
    assert function.invoke() == 42


def test_calls_that_overlap_run_in_processes_of_their_own_that_stay_warm(
    emulator: Instance, tmp_path: Path
) -> None:
    function = Function(emulator, MEETING)
    with ThreadPoolExecutor(3) as pool:
        pids = set(pool.map(function.invoke, [str(tmp_path)] * 3))
    assert len(pids) == 3
    assert function.invoke() in pids


def test_a_layer_is_on_the_path(emulator: Instance) -> None:
    layer = aws_client(emulator, "lambda").publish_layer_version(
        LayerName="shared", Content={"ZipFile": packed(python__shared="name = 'layer'")}
    )["LayerVersionArn"]
    function = Function(
        emulator, "import shared\ndef handler(event, context): return shared.name", Layers=[layer]
    )
    assert function.invoke() == "layer"


def test_another_runtime_is_refused_with_a_reason(emulator: Instance) -> None:
    client = aws_client(emulator, "lambda")
    name = f"java-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name,
        Runtime="java21",
        Handler="app.Handler",
        Role=ROLE,
        Code={"ZipFile": packed(app="")},
    )

    def state() -> dict[str, Any]:
        return dict(client.get_function(FunctionName=name)["Configuration"])

    wait_for(lambda: state()["State"] != "Pending", "another state")
    assert state()["State"] == "Failed"
    assert "but not java21. Run LocalStack in Docker" in state()["StateReason"]


def test_a_custom_runtime_is_a_program_of_the_archive_or_of_a_layer(emulator: Instance) -> None:
    bootstrap = f"""#!{sys.executable}
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    event, request = answer.read(), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{{request}}/response", event)
    api.getresponse().read()
"""
    layer = aws_client(emulator, "lambda").publish_layer_version(
        LayerName="runtime", Content={"ZipFile": packed_program("bootstrap", bootstrap)}
    )["LayerVersionArn"]
    function = Function(emulator, "", Runtime="provided.al2023", Layers=[layer])
    assert function.invoke({"a": 1}) == {"a": 1}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_a_node_function_runs_in_the_node_that_is_here(emulator: Instance) -> None:
    source = b"exports.handler = async (event) => { console.log('seen'); return event.a; };"
    function = Function(
        emulator,
        "",
        Runtime="nodejs22.x",
        Handler="index.handler",
        Code={"ZipFile": packed_program("index.js", source.decode())},
    )
    assert function.invoke({"a": 1}) == 1
    wait_for(lambda: any("INFO\tseen" in line for line in function.logged()), "its line")


def test_a_payload_that_is_too_large_is_refused(emulator: Instance) -> None:
    function = Function(emulator, "def handler(event, context): return len(event)")
    client = aws_client(emulator, "lambda")
    url = client.create_function_url_config(FunctionName=function.name, AuthType="NONE")

    assert function.invoke("x" * (6 * 2**20 - 2)) == 6 * 2**20 - 2
    for parameters in ({"Payload": b"1" * (6 * 2**20 + 1)}, EVENT | {"Payload": b"1" * 2**21}):
        with pytest.raises(client.exceptions.ClientError) as refused:
            client.invoke(FunctionName=function.name, **parameters)
        answer = refused.value.response
        assert answer["Error"]["Code"] == "RequestEntityTooLargeException"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 413
    request = urllib.request.Request(url["FunctionUrl"], data=b"1" * (6 * 2**20 + 1))
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(request)
    with answered.value as error:
        assert error.code == 413


def test_a_functions_url_can_be_called_by_any_program(emulator: Instance) -> None:
    function = Function(
        emulator,
        """
        def handler(event, context):
            return {"statusCode": 418, "body": event["rawPath"] + "?" + event["rawQueryString"]
                    + event["requestContext"]["http"]["method"] + event["body"]}
        """,
    )
    client = aws_client(emulator, "lambda")
    made = client.create_function_url_config(FunctionName=function.name, AuthType="NONE")
    url = made["FunctionUrl"]
    assert client.get_function_url_config(FunctionName=function.name)["FunctionUrl"] == url
    request = urllib.request.Request(
        f"{url}some/path?a=b", data=b"body", headers={"Content-Type": "text/plain"}
    )
    with pytest.raises(urllib.error.HTTPError) as answered:
        urllib.request.urlopen(request)
    with answered.value as answer:
        assert (answer.code, answer.read()) == (418, b"/some/path?a=bPOSTbody")


def test_a_streams_records_reach_the_function_in_order(emulator: Instance) -> None:
    kinesis, name = aws_client(emulator, "kinesis"), f"s-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(
        StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    stream = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    function = Function(
        emulator,
        """
        import base64
        def handler(event, context):
            for record in event["Records"]:
                print("record", base64.b64decode(record["kinesis"]["data"]).decode())
        """,
    )
    aws_client(emulator, "lambda").create_event_source_mapping(
        EventSourceArn=stream["StreamARN"],
        FunctionName=function.name,
        StartingPosition="TRIM_HORIZON",
        BatchSize=100,
    )
    kinesis.put_records(
        StreamName=name,
        Records=[{"Data": str(i).encode(), "PartitionKey": "p"} for i in range(250)],
    )

    def records() -> list[str]:
        return [line for line in function.logged() if line.startswith("record ")]

    wait_for(lambda: len(records()) >= 250, "250 records")
    assert records() == [f"record {i}" for i in range(250)]


def test_records_put_at_the_same_moment_get_numbers_of_their_own(emulator: Instance) -> None:
    kinesis = aws_client(emulator, "kinesis")
    stream = f"s-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(
        StreamName=stream, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )

    def put(_call: int) -> list[str]:
        records = [{"Data": b"some data", "PartitionKey": "k"}] * 500
        answer = kinesis.put_records(StreamName=stream, Records=records)
        return [record["SequenceNumber"] for record in answer["Records"]]

    with ThreadPoolExecutor(4) as pool:
        numbers = [number for answer in pool.map(put, range(20)) for number in answer]

    assert len(set(numbers)) == 500 * 20


def test_a_queues_url_has_the_endpoints_own_host(emulator: Instance) -> None:
    url = aws_client(emulator, "sqs").create_queue(QueueName="any")["QueueUrl"]
    assert url.startswith(f"{emulator.endpoint}/")


def test_a_deleted_functions_log_does_not_come_back(emulator: Instance) -> None:
    function = Function(emulator, PIDS)
    function.invoke(0)
    wait_for(function.logged, "a line of log")
    function.delete()
    groups = aws_client(emulator, "logs").describe_log_groups(logGroupNamePrefix=function.log_group)
    assert groups["logGroups"] == []


def test_only_loopback_is_listened_on(emulator: Instance) -> None:
    family = [psutil.Process(emulator.pid), *psutil.Process(emulator.pid).children(recursive=True)]
    addresses = set()
    for process in family:
        with suppress(psutil.NoSuchProcess):  # a worker that has ended meanwhile
            addresses |= {
                connection.laddr.ip
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            }
    assert addresses == {"127.0.0.1"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home for an instance that a test may do anything to."""
    yield tmp_path
    localstack_embedded.stop(tmp_path)


def start(home: Path) -> Instance:
    """An instance of the test's own."""
    return localstack_embedded.start(home, environment_home=DEFAULT_HOME, port=free_port())


def test_another_localstack_on_this_machine_leaves_the_objects_alone(
    emulator: Instance, home: Path
) -> None:
    body, name = b"the first one's", f"shared-{uuid.uuid4().hex[:8]}"
    first = aws_client(emulator, "s3")
    first.create_bucket(Bucket=name)
    first.put_object(Bucket=name, Key="key", Body=body)

    second = aws_client(start(home), "s3")
    second.create_bucket(Bucket=name)
    second.put_object(Bucket=name, Key="key", Body=b"the second one's")
    second.delete_object(Bucket=name, Key="key")
    second.delete_bucket(Bucket=name)

    assert first.get_object(Bucket=name, Key="key")["Body"].read() == body


def test_stop_is_quick_and_leaves_no_process_and_the_log_has_no_complaint(home: Path) -> None:
    instance = start(home)
    function = Function(instance, BUSY, Timeout=900)
    worker = function.invoke()
    wait_for(function.logged, "a line of log")  # LocalStack complains of logs it can't store
    aws_client(instance, "sqs").create_queue(QueueName="source")
    client = aws_client(instance, "lambda")
    client.create_event_source_mapping(
        EventSourceArn="arn:aws:sqs:us-east-1:000000000000:source", FunctionName=function.name
    )
    busy = home / "busy"
    client.invoke(FunctionName=function.name, InvocationType="Event", Payload=json.dumps(str(busy)))
    wait_for(busy.exists, "an invocation")

    started = time.monotonic()
    assert localstack_embedded.stop(home, timeout=120)
    # Otherwise, it was killed. A busy machine takes its time.
    assert time.monotonic() - started < 60
    assert localstack_embedded.status(home) == Stopped()
    assert is_gone(worker)
    assert is_gone(instance.pid)
    log = (home / "localstack.log").read_text()
    assert "Ready." in log
    assert "WARN" not in log
    # LocalStack's own way waits for each service, and complains of the invocation.
    assert "ERROR" not in log


def test_killing_it_leaves_no_worker_and_is_noticed(home: Path) -> None:
    instance = start(home)
    function = Function(instance, PIDS)
    worker = function.invoke(0)
    os.kill(instance.pid, signal.SIGKILL)
    wait_for(lambda: is_gone(worker) and is_gone(instance.pid), "the end of both")
    found = localstack_embedded.status(home)
    assert isinstance(found, Died)
    assert "Ready." in found.log_tail
