"""Which requests are served at all: those of tools, and none that a web page has a browser send.

Any page in a browser can send requests to this machine, and LocalStack runs code as the user. So a
request with any sign of a browser is refused, and so is one without an AWS signature where AWS
requires it: a page can't add that header without a preflight request, which is never granted here.
LocalStack itself checks none of this for most of what its services do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote

Values = Callable[[str], list[str]]
"""Takes a header's name in lower case; returns its values in the request."""

# With DNS rebinding, a page's request names the page's own site as its host. Browsers reject names
# that end in an address, and names below localhost never leave this machine.
_LOOPBACK_HOST = re.compile(
    r"([a-z0-9_.-]+\.)?(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3})(:\d+)?|\[::1\](:\d+)?", re.I
)
# Function URLs and bucket websites, which are public on AWS.
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
    """Why the request is not served; empty if it is."""
    hosts = values("host")
    if len(hosts) != 1 or not _LOOPBACK_HOST.fullmatch(hosts[0]):
        return "This LocalStack answers to localhost and 127.0.0.1 only."
    if not target.startswith("/"):
        return "This LocalStack is not a proxy."
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
    """Whether a request does nothing but show that LocalStack is running."""
    return method in _READING and target == _HEALTH


def _from_a_page(host: str, values: Values) -> bool:
    own = f"http://{host}"
    sites = values("sec-fetch-site")
    return (
        any(origin != own for origin in values("origin"))
        or any(not f"{referer}/".startswith(f"{own}/") for referer in values("referer"))
        or any(site != "none" for site in sites)
        # Old browsers don't send Sec-Fetch-Site.
        or (not sites and any(agent.startswith("Mozilla/") for agent in values("user-agent")))
    )


def _is_signed(values: Values, query: dict[str, list[str]]) -> bool:
    # "AWS4-HMAC-SHA256 Credential=...", "AWS4-ECDSA-P256-SHA256 ...", and S3's old "AWS KEY:...".
    if any(value.startswith(("AWS4-", "AWS ")) for value in values("authorization")):
        return True
    # A link can have any signature, and programs other than browsers follow links too: for a
    # preview, or for the images in a document.
    return "Action" not in query and (
        "X-Amz-Signature" in query or {"AWSAccessKeyId", "Signature"} <= query.keys()
    )


def _needs_no_signature(
    method: str, host: str, path: str, query: dict[str, list[str]], values: Values
) -> bool:
    if _PUBLIC_HOST.search(host):
        return True
    # With an Action, LocalStack may still take it for a call of a service.
    if path.startswith(_LOCALSTACKS_OWN) and "Action" not in query:
        return True
    if method in _READING:
        return (not query and _is_object(host, path, query)) or (
            path == "/" and query.get("Action") in _SNS_LINKS
        )
    # An upload by form has its signature in one of the form's fields.
    is_form = any(value.startswith("multipart/form-data") for value in values("content-type"))
    return method == "POST" and is_form and not query and path.strip("/") != ""


def _is_object(host: str, path: str, query: dict[str, list[str]]) -> bool:
    """Whether reading this can only mean reading from Amazon S3."""
    bucket, _, key = f"{'in-host/' if '.s3.' in host else ''}{path[1:]}".partition("/")
    return key != "" and not _NO_BUCKET.fullmatch(bucket) and "Action" not in query
