"""What one worker runs at a time, and in which order."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests import scheduling


def in_order(*nodes: str) -> list[list[str]]:
    """These tests as the workers take them."""
    items: list[Any] = [SimpleNamespace(nodeid=node) for node in nodes]
    return [[item.nodeid for item in file] for file in scheduling.in_order(items)]


def test_the_tests_of_a_file_stay_together_and_those_with_containers_do_all() -> None:
    files = in_order(
        "tests/unit/test_one.py::test_a",
        "tests/containers/test_one.py::test_a",
        "tests/unit/test_one.py::test_b[x::y]",
        "tests/containers/test_two.py::test_a",
        "tests/unit/test_two.py::test_a",
    )

    assert sorted(map(len, files)) == [1, 2, 2]


def test_what_starts_first_is_there() -> None:
    root = Path(__file__).parents[2]

    assert [place for place in scheduling._SLOWEST_FIRST if not (root / place).exists()] == []


def test_the_slowest_start_first() -> None:
    slowest_last = ["tests/unit/a.py::t", "tests/iam/a.py::t", "tests/containers/a.py::t"]

    assert in_order(*slowest_last) == [[test] for test in reversed(slowest_last)]
