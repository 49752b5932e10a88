"""What pytest-xdist gives to one worker, and in which order."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

scheduling = pytest.importorskip("tests.scheduling", reason="needs pytest-xdist")


def scheduler(worker: Mock, *nodes: str) -> Any:
    """With these tests to distribute."""
    made = scheduling.ByFile.__new__(scheduling.ByFile)
    made.workqueue = OrderedDict()
    for node in nodes:
        made.workqueue.setdefault(made._split_scope(node), {})[node] = False
    made.assigned_work = {}
    made.registered_collections = {worker: list(nodes)}
    return made


def test_the_tests_of_a_file_stay_together_and_those_with_containers_do_all() -> None:
    made = scheduler(
        Mock(),
        "tests/unit/test_one.py::test_a",
        "tests/containers/test_one.py::test_a",
        "tests/unit/test_one.py::test_b[x::y]",
        "tests/containers/test_two.py::test_a",
        "tests/unit/test_two.py::test_a",
    )

    assert [len(tests) for tests in made.workqueue.values()] == [2, 2, 1]


def test_what_starts_first_is_there() -> None:
    root = Path(__file__).parents[2]

    assert [place for place in scheduling._SLOWEST_FIRST if not (root / place).exists()] == []


def test_the_slowest_start_first() -> None:
    worker = Mock()
    made = scheduler(worker, "tests/unit/a.py::t", "tests/iam/a.py::t", "tests/containers/a.py::t")

    for _ in range(3):
        made._assign_work_unit(worker)

    assert [call.args[0] for call in worker.send_runtest_some.call_args_list] == [[2], [1], [0]]
