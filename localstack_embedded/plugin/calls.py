"""The calls that `serving` answers directly, without LocalStack's handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Answer(NamedTuple):
    """The response to a call."""

    status: int
    headers: Mapping[str, str]
    content: bytes


# Takes the account, the region, and the body; returns None to leave the call to LocalStack.
Call = Callable[[str, str, bytes], Answer | None]

CALLS: dict[bytes, Call] = {}
"""The calls by X-Amz-Target."""
