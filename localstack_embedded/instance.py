"""The possible statuses of a home's LocalStack."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from . import access, ports
from .suggested import shell_command


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A running LocalStack; `version` is None while it is still starting.

    `access_key_id` is the value for AWS_ACCESS_KEY_ID. Any secret access key works with it, but
    presigned URLs need "test".
    """

    port: int
    pid: int
    version: str | None
    access_key_id: str = access.DEFAULT_KEY
    is_kept: bool = False
    started_by_this_call: bool = False

    @property
    def endpoint(self) -> str:
        """The value for AWS_ENDPOINT_URL."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that AWS tools need to use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def whom_it_serves(self) -> str:
        """Text for a person to read: whose programs it serves, and what other programs need."""
        if self.access_key_id == access.DEFAULT_KEY:
            return "It is open to this machine: any user's program may run code as you there."
        return (
            "It serves only your own programs. For a program that it can't recognize as yours, run:"
            f"{shell_command('export', f'AWS_ACCESS_KEY_ID={self.access_key_id}')}"
        )


@dataclass(frozen=True)
class Stopped:
    """No LocalStack was started, or it was stopped.

    `how_to_start` says which commands start it.
    """

    how_to_start: str = field(default="", compare=False)

    @property
    def explanation(self) -> str:
        """What to do, too."""
        return f"LocalStack is not running. {self.how_to_start}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Died:
    """LocalStack was started and has ended unexpectedly; its state is lost unless it is in `kept`.

    `start_again` is the command that starts it the same way, on its own line.
    """

    port: int
    log: Path
    log_tail: str
    start_again: str
    kept: Path | None = None

    @property
    def explanation(self) -> str:
        """What happened and what to do."""
        what = ", and everything deployed in it is lost. To start it again, run:"
        if self.kept:
            what = (
                f". The state is saved in {self.kept}, but the latest changes may be missing. To"
                " start it again with that state, run:"
            )
        log = f"\nThe end of {self.log}:\n{self.log_tail}" if self.log_tail else ""
        return f"LocalStack stopped unexpectedly{what}{self.start_again}{log}"
