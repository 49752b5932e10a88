"""Objects as bytes, including those that contain locks and functions."""

from __future__ import annotations

import pickle
import threading
from collections import defaultdict
from collections.abc import Callable
from queue import PriorityQueue
from typing import Any

import pytest

from localstack_embedded.plugin.keeping.pickling import dumps, loads


def again(value: Any) -> Any:
    return loads(dumps(value))


class Queue:
    """Like a queue of LocalStack's SQS: with locks, and functions that read the queue itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mutex = threading.RLock()
        self.visible: PriorityQueue[int] = PriorityQueue()
        self.attributes = {
            "Name": lambda: self.name,
            "Count": lambda: str(self.visible.qsize()),
        }


def test_a_function_without_a_name_of_its_own_is_found_by_its_place() -> None:
    queue = Queue("first")
    queue.visible.put(3)
    kept = again(queue)
    kept.name = "second"
    assert [kept.attributes[name]() for name in ("Name", "Count")] == ["second", "1"]
    assert queue.attributes["Name"]() == "first"


def test_a_function_has_its_defaults_and_what_it_refers_to() -> None:
    def outer(factor: int) -> Callable[..., int]:
        def scaled(value: int, *, plus: int = 1) -> int:
            return value * factor + plus

        return scaled

    assert again(outer(3))(5) == 16
    assert again(outer(3))(5, plus=2) == 17


def test_what_has_no_place_is_refused() -> None:
    made: dict[str, Any] = {}
    exec("def outer():\n    return lambda: 1\nfound = outer()", made)
    made["found"].__module__ = __name__
    with pytest.raises((pickle.PicklingError, AttributeError)):
        dumps(made["found"])


def test_locks_come_back_free_and_in_their_places() -> None:
    queue = Queue("q")
    with queue.mutex, queue.visible.mutex:
        kept = again(queue)
    assert kept.mutex.acquire(blocking=False)
    kept.visible.put(1)
    assert kept.visible.get(timeout=1) == 1


@pytest.mark.parametrize("is_set", [False, True])
def test_an_event_is_as_it_was(is_set: bool) -> None:
    event = threading.Event()
    if is_set:
        event.set()
    assert again(event).is_set() == is_set


class Parameters(defaultdict[str, list[int]]):
    """Like moto's: its constructor takes other arguments than its base class."""

    def __init__(self, account: str, region: str) -> None:
        super().__init__(list)
        self.account, self.region = account, region


def test_a_dictionary_of_its_own_kind_keeps_its_attributes() -> None:
    parameters = Parameters("1", "eu")
    parameters["a"].append(1)
    kept = again(parameters)
    assert (dict(kept), kept.account, kept.region, kept["b"]) == ({"a": [1]}, "1", "eu", [])


def test_what_is_shared_stays_shared() -> None:
    shared = Queue("q")
    one, two = again([shared, {"same": shared}])
    assert one is two["same"]
    assert one.attributes["Name"].__closure__[0].cell_contents is one


def test_a_thread_can_not_be_kept() -> None:
    with pytest.raises(TypeError):
        dumps(threading.Thread())
