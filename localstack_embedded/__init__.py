"""LocalStack as a plain process: no Docker, no account, no download but from PyPI.

`running` is an emulator for the length of a block, with clients for it; `start`, `stop`, `status`,
`find` and `reset` handle one that outlives its starter. `ensure_environment` makes what it runs in,
on first use. `peer_uid` tells whose program is at the other end of a connection, `by_whom` which
one listens on a port. The `plugin` folder is what runs inside LocalStack; `pytest_plugin` has
fixtures.
"""

from __future__ import annotations

from .access import DEFAULT_KEY, KEY_PREFIX
from .account import Account, running
from .emptying import reset
from .emulator import find, start, status, stop
from .environment import DEFAULT_HOME, Environment, ensure_environment, shared_home
from .errors import (
    EmulatorError,
    HomeError,
    InstallError,
    KeptStateError,
    PortInUseError,
    ResetError,
    SettingError,
    StartError,
)
from .instance import Died, Instance, Stopped
from .neighbors import neighbor_at_default_port
from .plugin.serving.peer import Address, peer_uid
from .ports import by_whom, is_free

__all__ = [
    "DEFAULT_HOME",
    "DEFAULT_KEY",
    "KEY_PREFIX",
    "Account",
    "Address",
    "Died",
    "EmulatorError",
    "Environment",
    "HomeError",
    "InstallError",
    "Instance",
    "KeptStateError",
    "PortInUseError",
    "ResetError",
    "SettingError",
    "StartError",
    "Stopped",
    "by_whom",
    "ensure_environment",
    "find",
    "is_free",
    "neighbor_at_default_port",
    "peer_uid",
    "reset",
    "running",
    "shared_home",
    "start",
    "status",
    "stop",
]
