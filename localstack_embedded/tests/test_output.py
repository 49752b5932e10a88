"""Collecting what a process prints."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from localstack_embedded.plugin.functions.output import Output


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=200_000), max_size=4))
def test_all_that_was_written_before_is_taken_once_and_in_order(chunks: list[bytes]) -> None:
    output = Output()
    writer = os.dup(output.write_end)
    output.close_write_end()
    with os.fdopen(writer, "wb", buffering=0) as pipe:
        for chunk in chunks:
            view = memoryview(chunk)
            while view:  # more than fits a pipe; the collecting thread makes room
                view = view[pipe.write(view) :]
            assert output.take() == chunk.decode(errors="replace")
    assert output.take() == ""
