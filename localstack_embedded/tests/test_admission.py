"""Whose programs are served, and what counts as a key."""

from __future__ import annotations

from typing import Any

import pytest

from localstack_embedded.plugin.serving.admission import Admission

PEER, OWN = ("127.0.0.1", 54321), ("127.0.0.1", 4566)
KEY = "EMBEDDED0123456789ABCDEF"
ISSUED = "LSIAQAAAAAAAISSUED00"


def admission(uid: int | None = None, **settings: Any) -> Admission:
    """The rule of user 1000's LocalStack, with `uid` at the other end of every connection."""
    rule: dict[str, Any] = {"key": KEY, "is_issued": ISSUED.__eq__, "own_uid": 1000} | settings
    return Admission(uid_of=lambda peer, own: uid, **rule)


@pytest.mark.parametrize(
    ("uid", "known"), [(1000, True), (0, True), (1001, False), (65534, False), (None, False)]
)
def test_the_same_users_programs_and_roots_need_no_key(uid: int | None, known: bool) -> None:
    assert admission(uid).knows(PEER, OWN) is known


def test_open_to_the_machine_means_anybody() -> None:
    assert admission(1001, is_open=True).knows(PEER, OWN)
    assert admission(None, is_open=True, key="").knows(PEER, OWN)


def shows_key(target: str = "/", key: str = KEY, **headers: str) -> bool:
    """Whether a request has a key for a LocalStack with `key`; _ stands for - in headers' names."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return admission(key=key).has_key(target, lambda name: [sent[name]] if name in sent else [])


SCOPE = "20261126/us-east-1/sqs/aws4_request"


@pytest.mark.parametrize("key", [KEY, ISSUED])
def test_a_key_is_found_wherever_aws_has_it(key: str) -> None:
    assert shows_key(authorization=f"AWS4-HMAC-SHA256 Credential={key}/{SCOPE}, Signature=0")
    assert shows_key(authorization=f"AWS {key}:signature=")
    assert shows_key(f"/b/k?X-Amz-Credential={key}%2F{SCOPE.replace('/', '%2F')}&X-Amz-Signature=0")
    assert shows_key(f"/b/k?AWSAccessKeyId={key}&Signature=0")


def test_a_key_may_be_the_session_token_of_a_request_for_another_account() -> None:
    account = {"authorization": f"AWS4-HMAC-SHA256 Credential=111111111111/{SCOPE}, Signature=0"}
    assert not shows_key(**account)
    assert shows_key(**account, x_amz_security_token=KEY)
    assert shows_key(f"/b/k?X-Amz-Security-Token={KEY}")
    assert shows_key(x_amz_security_token=KEY)  # an unsigned request


@pytest.mark.parametrize("other", ["test", "000000000000", KEY[:-1], f"{KEY}0", KEY.lower(), "é"])
def test_any_other_key_is_none(other: str) -> None:
    assert not shows_key(authorization=f"AWS4-HMAC-SHA256 Credential={other}/{SCOPE}, Signature=0")
    assert not shows_key(authorization=f"Basic {KEY}", x_other=KEY)
    assert not shows_key(f"/{KEY}?key={KEY}")


def test_without_a_key_of_its_own_an_empty_one_opens_nothing() -> None:
    assert not shows_key("/?AWSAccessKeyId=&X-Amz-Security-Token=", key="", x_amz_security_token="")
