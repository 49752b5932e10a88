"""How a home's LocalStack was started, and the commands that start it again, or another way."""

from __future__ import annotations

from pathlib import Path

from . import access, kept, ports, state
from .errors import StartError
from .suggested import Up, command, shell_command


def up_of(home: Path, record: state.InstanceRecord) -> Up:
    """How the recorded LocalStack was started."""
    return Up(
        port=None if record.port == ports.DEFAULT_PORT else record.port,
        open_to_this_machine=access.is_open(home),
        shard_limits=record.has_shard_limits,
        keep=record.is_kept,
    )


def require_same(home: Path, record: state.InstanceRecord, wanted: Up) -> None:
    """Raise StartError if the running LocalStack lacks what is wanted."""
    runs = up_of(home, record)
    lacking = {
        f"use port {wanted.port}": wanted.port not in (None, 0, record.port),
        "open it to this machine": wanted.open_to_this_machine and not runs.open_to_this_machine,
        "apply shard limits": wanted.shard_limits and not runs.shard_limits,
        "keep its state": wanted.keep and not runs.keep,
    }
    if any(lacking.values()):
        purposes = " and ".join(purpose for purpose, is_lacking in lacking.items() if is_lacking)
        loss = "" if runs.keep else ". Stopping it deletes everything deployed so far"
        other = Up(
            port=wanted.port or runs.port,
            open_to_this_machine=wanted.open_to_this_machine or runs.open_to_this_machine,
            shard_limits=wanted.shard_limits or runs.shard_limits,
            keep=wanted.keep or runs.keep,
        )
        raise StartError(
            f"LocalStack is already running on port {record.port}. To {purposes}, stop it first"
            f"{loss}:{command('down', home)}{other.command(home)}"
        )


def restart_commands(home: Path) -> str:
    """The commands that stop the home's LocalStack and start it the same way, but empty."""
    record = state.read(home)
    ran = up_of(home, record) if record else Up()
    delete = shell_command("rm", "-rf", kept.folder(home)) if ran.keep else ""
    return f"{command('down', home)}{delete}{ran.command(home)}"
