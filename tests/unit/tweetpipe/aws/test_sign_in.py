"""Each way of signing in that docs/aws.md names, with stand-ins for AWS on loopback."""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from awscrt.crypto import EC, ECExportFormat, ECType
from botocore.exceptions import BotoCoreError
from botocore.tokens import SSOTokenProvider
from botocore.utils import generate_login_cache_key

from tests.http_server import Request, serving
from tests.unit.tweetpipe.commands.endpoint import xml
from tweetpipe.aws.explain import explain
from tweetpipe.aws.place import aws_place

KEY = {"accessKeyId": "ASIASTANDIN", "secretAccessKey": "secret", "sessionToken": "session-token"}
SESSION = "arn:aws:iam::123456789012:user/me"
LATER = (datetime.now(UTC) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
EARLIER = "2026-01-01T00:00:00Z"
WEB_IDENTITY = xml(
    "AssumeRoleWithWebIdentity",
    f"<Credentials><AccessKeyId>{KEY['accessKeyId']}</AccessKeyId>"
    f"<SecretAccessKey>{KEY['secretAccessKey']}</SecretAccessKey>"
    f"<SessionToken>{KEY['sessionToken']}</SessionToken>"
    f"<Expiration>{LATER}</Expiration></Credentials>",
)


class StandIn:
    """Stands for Kinesis and for what hands out credentials; keeps what it was asked."""

    url: str

    def __init__(self) -> None:
        self.signatures: list[str] = []
        self.asked: list[str] = []
        self.refuses = False

    def answer(self, request: Request) -> None:
        if "X-Amz-Target" in request.headers:
            self.signatures.append(request.headers["Authorization"])
            self.signatures.append(request.headers.get("X-Amz-Security-Token", ""))
            request.reply(200, b"{}")
            return
        self.asked.append(f"{request.path} {request.body.decode()} {request.headers}")
        if self.refuses:
            said = {"error": "TOKEN_EXPIRED", "message": "over"}
            request.reply(
                401, json.dumps(said).encode(), {"X-Amzn-ErrorType": "AccessDeniedException"}
            )
        elif request.path.startswith("/federation/credentials"):
            role = {**KEY, "expiration": 4_000_000_000_000}
            request.reply(200, json.dumps({"roleCredentials": role}).encode())
        elif request.path.startswith("/v1/token"):
            token = {"accessToken": KEY, "tokenType": "aws_sigv4", "expiresIn": 900}
            request.reply(200, json.dumps(token | {"refreshToken": "next"}).encode())
        else:
            request.reply(200, WEB_IDENTITY.encode(), {"Content-Type": "text/xml"})


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """Where AWS's services are, for a user who has nothing but a home of their own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path / "login"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    found = StandIn()
    with serving(found.answer) as found.url:
        for service in ("KINESIS", "STS", "SSO", "SIGNIN"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", found.url)
        yield found


def profile(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """The profile that the user names."""
    (folder / "config").write_text("\n".join(["[profile mine]", "region = eu-west-1", *lines]))
    monkeypatch.setenv("AWS_PROFILE", "mine")


def signed(stand_in: StandIn) -> None:
    """A call to Kinesis carries the credentials that were handed out."""
    aws_place().kinesis().list_streams()
    signature, token = stand_in.signatures
    assert f"Credential={KEY['accessKeyId']}/" in signature
    assert token == KEY["sessionToken"]


def test_credentials_of_a_process(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {
        "Version": 1,
        "AccessKeyId": KEY["accessKeyId"],
        "SecretAccessKey": KEY["secretAccessKey"],
        "SessionToken": KEY["sessionToken"],
    }
    code = f"print({json.dumps(json.dumps(said))})"
    command = shlex.join([sys.executable, "-c", code])
    profile(tmp_path, monkeypatch, f"credential_process = {command}")

    signed(stand_in)


def test_web_identity(stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("the-runner's-token")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/runner")

    signed(stand_in)

    assert "Action=AssumeRoleWithWebIdentity" in stand_in.asked[0]


def test_single_sign_on(stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(
        tmp_path,
        monkeypatch,
        "sso_session = corp",
        "sso_account_id = 123456789012",
        "sso_role_name = dev",
        "[sso-session corp]",
        "sso_region = eu-west-1",
        "sso_start_url = https://corp.example/start",
    )
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    # Which botocore works out from HOME when it is imported.
    monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(cache))
    name = hashlib.sha1(b"corp", usedforsecurity=False).hexdigest()
    token = {"accessToken": "of-the-portal", "expiresAt": LATER, "region": "eu-west-1"}
    (cache / f"{name}.json").write_text(json.dumps(token))

    signed(stand_in)

    assert "of-the-portal" in stand_in.asked[0]


def sign_in(folder: Path, monkeypatch: pytest.MonkeyPatch, *, until: str) -> Path:
    """What `aws login` leaves behind: a profile, and a file with keys that last until then."""
    profile(folder, monkeypatch, f"login_session = {SESSION}")
    # awscrt leaves out a private key's leading zeros, and does not read such a key again.
    ders = (EC.new_generate(ECType.P_256).export_key(ECExportFormat.SEC1) for _ in range(100))
    der = next(der for der in ders if der[5:7] == b"\x04\x20")
    pem = f"-----BEGIN EC PRIVATE KEY-----\n{b64encode(der).decode()}\n-----END EC PRIVATE KEY-----"
    token = {
        "accessToken": KEY | {"accountId": "123456789012", "expiresAt": until},
        "refreshToken": "first",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": pem,
        "tokenType": "aws_sigv4",
    }
    if until == EARLIER:
        token["accessToken"] = {**KEY, "accessKeyId": "OLD", "accountId": "1", "expiresAt": until}
    path = folder / "login" / f"{generate_login_cache_key(SESSION)}.json"
    path.parent.mkdir()
    path.write_text(json.dumps(token))
    return path


def test_aws_login(stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(tmp_path, monkeypatch, until=LATER)

    signed(stand_in)

    assert stand_in.asked == []


def test_aws_login_whose_keys_are_renewed(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They last 15 minutes, and the sign-in 12 hours; proving who asks takes the crt extra."""
    kept = sign_in(tmp_path, monkeypatch, until=EARLIER)

    signed(stand_in)

    [asked] = stand_in.asked
    assert '"refreshToken": "first"' in asked
    assert "DPoP: " in asked
    assert json.loads(kept.read_text())["refreshToken"] == "next"


def test_aws_login_that_is_over_says_how_to_sign_in_again(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(tmp_path, monkeypatch, until=EARLIER)
    stand_in.refuses = True

    with pytest.raises(BotoCoreError) as refused:
        aws_place().kinesis().list_streams()

    assert "aws login" in explain(refused.value)
