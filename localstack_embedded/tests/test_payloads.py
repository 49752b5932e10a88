"""The payload that an invocation may have, and AWS's messages about one that is too large."""

from __future__ import annotations

import pytest

from localstack_embedded.plugin.functions.payloads import too_large


@pytest.mark.parametrize(
    ("invocation_type", "most", "said"),
    [
        (None, 6_291_456, "Request must be smaller than 6291456 bytes for the InvokeFunction"),
        ("RequestResponse", 6_291_456, "Request must be smaller than 6291456 bytes"),
        ("Event", 1_048_576, "1048577 byte payload is too large for the Event invocation type"),
    ],
)
def test_the_largest_payload(invocation_type: str | None, most: int, said: str) -> None:
    assert too_large(most, invocation_type) is None
    refusal = too_large(most + 1, invocation_type)
    assert refusal
    assert refusal.startswith(said)
