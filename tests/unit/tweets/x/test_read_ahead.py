"""A queue that makes its writers wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.waiting import wait_for
from tweets.x.read_ahead import ReadAhead


@pytest.fixture
def ahead() -> Iterator[ReadAhead[int]]:
    ahead: ReadAhead[int] = ReadAhead(100)
    yield ahead
    ahead.close()


def started(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_what_was_put_first_is_taken_first(ahead: ReadAhead[int]) -> None:
    for number in range(10):
        ahead.put(number, 10)
    assert [ahead.take() for _ in range(10)] == list(range(10))


def test_who_finds_it_full_waits_until_there_is_room(ahead: ReadAhead[int]) -> None:
    ahead.put(1, 60)
    ahead.put(2, 40)
    writer = started(lambda: ahead.put(3, 50))

    assert ahead.take() == 1
    writer.join(60)
    assert not writer.is_alive()
    assert [ahead.take(), ahead.take()] == [2, 3]


def test_nothing_is_added_beyond_the_room(ahead: ReadAhead[int]) -> None:
    waiting: list[int] = []
    most: list[int] = []

    def write() -> None:
        for number in range(1000):
            ahead.put(number, 7)
            waiting.append(7)

    started(write)
    for number in range(1000):
        assert ahead.take() == number
        most.append(sum(waiting) - 7 * (number + 1))
    assert max(most) <= 100


def test_what_has_a_smaller_share_waits_while_the_other_has_room(ahead: ReadAhead[int]) -> None:
    ahead.put(1, 45)
    begun = threading.Event()

    def search() -> None:
        begun.set()
        ahead.put(2, 10, share=0.5)

    searching = started(search)
    begun.wait(60)
    ahead.put(3, 50)

    assert ahead.take() == 1
    assert ahead.take() == 3
    assert ahead.take() == 2
    searching.join(60)


def test_what_is_larger_than_all_room_is_let_in_alone(ahead: ReadAhead[int]) -> None:
    ahead.put(1, 1000, share=0.5)
    writer = started(lambda: ahead.put(2, 1))
    assert ahead.take() == 1
    assert ahead.take() == 2
    writer.join(60)


def test_once_closed_nobody_waits(ahead: ReadAhead[int]) -> None:
    ahead.put(1, 100)
    writers = [started(lambda: ahead.put(2, 100)) for _ in range(2)]
    ahead.close()
    for writer in writers:
        wait_for(lambda writer=writer: not writer.is_alive(), "the end of the writer")  # type: ignore[misc]
