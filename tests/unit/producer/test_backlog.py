from __future__ import annotations

import threading

from producer.backlog import Backlog
from producer.sending.answer import Answer
from producer.sending.outbox import Call, Outbox
from producer.settings import Settings
from tests.unit.producer.doubles import records
from tests.waiting import LONG, wait_for

RECORD = records(1)[0]


def backlog(*, room: int = 10, max_records: int = 2) -> Backlog:
    settings = Settings(max_records=max_records, linger=60.0)
    return Backlog(
        Outbox(settings, random=lambda: 0.0, now=0.0),
        max_held_records=room,
        max_held_bytes=1000,
        clock=lambda: 0.0,
    )


def accept(held: Backlog, call: Call) -> None:
    held.settle(call, Answer([None] * len(call.batch), [None] * len(call.batch)))


def counts(held: Backlog) -> tuple[int, int, int]:
    now = held.progress(elapsed=0.0)
    return now.read, now.sent, now.failed


def test_a_full_backlog_takes_no_more_until_something_is_acknowledged() -> None:
    held = backlog(room=2)
    held.add(RECORD, size=10)
    held.add(RECORD, size=10)
    reader = threading.Thread(target=held.add, args=(RECORD,), kwargs={"size": 10})
    reader.start()
    call = held.take()
    assert call is not None
    assert counts(held) == (2, 0, 0)

    accept(held, call)

    reader.join()
    assert counts(held) == (3, 2, 0)


def test_a_backlog_is_full_by_bytes_too() -> None:
    held = backlog(room=100, max_records=1)
    held.add(RECORD, size=1000)
    answers: list[bool] = []
    reader = threading.Thread(target=lambda: answers.append(held.add(RECORD, size=1)))
    reader.start()
    call = held.take()
    assert call is not None
    assert answers == []

    accept(held, call)

    reader.join()
    assert answers == [True]


def test_a_reader_waiting_for_room_still_hands_over_the_record_it_has() -> None:
    held = backlog(room=1)
    held.add(RECORD, size=10)
    answers: list[bool] = []
    reader = threading.Thread(target=lambda: answers.append(held.add(RECORD, size=10)))
    reader.start()

    held.want_no_more()

    reader.join()
    assert answers == [False]
    assert counts(held) == (2, 0, 0)


def test_it_is_over_when_reading_ended_and_nothing_is_in_hand() -> None:
    held = backlog()
    held.add(RECORD, size=10)
    held.end_reading()
    assert not held.over
    call = held.take()
    assert call is not None

    accept(held, call)

    assert held.over
    assert held.take() is None


def test_refused_records_stay_in_hand_and_their_errors_are_counted() -> None:
    held = backlog()
    for _ in range(2):
        held.add(RECORD, size=10)
    call = held.take()
    assert call is not None

    held.settle(call, Answer([None, "InternalFailure"], [None, None]))
    held.want_no_more()

    again = held.take()
    assert again is not None
    assert again.batch == call.batch[1:]
    now = held.progress(elapsed=0.0)
    assert (now.sent, now.waiting, now.retried, now.bytes_sent) == (1, 1, 1, 10)
    assert now.errors == {"InternalFailure": 1}


def test_a_record_given_up_is_in_hand_until_it_is_set_aside() -> None:
    held = backlog()
    held.add(RECORD, size=10, refusal="RecordTooLarge")
    held.end_reading()

    assert [one.record for one in held.given_up(timeout=0.0)] == [RECORD]
    assert not held.over

    held.set_aside(1)
    assert counts(held) == (1, 0, 1)
    assert held.over


def test_giving_up_covers_calls_in_flight_and_ignores_their_late_outcome() -> None:
    held = backlog()
    for _ in range(3):
        held.add(RECORD, size=10)
    call = held.take()
    assert call is not None

    assert len(held.give_up_all()) == 3
    accept(held, call)
    held.set_aside(3)

    assert counts(held) == (3, 0, 3)


def test_a_call_that_is_answered_while_sending_ends_has_sent_its_records() -> None:
    held = backlog()
    for _ in range(2):
        held.add(RECORD, size=10)
    call = held.take()
    assert call is not None

    def answer_at_the_end() -> None:
        assert held.take() is None
        accept(held, call)

    sender = threading.Thread(target=answer_at_the_end)
    sender.start()
    held.send_no_more(timeout=LONG)

    assert counts(held) == (2, 2, 0)
    sender.join()


def test_a_record_that_comes_after_the_end_is_not_counted() -> None:
    held = backlog()
    held.give_up_all()

    assert held.add(RECORD, size=10) is False
    assert counts(held) == (0, 0, 0)


def test_a_sender_without_work_wakes_for_a_full_batch_and_for_the_end() -> None:
    held = backlog(max_records=2)
    taken: list[int] = []

    def send() -> None:
        while (call := held.take()) is not None:
            taken.append(len(call.batch))
            accept(held, call)

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    for _ in range(4):
        held.add(RECORD, size=10)
    wait_for(lambda: sum(taken) == 4, "four records")
    held.end_reading()

    for sender in senders:
        sender.join()
    assert taken == [2, 2]
