"""Calls that are answered by the thread that reads them, as soon as they are read.

LocalStack hands each request to another thread, where it passes through thirty handlers, and that
thread waits for the first one to write each piece of the answer. This takes several times the CPU
of storing a batch of items. The services of this plugin list in CALLS the calls that take no longer
than all this. A request with anything unusual goes LocalStack's way, with the same answer.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from functools import lru_cache, partial
from io import BytesIO
from uuid import uuid4

from localstack import config
from localstack.aws.accounts import get_account_id_from_access_key_id
from localstack.aws.handlers import rewrite_region
from rolo.serving.twisted import TwistedRequestAdapter  # type: ignore[import-not-found]
from twisted.web.http import RESPONSES, datetimeToString  # type: ignore[import-not-found]
from twisted.web.server import version  # type: ignore[import-not-found]

from ..calls import CALLS, Answer

# Takes the service, the operation, and a function that answers the call.
Watch = Callable[[str, str, Callable[[], Answer | None]], Answer | None]
_watches: list[Watch] = []


def watch(by: Watch) -> None:
    """Pass each call through a function, which may leave it to LocalStack."""
    _watches[:] = [by]


_MAX_IN_MEMORY = 16 * 2**20
# If it logs more than warnings, LocalStack logs each call.
_LOCALSTACKS_LOG = logging.getLogger("localstack")
_LOG = logging.getLogger(__name__)
# If LocalStack's state is kept, every call must go through a watch.
_IS_KEPT = "LOCALSTACK_KEPT_FOLDER" in os.environ
_CREDENTIAL = re.compile(rb"AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([^/]+)/(dynamodb|kinesis)/")


class DirectRequest(TwistedRequestAdapter):  # type: ignore[misc]
    """A request that answers itself if its call is in CALLS."""

    def gotLength(self, length: int | None) -> None:
        """Prepare for a body of this length; Twisted would put it in a file from 100 KB on."""
        if length is not None and length <= _MAX_IN_MEMORY:
            self.content = BytesIO()
        else:
            super().gotLength(length)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Handle the request, now that it has arrived completely."""
        is_usual = command == b"POST" and path == b"/" and version == b"HTTP/1.1"
        answer = self._answer() if is_usual and self.channel.persistent else None
        if answer is None:
            super().requestReceived(command, path, version)
        else:
            self._write(answer)

    def _answer(self) -> Answer | None:
        target = self._header(b"x-amz-target")
        call = CALLS.get(target)
        caller = _caller(self._header(b"authorization").partition(b", ")[0])
        if (
            call is None
            or caller is None
            or not target.lower().startswith(f"{caller[2]}_".encode())  # the signed service wins
            or not self._header(b"content-type").startswith(b"application/x-amz-json-1.")
            or b"cbor" in self._header(b"accept")
            or self._header(b"content-encoding")
            or self.channel.is_pipelined
            or _LOCALSTACKS_LOG.isEnabledFor(logging.INFO)
            or (_IS_KEPT and not _watches)
        ):
            return None
        self.content.seek(0)
        account, region, service = caller
        run = partial(call, account, region, self.content.read())
        try:
            if _watches:
                return _watches[0](service, target.rpartition(b".")[2].decode(), run)
            return run()
        except Exception:
            _LOG.debug("A call is left to LocalStack.", exc_info=True)
            return None

    def _header(self, name: bytes) -> bytes:
        values: list[bytes] = self.requestHeaders.getRawHeaders(name, ())
        return values[0] if values else b""

    def _write(self, answer: Answer) -> None:
        headers = {
            "Server": version.decode(),
            "Date": datetimeToString().decode(),
            **answer.headers,
            "x-amzn-RequestId": str(uuid4()),
            "Content-Length": str(len(answer.content)),
            **({"x-localstack": "true"} if config.LOCALSTACK_RESPONSE_HEADER_ENABLED else {}),
        }
        self.startedWriting = True
        self.channel.writeHeaders(
            b"HTTP/1.1",
            b"%d" % answer.status,
            RESPONSES[answer.status],
            [(name.encode(), value.encode()) for name, value in headers.items()],
        )
        self.channel.write(answer.content)
        self.finish()


@lru_cache(1024)
def _caller(credential: bytes) -> tuple[str, str, str] | None:
    """The account, the region, and the service that a request is signed for."""
    signed = _CREDENTIAL.match(credential)
    if signed is None:
        return None
    key, region, service = (part.decode() for part in signed.groups())
    if region not in rewrite_region.region_rewriter_strategy.available_regions:
        return None
    return get_account_id_from_access_key_id(key), region, service
