"""LocalStack's web server, bound to the addresses that it is told.

LocalStack 4.9 reads the port of GATEWAY_LISTEN and listens on all addresses, whatever its host.
"""

from __future__ import annotations

from localstack.config import HostAndPort
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.gateway import Gateway  # type: ignore[import-not-found]
from rolo.serving.twisted import TwistedGateway  # type: ignore[import-not-found]
from twisted.internet import reactor  # type: ignore[import-not-found]


class BoundServer(TwistedRuntimeServer):  # type: ignore[misc]
    """Listens where GATEWAY_LISTEN says, for plain HTTP; raises when a port is taken."""

    def register(
        self,
        gateway: Gateway,
        listen: list[HostAndPort],
        ssl_creds: tuple[str, str] | None = None,
    ) -> None:
        """Serve the gateway at every address."""
        site = TwistedGateway(gateway)
        for address in listen:
            reactor.listenTCP(address.port, site, interface=address.host)
