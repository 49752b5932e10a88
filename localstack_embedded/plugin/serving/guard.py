"""Which requests are served at all: those of tools, and none that a web page has a browser send.

Every page that a browser shows can send requests to this machine, and what LocalStack is told to
run it runs as the user. So what bears any sign of a browser is refused, and so is what has no AWS
signature where AWS wants one: a page can't add the header without asking first, and no answer here
ever gives leave. LocalStack itself checks none of this for what most of its services do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote

Values = Callable[[str], list[str]]
"""The values of the request's header of that name in lower case."""

# A site that a page was rebound from comes by its own name. What ends in an address is no name to
# a browser, and names below localhost never leave this machine.
_LOOPBACK_HOST = re.compile(
    r"([a-z0-9_.-]+\.)?(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3})(:\d+)?|\[::1\](:\d+)?", re.I
)
# A function's URL and a bucket's website: on AWS, they are for everybody.
_PUBLIC_HOST = re.compile(r".\.(lambda-url|s3-website)\.", re.I)
_HEALTH = "/_localstack/health"
_LOCALSTACKS_OWN = ("/_localstack/", "/_aws/")
# LocalStack takes these first segments of a path for something other than a bucket.
_NO_BUCKET = re.compile(r"_.*|queue|restapis|2015-03-31|\d{12}")
# The links in Amazon SNS's messages.
_SNS_LINKS = (["ConfirmSubscription"], ["Unsubscribe"])
_READING = ("GET", "HEAD")

UNSIGNED = "This request has no AWS signature. Use an AWS SDK, the AWS CLI, or curl --aws-sigv4."


def refusal(method: str, target: str, values: Values) -> str:
    """Why the request is not served; empty when it is."""
    hosts = values("host")
    if len(hosts) != 1 or not _LOOPBACK_HOST.fullmatch(hosts[0]):
        return "This LocalStack answers to localhost and 127.0.0.1 only."
    if not target.startswith("/"):
        return "This LocalStack is no proxy."
    path, _, parameters = target.partition("?")
    path, query = unquote(path), parse_qs(parameters, keep_blank_values=True) if parameters else {}
    if _from_a_page(hosts[0], values) or (
        "none" in values("sec-fetch-site")
        and not (method in _READING and (path == _HEALTH or _is_object(hosts[0], path, query)))
    ):
        return (
            "This LocalStack does not serve browsers, whose pages could run code here."
            " Use a tool such as the AWS CLI or curl."
        )
    if not (
        _is_signed(values, query) or _needs_no_signature(method, hosts[0], path, query, values)
    ):
        return UNSIGNED
    return ""


def is_for_anybody(method: str, target: str) -> bool:
    """Whether a request tells nothing and does nothing but to show that LocalStack is there."""
    return method in _READING and target == _HEALTH


def _from_a_page(host: str, values: Values) -> bool:
    own = f"http://{host}"
    sites = values("sec-fetch-site")
    return (
        any(origin != own for origin in values("origin"))
        or any(not f"{referer}/".startswith(f"{own}/") for referer in values("referer"))
        or any(site != "none" for site in sites)
        # Old browsers do not say what made them send a request.
        or (not sites and any(agent.startswith("Mozilla/") for agent in values("user-agent")))
    )


def _is_signed(values: Values, query: dict[str, list[str]]) -> bool:
    # "AWS4-HMAC-SHA256 Credential=...", "AWS4-ECDSA-P256-SHA256 ...", and S3's old "AWS KEY:...".
    if any(value.startswith(("AWS4-", "AWS ")) for value in values("authorization")):
        return True
    # Anybody can write a signature into a link, which programs other than browsers follow as well:
    # for a preview, or for the pictures of a document.
    return "Action" not in query and (
        "X-Amz-Signature" in query or {"AWSAccessKeyId", "Signature"} <= query.keys()
    )


def _needs_no_signature(
    method: str, host: str, path: str, query: dict[str, list[str]], values: Values
) -> bool:
    if _PUBLIC_HOST.search(host):
        return True
    # With an action, LocalStack may take it for a call all the same.
    if path.startswith(_LOCALSTACKS_OWN) and "Action" not in query:
        return True
    if method in _READING:
        return (not query and _is_object(host, path, query)) or (
            path == "/" and query.get("Action") in _SNS_LINKS
        )
    # The signature of an upload by a form is one of the form's fields.
    is_form = any(value.startswith("multipart/form-data") for value in values("content-type"))
    return method == "POST" and is_form and not query and path.strip("/") != ""


def _is_object(host: str, path: str, query: dict[str, list[str]]) -> bool:
    """Whether reading this can mean nothing but reading from Amazon S3."""
    bucket, _, key = f"{'in-host/' if '.s3.' in host else ''}{path[1:]}".partition("/")
    return key != "" and not _NO_BUCKET.fullmatch(bucket) and "Action" not in query
