from __future__ import annotations

import pytest

from benchmarks import against


@pytest.mark.heavy
def test_producer_and_function_are_measured_beside_an_earlier_commit_of_them() -> None:
    said: list[str] = []

    against.main(["HEAD", "--rounds", "1", "--count", "20"], say=said.append)

    assert [line.partition(":")[0] for line in said] == ["plain", "aggregated", "function"]
    assert all(" µs then, " in line for line in said)
