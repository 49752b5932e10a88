"""An account in a running emulator, with the variables and clients to use it."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .emulator import start, status, stop
from .environment import OnStep, shared_home
from .errors import StartError
from .instance import Died, Instance

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.session import Session

DEFAULT_ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Account:
    """An account of the emulator that runs in `home`.

    Accounts can't see each other's resources, but share the names of S3 buckets.
    """

    home: Path
    id: str = DEFAULT_ACCOUNT

    @property
    def instance(self) -> Instance:
        """The emulator as it is now; raises StartError if it has ended."""
        match status(self.home):
            case Instance() as instance:
                return instance
            case Died() as died:
                raise StartError(died.explanation)
            case stopped:
                raise StartError(
                    f"LocalStack no longer runs in {self.home}. {stopped.how_to_start}"
                )

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that AWS tools need to work in this account."""
        variables = self.instance.variables
        if self.id == DEFAULT_ACCOUNT:
            return variables
        key = variables["AWS_ACCESS_KEY_ID"]
        return variables | {"AWS_ACCESS_KEY_ID": self.id, "AWS_SESSION_TOKEN": key}

    def client(self, service: str, **settings: Any) -> Any:
        """A boto3 client for a service; the settings are those of `boto3.client`.

        The user's AWS configuration and proxies are ignored.
        """
        import boto3  # takes a second, and pytest imports this for every run

        variables = self.variables
        session: Any = boto3.Session(
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=variables.get("AWS_SESSION_TOKEN"),
            region_name=variables["AWS_REGION"],
            botocore_session=_unconfigured(),
        )
        return session.client(
            service, **{"endpoint_url": variables["AWS_ENDPOINT_URL"], **settings}
        )

    def another(self) -> Account:
        """A new, unused account of the same emulator."""
        return replace(self, id=f"{secrets.randbelow(9 * 10**11) + 10**11}")


def _unconfigured() -> Session:
    """A session that reads none of AWS's configuration files and variables."""
    import botocore.session
    from botocore.config import Config

    known = botocore.session.Session.SESSION_VARIABLES
    session = botocore.session.Session(
        session_vars={
            **{name: (None, None, default, cast) for name, (_, _, default, cast) in known.items()},
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    session.register_component("data_loader", _models())
    session.set_default_client_config(Config(proxies={}))
    return session


@cache
def _models() -> Loader:
    """A shared loader of AWS's service models, which would take 17 MB in each session."""
    from botocore.loaders import create_loader

    return create_loader()


@contextmanager
def running(
    home: Path | None = None,
    *,
    environment_home: Path | None = None,
    port: int = 0,
    keep: bool = False,
    on_step: OnStep = lambda step: None,
) -> Iterator[Account]:
    """Run LocalStack during the block, on any free port, by default in a temporary home.

    If LocalStack already runs in `home`, that one is used, and runs on after the block. With
    `keep`, its state is kept in `home` and restored in the next block. The environment is the one
    in `environment_home`, by default the one that the user's programs share. Raises what `start`
    and `stop` raise.
    """
    if keep and home is None:
        raise ValueError("keep=True needs a home: a temporary one is deleted")
    with ExitStack() as cleanup:
        if home is None:
            home = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="localstack-")))
        instance = start(
            home,
            environment_home=environment_home or shared_home(),
            port=port,
            keep=keep,
            on_step=on_step,
        )
        if instance.started_by_this_call:
            cleanup.callback(stop, home)
        yield Account(home.absolute())
