"""Identities at the emulator, with their boto3 clients."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"

_CONFIG = Config(
    retries={"total_max_attempts": 1, "mode": "standard"},
    read_timeout=30,
    s3={"addressing_style": "path"},
)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One set of credentials."""

    name: str
    endpoint: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """The identity's client, cached because making one takes longer than most calls."""
        if service not in self._clients:
            session: Any = boto3.Session(
                aws_access_key_id=self.access_key_id,
                aws_secret_access_key=self.secret_access_key,
                aws_session_token=self.session_token,
                region_name=REGION,
                botocore_session=_without_files(),
            )
            self._clients[service] = session.client(
                service, endpoint_url=self.endpoint, config=_CONFIG
            )
        return self._clients[service]


def administrator(endpoint: str) -> Identity:
    """The account's root, which MiniStack recognizes by this key, and which may do everything."""
    return Identity(name="admin", endpoint=endpoint, access_key_id="test", secret_access_key="test")


def user(admin: Identity, user_name: str) -> Identity:
    """A user, with a new access key."""
    key = admin.client("iam").create_access_key(UserName=user_name)["AccessKey"]
    return Identity(
        name=user_name,
        endpoint=admin.endpoint,
        access_key_id=key["AccessKeyId"],
        secret_access_key=key["SecretAccessKey"],
    )


def user_who_may(admin: Identity, user_name: str, *, action: str) -> Identity:
    """A new user who may do this on all resources."""
    document = {"Effect": "Allow", "Action": action, "Resource": "*"}
    iam = admin.client("iam")
    iam.create_user(UserName=user_name)
    iam.put_user_policy(
        UserName=user_name,
        PolicyName="may",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [document]}),
    )
    return user(admin, user_name)


def with_another_secret(identity: Identity) -> Identity:
    """The identity's key id with a wrong secret."""
    return replace(identity, secret_access_key="x" * 40, _clients={})


def role(admin: Identity, role_name: str) -> Identity:
    """A role that only a service may assume; in MiniStack, root can act as the service."""
    assumed = admin.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role_name}", RoleSessionName="test"
    )["Credentials"]
    return Identity(
        name=role_name,
        endpoint=admin.endpoint,
        access_key_id=assumed["AccessKeyId"],
        secret_access_key=assumed["SecretAccessKey"],
        session_token=assumed["SessionToken"],
    )


# Shared, because reading a service's description again takes longer than a hundred calls.
_LOADER = botocore.loaders.create_loader()


def _without_files() -> botocore.session.Session:
    nowhere = (None, None, os.devnull, None)
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
        }
    )
    session.register_component("data_loader", _LOADER)
    return session
