"""What one worker runs at a time, and in which order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import scheduling
from tests.documented import PROJECT


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


def collected(seed: int) -> list[str]:
    """The ids of all tests, as a process with this seed for its hashes collects them."""
    collecting = ("--collect-only", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
    said = subprocess.check_output(
        [sys.executable, "-m", "pytest", *collecting, "tests", "localstack_embedded/tests"],
        cwd=PROJECT,
        env=os.environ | {"PYTHONHASHSEED": str(seed)},
        text=True,
    )
    return [line for line in said.splitlines() if "::" in line]


@pytest.mark.slow
def test_each_process_collects_the_same_tests_in_the_same_order() -> None:
    """Where workers aren't forked, as on macOS, pytest-xdist runs nothing otherwise."""
    first, second = collected(1), collected(2)

    assert first
    assert first == second
