"""Credentials by boto3's ordinary chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.utils import JSONFileCache, LoginTokenLoader

from tweetpipe.aws.sessions import aws_session

SESSION = "arn:aws:iam::123456789012:user/somebody"


def test_a_profile_of_aws_login_has_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(f"[profile mine]\nlogin_session = {SESSION}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_LOGIN_CACHE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("AWS_PROFILE", "mine")
    later = datetime.now(UTC) + timedelta(hours=1)
    cache: Any = JSONFileCache(str(tmp_path))
    loader: Any = LoginTokenLoader(cache)
    loader.save_token(
        SESSION,
        {
            "accessToken": {
                "accessKeyId": "ASIAEXAMPLE",
                "secretAccessKey": "secret",
                "sessionToken": "session",
                "accountId": "123456789012",
                "expiresAt": later.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "clientId": "client",
            "refreshToken": "refresh",
            "dpopKey": "key",
        },
    )
    credentials = aws_session("us-east-1").get_credentials()
    assert credentials is not None
    assert credentials.get_frozen_credentials().access_key == "ASIAEXAMPLE"
