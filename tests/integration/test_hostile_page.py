"""What a web page gets from the embedded LocalStack: nothing, from any browser."""

from __future__ import annotations

import io
import json
import socket
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from localstack_embedded import Instance
from tests.hostile_page import hostile_site, opened
from tests.waiting import wait_for

Client = Callable[[str], Any]

# An upload's form, in which LocalStack finds a call.
FORM_WITH_A_CALL = (
    b"".join(
        b'--part\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % field
        for field in ((b"Action", b"ListStacks"), (b"Version", b"2010-05-15"))
    )
    + b"--part--\r\n"
)

# Of what the page tries, these end the same way whether somebody listened or not.
SENT_BLIND = {"get": "opaque", "post": "opaque", "invoke": "opaque", "beacon": "true"}


@pytest.fixture
def client(emulator: Instance) -> Client:
    """Makes a client of one service."""

    def make(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=emulator.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )

    return make


class Attack:
    """What a page has to send so that a function of its own runs and writes `mark`."""

    def __init__(self, endpoint: str, mark: Path) -> None:
        self.name = f"hostile-{uuid.uuid4().hex[:8]}"
        self.mark = mark
        self.source = f"def handler(event, context):\n    open({str(mark)!r}, 'w').close()\n"
        self.function: dict[str, Any] = {
            "Timeout": 60,
            "FunctionName": self.name,
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": "arn:aws:iam::000000000000:role/any",
        }
        self.queue = f"{endpoint}/queue/us-east-1/000000000000/{self.name}"
        create = {
            "Action": "CreateStack",
            "Version": "2010-05-15",
            "StackName": self.name,
            "Capabilities.member.1": "CAPABILITY_IAM",
            "TemplateBody": json.dumps(self._template()),
        }
        send = {"Action": "SendMessage", "MessageBody": "go"}
        self.calls = {
            "create": f"{endpoint}/?{urlencode(create)}",
            "send": f"{self.queue}?{urlencode(send)}",
            "invoke": f"{endpoint}/2015-03-31/functions/{self.name}/invocations",
            "read": f"{endpoint}/_localstack/health",
            "socket": endpoint.replace("http:", "ws:"),
        }

    def _template(self) -> dict[str, Any]:
        properties = {**self.function, "Code": {"ZipFile": self.source}}
        return {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}}


@pytest.fixture
def attack(emulator: Instance, client: Client, tmp_path: Path) -> Attack:
    """An attack, on a queue that is there."""
    attack = Attack(emulator.endpoint, tmp_path / "mark")
    client("sqs").create_queue(QueueName=attack.name)
    return attack


def answered(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str]]:
    """The status and the headers, names in lower case, of the answer to a bare request."""
    request = urllib.request.Request(
        url, b"" if method == "POST" else None, headers=headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, found = answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            status, found = error.code, error.headers
    return status, {name.lower(): value for name, value in found.items()}


def signed(url: str, service: str, method: str = "GET") -> dict[str, str]:
    """The headers with which an AWS tool sends this."""
    request = AWSRequest(method, url, data=b"" if method == "POST" else None)
    SigV4Auth(Credentials("test", "test"), service, "us-east-1").add_auth(request)
    return dict(request.headers)


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_hostile_page_runs_and_changes_and_reads_nothing(
    browser: str, attack: Attack, client: Client, tmp_path: Path
) -> None:
    with (
        hostile_site(attack.calls) as (page, reports),
        opened(browser, page, tmp_path / "profile"),
    ):
        outcomes = reports.get(timeout=120)

    assert outcomes.pop("window") == "opened"
    assert {name: outcomes.pop(name) for name in SENT_BLIND} == SENT_BLIND
    assert not {
        name: said
        for name, said in outcomes.items()
        if said not in ("failed", "loaded") and "Error" not in said
    }
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    assert attack.name not in [stack["StackName"] for stack in stacks]
    functions = client("lambda").list_functions()["Functions"]
    assert attack.name not in [function["FunctionName"] for function in functions]
    assert "Messages" not in client("sqs").receive_message(QueueUrl=attack.queue)
    assert not attack.mark.exists()


def test_the_same_calls_run_code_when_a_tool_signs_them(attack: Attack, client: Client) -> None:
    create, invoke = attack.calls["create"], attack.calls["invoke"]
    assert answered(create)[0] == 403
    assert answered(create, **signed(create, "cloudformation"))[0] == 200
    client("cloudformation").get_waiter("stack_create_complete").wait(
        StackName=attack.name, WaiterConfig={"Delay": 1}
    )
    assert answered(invoke, "POST")[0] == 403
    assert not attack.mark.exists()
    assert answered(invoke, "POST", **signed(invoke, "lambda", "POST"))[0] == 200
    assert attack.mark.exists()


def test_no_answer_lets_a_page_read_it(emulator: Instance, client: Client) -> None:
    own, bucket = emulator.endpoint, f"cors-{uuid.uuid4().hex[:8]}"
    s3 = client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    url = f"{own}/{bucket}/key"

    status, headers = answered(url, Origin=own, **signed(url, "s3"))
    assert status == 200
    assert not [name for name in headers if name.startswith("access-control-")]
    preflight = {"Origin": "http://hostile.example", "Access-Control-Request-Method": "GET"}
    status, headers = answered(url, "OPTIONS", **preflight)
    assert status == 403
    assert not [name for name in headers if name.startswith("access-control-")]


def test_a_refusal_is_read_before_the_body_and_ends_the_connection(emulator: Instance) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), 30) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: hostile.example\r\nContent-Length: 100000000\r\n"
            b"Expect: 100-continue\r\n\r\n" + b"x" * 100_000 + b"GET / HTTP/1.1\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b"answers to localhost and 127.0.0.1 only.\n")


def test_links_and_forms_that_are_signed_go_on_working(client: Client) -> None:
    s3, bucket = client("s3"), f"signed-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    named = {"Bucket": bucket, "Key": "a key"}
    put = s3.generate_presigned_url("put_object", Params=named)
    with urllib.request.urlopen(urllib.request.Request(put, b"body", method="PUT")) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url("get_object", Params=named)
    for headers in ({}, {"Sec-Fetch-Site": "none", "User-Agent": "Mozilla/5.0"}):
        with urllib.request.urlopen(urllib.request.Request(get, headers=headers)) as answer:
            assert answer.read() == b"body"
    with urllib.request.urlopen(get.split("?")[0]) as answer:  # a public object's address
        assert answer.read() == b"body"

    form = s3.generate_presigned_post(bucket, "posted")
    fields = {**form["fields"], "file": "posted body"}
    content = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    request = urllib.request.Request(
        form["url"],
        f"{content}--x--\r\n".encode(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204
    assert s3.get_object(Bucket=bucket, Key="posted")["Body"].read() == b"posted body"


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("x", {"Content-Type": "multipart/form-data; boundary=part"}, FORM_WITH_A_CALL),
        ("b/k", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b""),
        ("x?X-Amz-Signature=0", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}"),
    ],
)
def test_what_looks_like_an_object_is_no_unsigned_call_of_another_service(
    emulator: Instance, path: str, headers: dict[str, str], body: bytes
) -> None:
    request = urllib.request.Request(f"{emulator.endpoint}/{path}", data=body or None)
    for name, value in headers.items():
        request.add_header(name, value)

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)

    with refused.value as answer:
        assert answer.code == 403
        assert b"no AWS signature" in answer.read()


def test_a_functions_url_needs_no_signature_and_serves_no_page(
    emulator: Instance, attack: Attack, client: Client
) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", attack.source)
    functions, own = client("lambda"), f"{emulator.endpoint}/"
    functions.create_function(**attack.function, Code={"ZipFile": code.getvalue()})
    functions.get_waiter("function_active_v2").wait(
        FunctionName=attack.name, WaiterConfig={"Delay": 1}
    )
    url = functions.create_function_url_config(FunctionName=attack.name, AuthType="NONE")
    shown = url["FunctionUrl"]
    id = shown.rstrip("/").rpartition("/")[2]
    host = {"Host": f"{id}.lambda-url.us-east-1.localhost"}

    for address, headers in ((own, host), (shown, {})):
        assert answered(address, **headers, Origin="http://hostile.example")[0] == 403
        assert answered(address, **headers, **{"Sec-Fetch-Site": "none"})[0] == 403
        assert not attack.mark.exists()
    assert answered(own, **host)[0] == 200
    wait_for(attack.mark.exists, "the function's mark")
