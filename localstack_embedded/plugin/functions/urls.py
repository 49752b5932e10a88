"""Function URLs that every program on this machine can call.

LocalStack finds a function by the host name, as AWS does: ID.lambda-url.REGION.HOST. But many
systems resolve no names below localhost, let alone below an address. So the URL that is shown has
the region and the ID in its path. Names that end in .localhost still work where they resolve.
"""

from __future__ import annotations

from typing import Any

from .payloads import MOST, too_large

PATH = "/_aws/lambda-url"


def make_reachable(provider: Any) -> None:
    """Also serve functions at PATH/REGION/ID, and show that as their URL."""
    from localstack.config import GATEWAY_LISTEN
    from localstack.http import Request, Response
    from localstack.services.edge import ROUTER
    from localstack.services.lambda_ import api_utils

    map_config = api_utils.map_function_url_config

    def map_reachable(model: Any) -> Any:
        shown = map_config(model)
        host = model.url.removeprefix("http://").partition("/")[0]
        function, _, region, *_ = host.split(".")
        listen = GATEWAY_LISTEN[0]
        shown["FunctionUrl"] = f"http://{listen.host}:{listen.port}{PATH}/{region}/{function}/"
        return shown

    def serve(request: Request, region: str, function: str, path: str = "") -> Response:
        if (request.content_length or 0) > MOST:
            return Response.for_json({"Message": too_large(MOST + 1, None)}, status=413)
        # The function sees only the path after its ID, as if the rest were its host name.
        request.path = f"/{path}"
        request.__dict__.pop("full_path", None)
        answer: Response = provider.router.handle_lambda_url_invocation(request, function, region)
        return answer

    api_utils.map_function_url_config = map_reachable
    ROUTER.add(f"{PATH}/<region>/<function>/", endpoint=serve)
    ROUTER.add(f"{PATH}/<region>/<function>/<path:path>", endpoint=serve)
