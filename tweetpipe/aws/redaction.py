"""Keeps credentials out of everything that is shown.

Errors of libraries often quote what they could not use, such as a header with its value or an
address with its password. There are too many of them to list, so every text is searched first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_SECRET_NAME = re.compile(r"secret|token|password|passwd|consumer_key", re.IGNORECASE)
_PART = re.compile(r"[!-~]{8,}")
"""The parts of a secret that stay recognizable after escaping; too long to match "test"."""

_QUOTED = (
    # http.client and requests quote a header that they can't send.
    (re.compile(r"(header value:? +).+"), r"\1(hidden)"),
    # AWS quotes the headers of a request if it does not accept the signature.
    (
        re.compile(r"(x-amz-security-token\W{0,4}[:=]\W{0,3})[^\s'\"]+", re.IGNORECASE),
        r"\1(hidden)",
    ),
    (re.compile(r"\b(Bearer|Basic) [\w.~+/%=-]{6,}"), r"\1 (hidden)"),
    (re.compile(r"(?<=://)[^\s/@'\"]*:[^\s/@'\"]*@"), "(hidden)@"),
)


def redacted(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The text with any credentials hidden."""
    for pattern, instead in _QUOTED:
        text = pattern.sub(instead, text)
    for name, value in environ.items():
        if _SECRET_NAME.search(name):
            for part in _PART.findall(value):
                text = text.replace(part, "(hidden)")
    return text
