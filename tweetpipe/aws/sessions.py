"""boto3 sessions, which share the models of AWS's services: they take 17 MB each time.

A local session knows nothing of AWS's configuration: no profile, no file, no variable, and no
proxy. None of them can then send anything local to AWS, or make a local command fail.
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

# A name in the files, one in the environment, the default, and how the value is read.
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
    """A session for an emulator, which takes any credentials.

    Without `is_there` it sends each request; with it, only while that says so, and fails otherwise
    as it does where nobody listens.
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
    """A session by boto3's ordinary chain, but for what is named here."""
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
    # As a session makes it, but for its profile's `data_path`: making one reads the profile.
    return create_loader(os.environ.get("AWS_DATA_PATH"))


def _refuse_unless(is_there: Callable[[], bool], *, request: Any, **_: object) -> None:
    if not is_there():
        raise EndpointConnectionError(endpoint_url=request.url)
