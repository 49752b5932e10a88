"""Keeps credentials out of what is shown, whatever an error quotes.

Most errors of libraries quote what they could not use: a header with its value, an address with
its password. They are not all known, so that every text is looked through before it's shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_SECRET_NAME = re.compile(r"secret|token|password|passwd|consumer_key", re.IGNORECASE)
_PART = re.compile(r"[!-~]{8,}")
"""What of a secret can be recognized where its odd characters were escaped; not "test"."""

_QUOTED = (
    # http.client and requests quote a header that they can't send.
    (re.compile(r"(header value:? +).+"), r"\1(hidden)"),
    # AWS repeats the headers of a request whose signature it does not accept.
    (
        re.compile(r"(x-amz-security-token\W{0,4}[:=]\W{0,3})[^\s'\"]+", re.IGNORECASE),
        r"\1(hidden)",
    ),
    (re.compile(r"\b(Bearer|Basic) [\w.~+/%=-]{6,}"), r"\1 (hidden)"),
    (re.compile(r"(?<=://)[^\s/@'\"]*:[^\s/@'\"]*@"), "(hidden)@"),
)


def redacted(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The text without the credentials that it may quote."""
    for pattern, instead in _QUOTED:
        text = pattern.sub(instead, text)
    for name, value in environ.items():
        if _SECRET_NAME.search(name):
            for part in _PART.findall(value):
                text = text.replace(part, "(hidden)")
    return text
