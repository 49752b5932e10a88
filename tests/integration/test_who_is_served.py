"""Another user of this machine, at the embedded LocalStack."""

from __future__ import annotations

import os
import signal
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import localstack_embedded
from localstack_embedded import DEFAULT_HOME, Instance
from localstack_embedded.tests.unused_ports import free_port
from tests.other_user import answer_to_another_user, as_root
from tests.waiting import wait_for

As = Callable[..., str]


def call(key: str, name: str, **headers: str) -> str:
    """A request that creates a queue, and closes the connection."""
    scope = "20261126/us-east-1/sqs/aws4_request"
    lines = {
        "Host": "localhost",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=x, Signature=0",
        "Connection": "close",
        **headers,
    }
    query = f"/?Action=CreateQueue&Version=2012-11-05&QueueName={name}"
    head = [f"GET {query} HTTP/1.1", *(f"{header}: {value}" for header, value in lines.items())]
    return "\r\n".join(head) + "\r\n\r\n"


@pytest.fixture
def nobody(emulator: Instance) -> As:
    """Sends a request as another user."""

    def send(
        request: str, host: str = "127.0.0.1", *, port: int = emulator.port, hurry: bool = False
    ) -> str:
        return answer_to_another_user(request, host, port, hurry=hurry)

    return send


def client(instance: Instance, service: str, **key: str) -> Any:
    """A client of one service, with the instance's key or another."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=instance.endpoint,
        region_name="us-east-1",
        **{
            "aws_access_key_id": instance.access_key_id,
            "aws_secret_access_key": "test",
            **key,
        },
    )


def queues(instance: Instance) -> list[str]:
    """The names of all queues."""
    urls = client(instance, "sqs").list_queues().get("QueueUrls", [])
    return [url.rpartition("/")[2] for url in urls]


@pytest.fixture
def name() -> str:
    return f"q-{uuid.uuid4().hex[:8]}"


@as_root
def test_another_users_program_is_refused_and_told_what_it_needs(
    emulator: Instance, nobody: As, name: str
) -> None:
    for host in ("127.0.0.1", "::ffff:127.0.0.1"):
        for key in ("test", "000000000000", "AKIAIOSFODNN7EXAMPLE"):
            answer = nobody(call(key, name), host)
            assert answer.startswith("HTTP/1.1 403 ")
            assert "access-key in its home" in answer
    kill = '{"action": "kill"}'
    head = f"POST /_localstack/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(kill)}"
    assert nobody(f"{head}\r\n\r\n{kill}").startswith("HTTP/1.1 403 ")
    assert name not in queues(emulator)


@as_root
def test_another_user_who_closes_before_anybody_looks_is_not_taken_for_root(
    emulator: Instance, nobody: As, name: str
) -> None:
    assert name not in queues(emulator)  # and the service is loaded: what is served is done at once
    os.kill(emulator.pid, signal.SIGSTOP)
    try:
        for number in range(5):
            nobody(call("test", f"{name}-{number}"), hurry=True)
    finally:
        os.kill(emulator.pid, signal.SIGCONT)
    assert not [queue for queue in queues(emulator) if queue.startswith(name)]


@as_root
def test_whoever_has_a_key_is_served(emulator: Instance, nobody: As, name: str) -> None:
    assert nobody(call(emulator.access_key_id, f"{name}-1")).startswith("HTTP/1.1 200 ")
    token = {"X-Amz-Security-Token": emulator.access_key_id}
    assert nobody(call("111111111111", f"{name}-2", **token)).startswith("HTTP/1.1 200 ")
    assert f"{name}-1" in queues(emulator)
    account = client(
        emulator, "sqs", aws_access_key_id="111111111111", aws_session_token=token.popitem()[1]
    )
    assert account.get_queue_url(QueueName=f"{name}-2")


@as_root
def test_a_key_opens_its_connection_to_no_other_request(
    emulator: Instance, nobody: As, name: str
) -> None:
    key = emulator.access_key_id
    held = [call(key, f"{name}-{number}", Connection="keep-alive") for number in range(2)]
    # As a proxy does that puts the requests of all its users on one connection.
    answers = nobody("".join(held) + call("test", f"{name}-2"))
    assert answers.count("HTTP/1.1 200 ") == 2
    assert answers.count("HTTP/1.1 403 ") == 1
    assert {f"{name}-{number}" for number in range(3)} & {*queues(emulator)} == {
        f"{name}-0",
        f"{name}-1",
    }


@as_root
def test_keys_that_localstack_has_issued_are_keys(
    emulator: Instance, nobody: As, name: str
) -> None:
    iam = client(emulator, "iam")
    iam.create_user(UserName=name)
    of_user = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    role = "arn:aws:iam::000000000000:role/any"
    of_role = client(emulator, "sts").assume_role(RoleArn=role, RoleSessionName=name)
    for key in (of_user, of_role["Credentials"]["AccessKeyId"]):
        assert nobody(call(key, name)).startswith("HTTP/1.1 200 ")
    iam.delete_access_key(UserName=name, AccessKeyId=of_user)
    assert nobody(call(of_user, name)).startswith("HTTP/1.1 403 ")


@as_root
def test_anybody_may_see_that_it_is_there(nobody: As) -> None:
    answer = nobody(
        "GET /_localstack/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("key", ["test", "111111111111"])
def test_the_same_users_programs_use_any_key(emulator: Instance, key: str, name: str) -> None:
    sqs = client(emulator, "sqs", aws_access_key_id=key)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert (f"/{key}/" in url) == key.isdigit()


def test_the_same_user_is_known_by_an_ipv6_socket_too(emulator: Instance, name: str) -> None:
    with socket.create_connection(("::ffff:127.0.0.1", emulator.port), 30) as connection:
        connection.sendall(call("test", name).encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Instance]:
    """An instance that is open to this machine."""
    yield localstack_embedded.start(
        tmp_path, environment_home=DEFAULT_HOME, port=free_port(), open_to_this_machine=True
    )
    localstack_embedded.stop(tmp_path)


@as_root
def test_one_that_is_open_to_this_machine_serves_all(
    opened: Instance, nobody: As, name: str
) -> None:
    assert nobody(call("test", name), port=opened.port).startswith("HTTP/1.1 200 ")
    wait_for(lambda: name in queues(opened), "the queue")
