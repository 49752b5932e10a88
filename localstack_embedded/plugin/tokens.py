"""Shard iterators and next tokens: where a call continues, sealed so that clients can't read it.

The key is not secret. It serves to tell tokens that were made here from others.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import blake2b, shake_256
from hmac import compare_digest
from typing import Any

SECONDS_VALID = 300

_KEY = b"what AWS's services make is opaque as well"
_NONCE, _SEAL = 8, 16


class ForgedTokenError(Exception):
    """Not a token that was made here for this purpose."""


def seal(purpose: str, content: Sequence[Any]) -> str:
    """A token with this content, different each time."""
    nonce = os.urandom(_NONCE)
    hidden = _hidden(json.dumps([purpose, *content]).encode(), nonce)
    return b64encode(nonce + _mark(nonce + hidden) + hidden).decode()


def unseal(purpose: str, token: str) -> list[Any]:
    """The content of a token; raises ForgedTokenError if it wasn't sealed for this purpose."""
    try:
        raw = b64decode(token, validate=True)
    except ValueError as error:
        raise ForgedTokenError from error
    nonce, mark, hidden = raw[:_NONCE], raw[_NONCE : _NONCE + _SEAL], raw[_NONCE + _SEAL :]
    if not compare_digest(mark, _mark(nonce + hidden)):
        raise ForgedTokenError
    found, *content = json.loads(_hidden(hidden, nonce))
    if found != purpose:
        raise ForgedTokenError
    return list(content)


def _mark(content: bytes) -> bytes:
    return blake2b(content, key=_KEY, digest_size=_SEAL).digest()


def _hidden(content: bytes, nonce: bytes) -> bytes:
    """The content XORed with a stream of bytes; applied twice, it restores the content."""
    mask = shake_256(_KEY + nonce).digest(len(content))
    return bytes(a ^ b for a, b in zip(content, mask, strict=True))
