"""LocalStack's web server, on the socket that it inherits, and closed to browsers.

Whoever starts it has bound the socket already, so that the port is taken from its choice on. And
LocalStack 4.9 by itself listens on all addresses, whatever the host in GATEWAY_LISTEN.
"""

from __future__ import annotations

import os
import socket

from localstack.config import HostAndPort
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.gateway import Gateway  # type: ignore[import-not-found]
from twisted.internet import reactor  # type: ignore[import-not-found]

from .channel import GuardedGateway, admission
from .services import say_which_there_are


class BoundServer(TwistedRuntimeServer):  # type: ignore[misc]
    """Serves plain HTTP on the socket whose descriptor is in GATEWAY_SOCKET."""

    def register(
        self,
        gateway: Gateway,
        listen: list[HostAndPort],
        ssl_creds: tuple[str, str] | None = None,
    ) -> None:
        """Serve the gateway."""
        admission()
        say_which_there_are()
        with socket.socket(fileno=int(os.environ["GATEWAY_SOCKET"])) as inherited:
            inherited.setblocking(False)
            # It makes a copy.
            reactor.adoptStreamPort(inherited.fileno(), socket.AF_INET, GuardedGateway(gateway))
