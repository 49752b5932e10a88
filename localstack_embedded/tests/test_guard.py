"""Which requests are served, as tools and browsers send them."""

from __future__ import annotations

import pytest

from localstack_embedded.plugin.serving.guard import refusal

HOST = "127.0.0.1:4566"
SIGNED = {
    "authorization": "AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/iam/aws4_request,"
    " SignedHeaders=host;x-amz-date, Signature=0"
}
CREATE = "/?Action=CreateStack&Version=2010-05-15&StackName=x&TemplateBody=%7B%7D"
SEND = "/queue/us-east-1/000000000000/q?Action=SendMessage&MessageBody=x"
PRESIGNED = (
    "/bucket/a%20key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature=0"
    "&X-Amz-Credential=test%2F20261126%2Fus-east-1%2Fs3%2Faws4_request"
)
TYPED_IN = {"sec-fetch-site": "none"}
SAFARI = {"user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"}
FORM = {"content-type": "multipart/form-data; boundary=x"}


def refused(target: str = "/", /, method: str = "GET", **headers: str) -> bool:
    """Whether a request with these headers is refused; _ stands for - in a header's name."""
    sent = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(method, target, lambda name: [sent[name]] if name in sent else []) != ""


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4566",
        "LOCALHOST:4566",
        "127.0.0.1:1",
        "127.1.2.3:4566",
        "[::1]:4566",
        "bucket.s3.localhost:4566",
        "id.lambda-url.us-east-1.127.0.0.1:4566",
    ],
)
def test_loopbacks_own_names_are_served(host: str) -> None:
    assert not refused(host=host, **SIGNED)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example",
        "127.0.0.1.evil.example:4566",
        "evil-localhost:4566",
        "notlocalhost",
        "0.0.0.0:4566",
        "10.0.0.1:4566",
        "localhost:4566@evil.example",
        "localhost:4566/evil.example",
        "localhost\n",
        "",
    ],
)
def test_a_page_that_was_rebound_to_this_machine_is_refused_by_its_name(host: str) -> None:
    assert refused(host=host, **SIGNED)
    assert refused("/_localstack/health", host=host)


@pytest.mark.parametrize("hosts", [[], [HOST, HOST], [HOST, "evil.example"]])
def test_one_host_is_named_and_no_more(hosts: list[str]) -> None:
    values = {"host": hosts, "authorization": [SIGNED["authorization"]]}
    assert refusal("GET", "/", lambda name: values.get(name, []))


def test_what_is_meant_for_a_proxy_is_refused() -> None:
    assert refused(f"http://{HOST}/", **SIGNED)


@pytest.mark.parametrize(
    "sign",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "https://app.localstack.cloud"},
        {"origin": "null"},
        {"origin": "file://"},
        {"referer": "http://evil.example/page"},
        {"referer": f"http://{HOST}.evil.example/"},
        {"referer": f"http://{HOST}@evil.example/"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "same-origin"},
        SAFARI,
    ],
    ids=str,
)
@pytest.mark.parametrize("target", ["/", CREATE, PRESIGNED, "/bucket/key", "/_localstack/health"])
def test_what_a_page_has_sent_is_refused_whatever_it_asks_for(
    sign: dict[str, str], target: str
) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        assert refused(target, method, **SIGNED, **sign)


@pytest.mark.parametrize("target", [CREATE, SEND, "/", "/2015-03-31/functions", "/_aws/ses"])
def test_a_typed_in_address_calls_nothing(target: str) -> None:
    assert refused(target, **TYPED_IN)
    assert refused(target, **TYPED_IN, **SIGNED)


@pytest.mark.parametrize("target", ["/_localstack/health", PRESIGNED, "/bucket/key"])
def test_a_typed_in_address_shows_health_and_objects_and_changes_nothing(target: str) -> None:
    assert not refused(target, **TYPED_IN, **SAFARI)
    for method in ("POST", "PUT", "DELETE"):
        assert refused(target, method, **TYPED_IN)


def test_a_signed_link_means_an_object_or_nothing() -> None:
    for query in ("&Action=CreateStack", "&%41ction=CreateStack", "&Action="):
        assert refused(PRESIGNED + query, **TYPED_IN)
    for path in (SEND.split("?")[0], "/%71ueue/a/b/c", "/_aws/x", "/restapis/a/b", "/bucket", "/"):
        assert refused(f"{path}?X-Amz-Signature=0", **TYPED_IN)


@pytest.mark.parametrize("target", [CREATE, SEND, f"/_aws/x{CREATE[1:]}", f"/b/k{CREATE[1:]}"])
def test_a_link_calls_nothing_whatever_program_follows_it(target: str) -> None:
    for signature in ("", "&X-Amz-Signature=0", "&AWSAccessKeyId=test&Signature=0"):
        assert refused(target + signature, user_agent="LibreOffice")


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", CREATE, {}),
        ("POST", "/", {"content-type": "application/x-www-form-urlencoded"}),
        ("POST", "/", {"x-amz-target": "DynamoDB_20120810.ListTables"}),
        ("POST", "/", {"authorization": "Basic dXNlcjpwYXNz"}),
        ("POST", "/", FORM),
        ("GET", SEND, {}),
        ("POST", SEND.split("?")[0], {}),
        ("GET", "/2015-03-31/functions", {}),
        ("POST", "/2015-03-31/functions/f/invocations", {}),
        ("GET", "/", {}),
        ("GET", "/bucket", {}),
        ("GET", "/bucket/key?acl", {}),
        ("PUT", "/bucket/key", {}),
        ("DELETE", "/bucket/key", {}),
        ("POST", "/bucket?delete", FORM),
        ("GET", "/000000000000/queue", {}),
        ("GET", "/?Action=ConfirmSubscription&Action=CreateStack", {}),
    ],
)
def test_what_aws_wants_signed_is_refused_unsigned_and_served_signed(
    method: str, target: str, headers: dict[str, str]
) -> None:
    assert refused(target, method, **headers)
    assert not refused(target, method, **headers | SIGNED)


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/_localstack/health", {}),
        ("POST", "/_localstack/health", {}),
        ("GET", "/_aws/sqs/messages?QueueUrl=x", {}),
        ("DELETE", "/_aws/dynamodb/expired", {}),
        ("GET", "/bucket/key", {}),
        ("HEAD", "/bucket/a/longer/key", {}),
        ("GET", "/key", {"host": "bucket.s3.localhost:4566"}),
        ("GET", PRESIGNED, {}),
        ("PUT", PRESIGNED, {}),
        ("GET", "/bucket/key?AWSAccessKeyId=test&Signature=x&Expires=1", {}),
        ("POST", "/bucket", FORM),
        ("POST", "/", {"host": "id.lambda-url.us-east-1.localhost:4566"}),
        ("GET", "/", {"host": "bucket.s3-website.localhost:4566"}),
        ("GET", "/?Action=ConfirmSubscription&TopicArn=x&Token=y", {}),
    ],
)
def test_what_aws_lets_in_unsigned_is_served(
    method: str, target: str, headers: dict[str, str]
) -> None:
    assert not refused(target, method, **headers)


def test_its_own_address_as_origin_is_no_other_site() -> None:
    assert not refused(origin=f"http://{HOST}", referer=f"http://{HOST}/a", **SIGNED)
    assert not refused(referer=f"http://{HOST}", **SIGNED)
