"""LocalStack as a plain process: no Docker, no account, and no downloads except from PyPI.

`running` is an emulator that runs during a block, with clients for it; `start`, `stop`,
`status`, `find`, and `reset` manage one that outlives the process that started it.
`ensure_environment` makes the environment that it runs in, on first use. `peer_uid` returns the
user at the other end of a connection, and `by_whom` the program that listens on a port. During
`suggesting`, messages suggest the commands of another program. The `plugin` folder runs inside
LocalStack. `pytest_plugin` has fixtures.
"""

from __future__ import annotations

from .access import DEFAULT_KEY, KEY_PREFIX
from .account import Account, running
from .emptying import reset
from .emulator import find, start, status, stop
from .environment import Environment, ensure_environment, shared_home
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
from .homes import DEFAULT_HOME
from .instance import Died, Instance, Stopped
from .neighbors import neighbor_at_default_port
from .plugin.serving.peer import Address, peer_uid
from .ports import by_whom, is_free
from .suggested import Program, suggesting

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
    "Program",
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
    "suggesting",
]
