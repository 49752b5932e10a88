"""A queue that makes its writers wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.waiting import wait_for
from tweets.x.backlog import Backlog


@pytest.fixture
def backlog() -> Iterator[Backlog[int]]:
    backlog: Backlog[int] = Backlog(100)
    yield backlog
    backlog.close()


def started(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_what_was_put_first_is_taken_first(backlog: Backlog[int]) -> None:
    for number in range(10):
        backlog.put(number, 10)
    assert [backlog.take() for _ in range(10)] == list(range(10))


def test_who_finds_it_full_waits_until_there_is_room(backlog: Backlog[int]) -> None:
    backlog.put(1, 60)
    backlog.put(2, 40)
    writer = started(lambda: backlog.put(3, 50))

    assert backlog.take() == 1
    writer.join(60)
    assert not writer.is_alive()
    assert [backlog.take(), backlog.take()] == [2, 3]


def test_nothing_is_added_beyond_the_room(backlog: Backlog[int]) -> None:
    waiting: list[int] = []
    most: list[int] = []

    def write() -> None:
        for number in range(1000):
            backlog.put(number, 7)
            waiting.append(7)

    started(write)
    for number in range(1000):
        assert backlog.take() == number
        most.append(sum(waiting) - 7 * (number + 1))
    assert max(most) <= 100


def test_what_has_a_smaller_share_waits_while_the_other_has_room(backlog: Backlog[int]) -> None:
    backlog.put(1, 45)
    begun = threading.Event()

    def search() -> None:
        begun.set()
        backlog.put(2, 10, share=0.5)

    searching = started(search)
    begun.wait(60)
    backlog.put(3, 50)

    assert backlog.take() == 1
    assert backlog.take() == 3
    assert backlog.take() == 2
    searching.join(60)


def test_what_is_larger_than_all_room_is_let_in_alone(backlog: Backlog[int]) -> None:
    backlog.put(1, 1000, share=0.5)
    writer = started(lambda: backlog.put(2, 1))
    assert backlog.take() == 1
    assert backlog.take() == 2
    writer.join(60)


def test_once_closed_nobody_waits(backlog: Backlog[int]) -> None:
    backlog.put(1, 100)
    writers = [started(lambda: backlog.put(2, 100)) for _ in range(2)]
    backlog.close()
    for writer in writers:
        wait_for(lambda writer=writer: not writer.is_alive(), "the end of the writer")  # type: ignore[misc]
