from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from rich.console import Console

from tests.unit.tweetpipe.dead_letters.doubles import (
    EXHAUSTED,
    QUEUE,
    REJECTED,
    STACK,
    FakePlace,
    FakeSqs,
    letter_of,
)
from tests.unit.tweetpipe.stubs import StubbedPlace, stubbed_place
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.errors import NothingThere, TweetpipeError, WrongUsage
from tweetpipe.aws.place import Target
from tweetpipe.commands.shown import letters as shown
from tweetpipe.dead_letters import Hold, Kind
from tweetpipe.dead_letters.redrive import redrive


@pytest.mark.parametrize(
    ("body", "kind", "reason", "sequence_number", "records"),
    [
        (json.dumps(REJECTED), "rejected", "no-id", "495", 1),
        (json.dumps(REJECTED | {"payload": None}), "rejected", "no-id", "495", 1),
        (json.dumps(REJECTED | {"subsequenceNumber": 2}), "rejected", "no-id", "495.2", 1),
        (json.dumps(REJECTED | {"subsequenceNumber": 0}), "rejected", "no-id", "495.0", 1),
        (json.dumps(EXHAUSTED), "exhausted", "RetryAttemptsExhausted", "10-20", 7),
        ("not json", "unknown", "not written by this stack", "", 1),
        ("[1, 2]", "unknown", "not written by this stack", "", 1),
        ("[" * 100_000, "unknown", "not written by this stack", "", 1),
        ('{"some": "thing"}', "unknown", "not written by this stack", "", 1),
    ],
)
def test_a_message_is_told_by_its_kind(
    body: str, kind: str, reason: str, sequence_number: str, records: int
) -> None:
    letter = letter_of(body)

    assert (letter.kind, letter.reason) == (kind, reason)
    assert (letter.sequence_number, letter.records) == (sequence_number, records)


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize("name", sorted(REJECTED.keys() - {"kind", "detail", "payloadBytes"}))
def test_a_rejected_record_that_lacks_something_is_unknown(name: str) -> None:
    assert letter_of(json.dumps(without(REJECTED, name))).kind is Kind.UNKNOWN
    assert letter_of(json.dumps(REJECTED | {name: 7})).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "wrong",
    [
        {"sequenceNumber": "four"},
        {"sequenceNumber": "9" * 5000},
        {"arrivedAt": "yesterday"},
        {"payload": "no base64!"},
        {"subsequenceNumber": -1},
        {"subsequenceNumber": "2"},
        {"subsequenceNumber": True},
    ],
)
def test_a_rejected_record_with_nonsense_in_it_is_unknown(wrong: dict[str, Any]) -> None:
    assert letter_of(json.dumps(REJECTED | wrong)).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    "wrong",
    [
        {"startSequenceNumber": None},
        {"endSequenceNumber": "x"},
        {"shardId": 3},
        {"streamArn": None},
    ],
)
def test_an_exhausted_batch_with_nonsense_in_it_is_unknown(wrong: dict[str, Any]) -> None:
    body = EXHAUSTED | {"KinesisBatchInfo": EXHAUSTED["KinesisBatchInfo"] | wrong}

    assert letter_of(json.dumps(body)).kind is Kind.UNKNOWN


def test_sequence_numbers_are_compared_as_numbers() -> None:
    position = letter_of(json.dumps(EXHAUSTED)).position

    assert position is not None
    assert [n for n in ("9", "10", "020", "100") if position.holds(n)] == ["10", "020"]


def test_a_letter_for_people_holds_nothing_that_steers_a_terminal() -> None:
    evil = b'{"text": "\x1b[31m red \x07"}'
    letter = letter_of(json.dumps(REJECTED | {"payload": base64.b64encode(evil).decode()}))
    console = Console(width=200, record=True)
    now = datetime(2024, 1, 1, 3, tzinfo=UTC)

    with console.capture() as captured:
        console.print(shown.table([letter], now=now))
        console.print(shown.facts(letter, now=now))

    text = captured.get()
    assert "\x1b" not in text
    assert "\x07" not in text
    for expected in ("[31m red", "no-id", "3 h", f"{len(evil)} B", letter.short_id, letter.id):
        assert expected in text


def test_a_table_has_the_end_of_long_sequence_numbers() -> None:
    letter = letter_of(json.dumps(REJECTED | {"sequenceNumber": "9" * 40 + "5" * 16}))
    console = Console(width=200)

    with console.capture() as captured:
        console.print(shown.table([letter], now=datetime(2024, 1, 1, 3, tzinfo=UTC)))

    assert "…" + "5" * 16 in captured.get()
    assert "9" not in captured.get()


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=13), "13 d"),
    ],
)
def test_an_age_has_one_unit(old: timedelta, expected: str) -> None:
    letter = letter_of(json.dumps(REJECTED))
    assert letter.arrived is not None

    assert shown.age(letter, letter.arrived + old) == expected


def will_hold(place: StubbedPlace, *receives: list[str], visible: int, hidden: int = 0) -> None:
    """Prepares the queue's attributes and one answer of bodies for each receive."""
    sqs = place.stubbers["sqs"]
    sqs.add_response(
        "get_queue_attributes",
        {
            "Attributes": {
                "ApproximateNumberOfMessages": str(visible),
                "ApproximateNumberOfMessagesNotVisible": str(hidden),
                "ApproximateNumberOfMessagesDelayed": "0",
            }
        },
    )
    for bodies in receives:
        messages = [
            {"MessageId": f"id of {b}", "Body": b, "ReceiptHandle": f"handle of {b}"}
            for b in bodies
        ]
        sqs.add_response("receive_message", {"Messages": messages} if messages else {})


def will_take_back(place: StubbedPlace, *bodies: str) -> None:
    entries: list[dict[str, Any]] = [
        {"Id": str(n), "ReceiptHandle": f"handle of {body}", "VisibilityTimeout": 0}
        for n, body in enumerate(bodies)
    ]
    place.stubbers["sqs"].add_response(
        "change_message_visibility_batch",
        {"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []},
        {"QueueUrl": QUEUE, "Entries": entries},
    )


def test_messages_are_read_until_none_comes_and_given_back_ten_at_a_time() -> None:
    bodies = [str(n) for n in range(12)]
    with stubbed_place("sqs") as local:
        place = replace(local, target=Target.AWS)
        # On AWS a single empty answer is no proof that there are none.
        will_hold(place, bodies[:10], [], [], bodies[10:], [], [], [], visible=12)
        will_take_back(place, *bodies[:10])
        will_take_back(place, *bodies[10:])
        letters, about = dead_letters.peek(place, QUEUE, 100)

    assert [letter.body["text"] for letter in letters] == bodies
    assert about == 12


def test_what_others_hold_counts_too() -> None:
    with stubbed_place("sqs") as place:
        will_hold(place, [], visible=1, hidden=3)

        assert dead_letters.peek(place, QUEUE, 10) == ([], 4)


def test_messages_are_given_back_when_reading_fails() -> None:
    with stubbed_place("sqs") as place:
        will_hold(place, ["first"], visible=2)
        place.stubbers["sqs"].add_client_error("receive_message", "AccessDenied")
        will_take_back(place, "first")
        with pytest.raises(place.sqs().exceptions.ClientError):
            dead_letters.peek(place, QUEUE, 10)


def bodies_of(count: int) -> dict[str, str]:
    return {f"{n:04}-id": json.dumps(REJECTED) for n in range(count)}


def test_a_limit_counts_only_what_is_wanted() -> None:
    sqs = FakeSqs(bodies_of(30) | {"e1": json.dumps(EXHAUSTED), "e2": json.dumps(EXHAUSTED)})
    letters, _ = dead_letters.peek(
        FakePlace.of(sqs), QUEUE, 1, wanted=lambda letter: letter.kind is Kind.EXHAUSTED
    )

    assert [letter.kind for letter in letters] == [Kind.EXHAUSTED]
    assert len(sqs.visible()) == 32


class BusyQueue(FakeSqs):
    """A queue that gets a letter with every look at it, by a clock far from this machine's."""

    def __init__(self, bodies: dict[str, str], *, dated: bool = True) -> None:
        super().__init__(bodies)
        self.looks = 0
        self._began = datetime(2020, 1, 1, tzinfo=UTC)
        self._there = set(bodies)
        self._dated = dated

    def receive_message(self, **request: Any) -> dict[str, Any]:
        self.looks += 1
        assert self.looks < 1000, "it never ends"
        self.put(f"new-{self.looks}", "arrived meanwhile")
        answer = super().receive_message(**request)
        for message in answer["Messages"]:
            age = 0 if message["MessageId"] in self._there else 60 * self.looks
            sent = self._began + timedelta(seconds=age)
            message["Attributes"] = {"SentTimestamp": str(int(sent.timestamp() * 1000))}
            if not self._dated:
                del message["Attributes"]
        return answer | {
            "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(self._began)}}
        }


Look = Callable[[FakePlace], object]


@pytest.mark.heavy
@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize(
    "look",
    [
        lambda place: dead_letters.peek(place, QUEUE, 10_000),
        lambda place: dead_letters.peek(place, QUEUE, 5, wanted=lambda _: False),
        lambda place: dead_letters.find(place, STACK, ["0003"]),
        lambda place: dead_letters.every_id(place, QUEUE),
        lambda place: dead_letters.purge(place, QUEUE, ["gone"]),
        lambda place: redrive(place, STACK),
        lambda place: redrive(place, STACK, wanted=lambda letter: letter.kind is Kind.EXHAUSTED),
    ],
)
def test_a_read_ends_although_letters_keep_arriving_and_gives_all_back(
    look: Look, dated: bool
) -> None:
    sqs = BusyQueue(bodies_of(25), dated=dated)

    look(FakePlace.of(sqs))

    assert len(sqs.visible()) == 25 + sqs.looks


def test_what_arrives_while_all_are_read_is_not_among_them() -> None:
    sqs = BusyQueue(bodies_of(25))

    assert dead_letters.every_id(FakePlace.of(sqs), QUEUE) == set(bodies_of(25))


def test_a_search_stops_at_an_id_as_list_shows_it() -> None:
    sqs = BusyQueue({f"{number:08}-id": "x" for number in range(500)})

    [letter] = dead_letters.find(FakePlace.of(sqs), STACK, ["00000003"])

    assert (letter.id, sqs.looks) == ("00000003-id", 1)
    assert len(sqs.visible()) == 501


def test_letters_that_are_not_redriven_are_to_be_seen_meanwhile() -> None:
    sqs = FakeSqs(bodies_of(12))
    seen: list[list[str]] = []

    redrive(
        FakePlace.of(sqs),
        STACK,
        wanted=lambda letter: letter.id == "0011-id",
        on_outcome=lambda _: seen.append(sqs.visible()),
    )

    assert [len(visible) for visible in seen] == [11]


def test_a_message_delivered_twice_is_one_letter() -> None:
    sqs = FakeSqs(bodies_of(3))
    with Hold(FakePlace.of(sqs), QUEUE) as hold:
        letters = hold.letters()
        seen = [next(letters)]
        sqs.expire()
        seen += letters

    assert sorted(letter.id for letter in seen) == sorted(bodies_of(3))


def test_a_message_delivered_again_after_it_was_deleted_is_deleted_again() -> None:
    sqs = FakeSqs(bodies_of(1))
    with Hold(FakePlace.of(sqs), QUEUE) as hold:
        letters = hold.letters()
        letter = next(letters)
        hold.delete([letter.id])
        sqs.put(letter.id, "the same once more")

        assert list(letters) == []
    assert sqs.bodies == {}


def test_held_messages_are_kept_out_of_sight_as_long_as_it_takes() -> None:
    sqs = FakeSqs(bodies_of(2))
    with Hold(FakePlace.of(sqs), QUEUE, hidden_for=1) as hold:
        assert len(list(hold.letters())) == 2
        wait_for(lambda: sqs.prolonged >= 4, "two rounds of prolonging")
        assert sqs.visible() == []
    assert len(sqs.visible()) == 2


def test_that_letters_are_no_longer_kept_out_of_sight_is_an_error() -> None:
    sqs = FakeSqs(bodies_of(20))
    hold = Hold(FakePlace.of(sqs), QUEUE, hidden_for=1)
    real = sqs.change_message_visibility_batch

    def break_off(**request: Any) -> Any:
        sqs.change_message_visibility_batch = real  # type: ignore[method-assign]
        raise KeyError("Failed")

    def work() -> None:
        with hold:
            next(hold.letters())
            sqs.change_message_visibility_batch = break_off  # type: ignore[method-assign]
            wait_for(lambda: not hold._keeper.is_alive(), "the end of the thread that prolongs")

    with pytest.raises(TweetpipeError, match=r"KeyError: 'Failed'\. This is a bug"):
        work()
    assert len(sqs.visible()) == 20


def test_what_the_queue_does_not_delete_is_an_error_and_stays() -> None:
    sqs = FakeSqs(bodies_of(1), refusing={"0000-id"})
    with Hold(FakePlace.of(sqs), QUEUE) as hold:
        [letter] = hold.letters()
        with pytest.raises(TweetpipeError, match="still in the queue"):
            hold.delete([letter.id])
    assert sqs.visible() == ["0000-id"]


def test_a_letter_is_found_by_the_beginning_of_its_id() -> None:
    sqs = FakeSqs(bodies_of(25))
    found = dead_letters.find(FakePlace.of(sqs), STACK, ["0003", "0017-id", "0017"])

    assert [letter.id for letter in found] == ["0003-id", "0017-id"]
    assert len(sqs.visible()) == 25


@pytest.mark.parametrize(
    ("prefixes", "error", "says"),
    [
        (["0003", "x"], NothingThere, "No dead letter's id begins with 'x'"),
        (["000"], WrongUsage, "'000' matches the ids of 10 dead letters"),
        ([""], WrongUsage, "The id of a dead letter is empty"),
    ],
)
def test_an_id_that_names_none_or_several_is_an_error(
    prefixes: Collection[str], error: type[TweetpipeError], says: str
) -> None:
    sqs = FakeSqs(bodies_of(12))
    with pytest.raises(error, match=says):
        dead_letters.find(FakePlace.of(sqs), STACK, prefixes)
    assert len(sqs.visible()) == 12


def test_a_purge_deletes_what_it_was_told_and_nothing_else() -> None:
    sqs = FakeSqs(bodies_of(23))
    place = FakePlace.of(sqs)
    ids = dead_letters.every_id(place, QUEUE)
    sqs.put("new", "arrived meanwhile")
    counted: list[int] = []

    assert dead_letters.purge(place, QUEUE, ids, on_deleted=counted.append) == 23
    assert sqs.visible() == ["new"]
    assert counted[-1] == 23


def test_a_purge_says_when_some_are_gone_already() -> None:
    sqs = FakeSqs(bodies_of(2))

    assert dead_letters.purge(FakePlace.of(sqs), QUEUE, {"0001-id", "gone"}) == 1
    assert sqs.visible() == ["0000-id"]
