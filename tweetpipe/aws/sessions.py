"""boto3 sessions that share the models of AWS's services, which take 17 MB per copy.

A local session ignores the AWS configuration: profiles, files, variables, and proxies. So none of
them can send local data to AWS, or make a local command fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as VARIABLES
from botocore.exceptions import EndpointConnectionError
from botocore.loaders import Loader, create_loader

# For each setting: its name in the files and in the environment, its default, and its parser.
_DEFAULTS_ONLY = {
    **{name: (None, None, default, cast) for name, (_, _, default, cast) in VARIABLES.items()},
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def local_session(
    region: str,
    *,
    access_key_id: str = "test",
    secret_access_key: str = "test",
    is_there: Callable[[], bool] | None = None,
) -> boto3.Session:
    """A session for an emulator, which accepts any credentials.

    If `is_there` is given and returns False, requests fail as if nothing listened at the endpoint.
    """
    core = _core(_DEFAULTS_ONLY)
    core.set_default_client_config(Config(proxies={}))
    if is_there:
        core.register("before-send", partial(_refuse_unless, is_there))
    return boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
        botocore_session=core,
    )


def aws_session(
    region: str | None, *, access_key_id: str | None = None, secret_access_key: str | None = None
) -> boto3.Session:
    """A session with the credentials that boto3 finds, unless they are given here."""
    return boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=region,
        botocore_session=_core(),
    )


def _core(variables: dict[str, Any] | None = None) -> botocore.session.Session:
    session = botocore.session.Session(session_vars=variables)
    session.register_component("data_loader", _models())
    return session


@cache
def _models() -> Loader:
    # Like a session's own loader, without the profile's `data_path`, so as not to read the profile.
    return create_loader(os.environ.get("AWS_DATA_PATH"))


def _refuse_unless(is_there: Callable[[], bool], *, request: Any, **_: object) -> None:
    if not is_there():
        raise EndpointConnectionError(endpoint_url=request.url)
