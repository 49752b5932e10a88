"""Whose programs are served: those of LocalStack's own user, and those that send a key.

LocalStack runs code as its user, so any program that may call it has that user's rights. Linux
shows whose program has opened a connection. Where that is unknown, as on macOS or behind something
like a container's proxy, a request must have an access key that can't be guessed: the key of this
LocalStack, or one that LocalStack has issued to a function for its role or to an IAM user.
LocalStack doesn't check signatures, so the key's ID is the secret here.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from .guard import Values
from .peer import Address, peer_uid

ROOT = 0  # can run code as the user anyway

STRANGER = (
    "This LocalStack serves only programs of the user who started it. Other programs need its"
    " access key, which that user finds in the file access-key in its home folder. Or start"
    " LocalStack with --open-to-this-machine."
)

_KEY_ID = re.compile(r"Credential=([^/,\s]+)/|^AWS ([^:\s]+):")


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The rule; without a `key`, only keys that LocalStack has issued count."""

    key: str
    is_open: bool = False
    is_issued: Callable[[str], bool] = lambda key_id: False
    uid_of: Callable[[Address, Address], int | None] = peer_uid
    own_uid: int = field(default_factory=os.getuid)

    def knows(self, peer: Address, own: Address) -> bool:
        """Whether all requests on this connection are served, with or without a key."""
        return self.is_open or self.uid_of(peer, own) in (ROOT, self.own_uid)

    def has_key(self, target: str, values: Values) -> bool:
        """Whether a request has a valid key, and so is served."""
        return any(self._is_key(shown) for shown in _shown_keys(target, values))

    def _is_key(self, shown: str) -> bool:
        own = bool(self.key) and secrets.compare_digest(shown.encode(), self.key.encode())
        return own or self.is_issued(shown)


def _shown_keys(target: str, values: Values) -> Iterator[str]:
    """The access key IDs in a request, and its session tokens, since an ID may name an account."""
    for authorization in values("authorization"):
        for found in _KEY_ID.finditer(authorization):
            yield found[1] or found[2]
    query = parse_qs(urlsplit(target).query)
    for credential in query.get("X-Amz-Credential", ()):
        yield credential.partition("/")[0]
    yield from query.get("AWSAccessKeyId", ())
    yield from query.get("X-Amz-Security-Token", ())
    yield from values("x-amz-security-token")
