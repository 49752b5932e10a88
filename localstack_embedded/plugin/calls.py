"""The calls that services answer by themselves, and what `serving` answers with for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Answer(NamedTuple):
    """What a call is answered with."""

    status: int
    headers: Mapping[str, str]
    content: bytes


# Takes the account, the region, and the body; None leaves the call to LocalStack.
Call = Callable[[str, str, bytes], Answer | None]

CALLS: dict[bytes, Call] = {}
"""By X-Amz-Target."""
