"""LocalStack's web server, on a socket that it inherits, and closed to browsers.

The process that starts it has already bound the socket, so that the port is taken as soon as it is
chosen. By default, LocalStack 4.9 listens on all addresses, whatever the host in GATEWAY_LISTEN.
"""

from __future__ import annotations

import gc
import os
import socket

from localstack.aws import handlers
from localstack.aws.api import RequestContext
from localstack.aws.chain import HandlerChain
from localstack.config import HostAndPort
from localstack.http import Response
from localstack.runtime.server.twisted import TwistedRuntimeServer
from localstack.services.internal import get_internal_apis
from rolo.gateway import Gateway  # type: ignore[import-not-found]
from twisted.internet import reactor  # type: ignore[import-not-found]

from ..dynamodb.specification import hand_items_on
from ..kept import kept_folder
from .catalog import keep_index
from .channel import GuardedGateway, admission
from .direct import watch
from .guard import UNSIGNED
from .resetting import PATH, answer
from .services import say_which_there_are, unknown


class BoundServer(TwistedRuntimeServer):  # type: ignore[misc]
    """Serves plain HTTP on the socket whose descriptor is in GATEWAY_SOCKET."""

    def register(
        self,
        gateway: Gateway,
        listen: list[HostAndPort],
        ssl_creds: tuple[str, str] | None = None,
    ) -> None:
        """Serve the gateway."""
        # By default, Python looks for garbage after every 700 new objects, and so goes through
        # everything that LocalStack has loaded again and again while it loads the rest. That takes
        # a third of the CPU of a start and a first deployment. Only the newest objects are still
        # checked often, since each request leaves 20 KB that nothing else frees.
        gc.set_threshold(10_000, 50)
        admission()
        say_which_there_are()
        hand_items_on()
        keep_index()
        get_internal_apis().add(PATH, endpoint=answer, methods=["POST"])
        chain = gateway.request_handlers
        chain.insert(chain.index(handlers.parse_service_name), _name_services)
        chain.insert(chain.index(handlers.inject_auth_header_if_missing), _refuse_unsigned_call)
        if kept_folder(os.environ):
            from ..keeping.start import keep  # loads what is otherwise needed much later

            watch(keep(gateway, reset_path=PATH))
        with socket.socket(fileno=int(os.environ["GATEWAY_SOCKET"])) as inherited:
            inherited.setblocking(False)
            # This duplicates the descriptor.
            reactor.adoptStreamPort(inherited.fileno(), socket.AF_INET, GuardedGateway(gateway))


def _name_services(chain: HandlerChain, context: RequestContext, answer: Response) -> None:
    """Answer a call of a service that doesn't exist here, instead of taking it for one of S3."""
    if context.service is None and (lacking := unknown(context.request)):
        answer.update_from(lacking)
        chain.stop()


def _refuse_unsigned_call(chain: HandlerChain, context: RequestContext, _answer: Response) -> None:
    """Refuse an unsigned request that the guard took for one of S3, but that calls another service.

    The guard doesn't see the body, and the form of an upload can name an action of any service.
    """
    request = context.request
    if context.service is None or request.headers.get("Authorization"):
        return
    is_link = context.service.service_name == "sns" and request.method == "GET"
    if context.service.service_name != "s3" and not is_link:
        chain.respond(403, f"{UNSIGNED}\n")
