"""LocalStack as a plain process: no Docker, no account, no download but from PyPI.

`start`, `stop`, `status` and `running` handle an emulator; `ensure_environment` makes what it runs
in, on first use. `peer_uid` tells whose program is at the other end of a connection. The `plugin`
folder is what runs inside LocalStack.
"""

from __future__ import annotations

from .emulator import Died, Instance, Stopped, running, start, status, stop
from .environment import DEFAULT_HOME, Environment, ensure_environment
from .errors import EmulatorError, HomeError, InstallError, PortInUseError, StartError
from .plugin.peer import Address, peer_uid

__all__ = [
    "DEFAULT_HOME",
    "Address",
    "Died",
    "EmulatorError",
    "Environment",
    "HomeError",
    "InstallError",
    "Instance",
    "PortInUseError",
    "StartError",
    "Stopped",
    "ensure_environment",
    "peer_uid",
    "running",
    "start",
    "status",
    "stop",
]
