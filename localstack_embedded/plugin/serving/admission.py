"""Whose programs are served: those of the user that LocalStack runs as, and who shows a key.

What LocalStack is told to run it runs as its user, so that whoever may call it has that user's
rights. Linux shows whose program has opened a connection. Where nothing shows it, on macOS or with
something like a container's proxy in between, a request has to show an access key that nobody can
guess: the one of this LocalStack, or one that LocalStack itself has issued, to a function for its
role or to a user of IAM. It checks no signature, so the key's id is the secret here.
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

ROOT = 0  # who can do all this without asking

STRANGER = (
    "This LocalStack serves its own user's programs only. Others need its access key, which"
    " that user finds in the file access-key in its home, or have to be let in by"
    " --open-to-this-machine."
)

_KEY_ID = re.compile(r"Credential=([^/,\s]+)/|^AWS ([^:\s]+):")


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The rule; without a `key`, none but those that LocalStack has issued count."""

    key: str
    is_open: bool = False
    is_issued: Callable[[str], bool] = lambda key_id: False
    uid_of: Callable[[Address, Address], int | None] = peer_uid
    own_uid: int = field(default_factory=os.getuid)

    def knows(self, peer: Address, own: Address) -> bool:
        """Whether everything on this connection is to be served."""
        return self.is_open or self.uid_of(peer, own) in (ROOT, self.own_uid)

    def has_key(self, target: str, values: Values) -> bool:
        """Whether a request shows a key, and so is to be served."""
        return any(self._is_key(shown) for shown in _shown_keys(target, values))

    def _is_key(self, shown: str) -> bool:
        own = bool(self.key) and secrets.compare_digest(shown.encode(), self.key.encode())
        return own or self.is_issued(shown)


def _shown_keys(target: str, values: Values) -> Iterator[str]:
    """The ids of access keys in a request, and its session tokens: an id may be an account's."""
    for authorization in values("authorization"):
        for found in _KEY_ID.finditer(authorization):
            yield found[1] or found[2]
    query = parse_qs(urlsplit(target).query)
    for credential in query.get("X-Amz-Credential", ()):
        yield credential.partition("/")[0]
    yield from query.get("AWSAccessKeyId", ())
    yield from query.get("X-Amz-Security-Token", ())
    yield from values("x-amz-security-token")
