from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard, landed, snapshot
from tests.unit.tweetpipe.dashboard.reading import events, get, snapshots
from tests.unit.tweetpipe.dead_letters.doubles import FakePlace, FakeSqs, exhausted, rejected
from tweetpipe.aws.errors import NothingThere
from tweetpipe.dashboard import questions
from tweetpipe.dashboard.door import Door
from tweetpipe.dashboard.questions import MAX_LETTERS, PAGE, Budget, Questions, TooMany


def refusal(dashboard: Dashboard, path: str, **parameters: str) -> tuple[int, str]:
    answer = requests.get(dashboard.url + path, params=parameters, timeout=60)
    return answer.status_code, answer.json()["error"]


def test_an_author_is_read_page_by_page_newest_first() -> None:
    with dashboard() as served:
        for number in range(100, 145):
            served.table.put("Ada", str(number), f"message {number}")
        served.table.put("Bob", "999", "another author's")
        found: list[str] = []
        sizes: list[int] = []
        after: dict[str, str] = {}
        while True:
            page = get(served, "/api/items", partition="Ada", **after)
            found += [item["key"][1] for item in page["items"]]
            sizes.append(len(page["items"]))
            if page["next"] is None:
                break
            after = {"after": page["next"]}

    assert found == [str(number) for number in range(144, 99, -1)]
    assert sizes == [PAGE, PAGE, 5]
    assert served.table.reads == 3


@pytest.mark.parametrize("error", [KeyError("Items"), SystemExit(1)])
def test_an_unexpected_error_is_the_answer(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def break_off(*_: object) -> None:
        raise error

    monkeypatch.setattr(Questions, "items", break_off)
    with dashboard() as served:
        code, why = refusal(served, "/api/items", partition="Ada")

    assert code >= 500
    assert why.startswith(f"{type(error).__name__}: ")
    assert "a bug in tweetpipe" in why


def test_an_author_without_tweets_has_an_empty_page() -> None:
    with dashboard() as served:
        assert get(served, "/api/items", partition="nobody") == {"items": [], "next": None}


@pytest.mark.parametrize("author", ["", "x" * 2049])
def test_what_can_be_no_author_is_not_looked_up(author: str) -> None:
    with dashboard() as served:
        assert refusal(served, "/api/items", partition=author)[0] == 400
        assert served.table.reads == 0


def test_an_item_comes_whole_and_with_its_way() -> None:
    message = "한글 <script>alert(1)</script> " + "x" * 5000
    with dashboard() as served, events(served) as found:
        served.table.put("Author 7", "7", message)
        served.collector.push(snapshot(landed(7, landed_at=1.0)))
        next(snapshots(found))
        answer = get(served, "/api/item", partition="Author 7", sort="7")

    assert answer["item"]["attributes"]["Message"] == message
    assert answer["way"] == {
        "shard": "shardId-000000000001",
        "sequence_number": "1007",
        "latency_s": 0.25,
        "landed_at": 1.0,
    }


def test_an_item_nobody_saw_landing_has_no_way() -> None:
    with dashboard() as served:
        served.table.put("Ada", "1", "old")
        assert get(served, "/api/item", partition="Ada", sort="1")["way"] is None


def test_an_item_that_is_gone_is_said_to_be() -> None:
    with dashboard() as served:
        status, error = refusal(served, "/api/item", partition="Ada", sort="1")

    assert status == 404
    assert "not in the table" in error


def test_dead_letters_come_with_reason_position_and_payload() -> None:
    payload = "<img src=x> ‮한글".encode()
    with dashboard(letters={"one": rejected(payload), "two": exhausted(10, 20)}) as served:
        answer = get(served, "/api/dead-letters")
        assert sorted(served.sqs.visible()) == ["one", "two"]

    letters: dict[str, Any] = {letter["id"]: letter for letter in answer["letters"]}
    assert answer["about"] == 2
    assert letters["one"]["payload"] == payload.decode()
    assert letters["one"]["reason"] == "no-id"
    assert letters["one"]["sequence_number"] == "495"
    assert letters["two"]["kind"] == "exhausted"
    assert letters["two"]["sequence_number"] == "10-20"
    assert letters["two"]["records"] == 11


def test_of_many_dead_letters_some_come() -> None:
    many = {str(number): rejected(b"{}") for number in range(MAX_LETTERS + 30)}
    with dashboard(letters=many) as served:
        answer = get(served, "/api/dead-letters")

    assert len(answer["letters"]) == MAX_LETTERS
    assert answer["about"] == MAX_LETTERS + 30


def test_questions_beyond_the_budget_do_not_reach_the_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(questions, "_WINDOW", 1000.0)  # seconds, which no machine is so busy for
    with dashboard(questions_per_s=0.002) as served:
        for _ in range(2):
            get(served, "/api/items", partition="Ada")
        status, error = refusal(served, "/api/items", partition="Ada")
        assert served.table.reads == 2
        asked = get(served, "/api/now")["asked"]

    assert status == 429
    assert "Wait a moment" in error
    assert asked == {"per_s": 0.002, "limit_per_s": 0.002}


def test_the_budget_comes_back_with_time() -> None:
    now = 0.0
    budget = Budget(0.1, clock=lambda: now)
    budget.take()
    with pytest.raises(TooMany):
        budget.take()
    now = 10.0
    budget.take()


def test_what_goes_wrong_is_told_in_one_line() -> None:
    def gone() -> FakePlace:
        raise NothingThere("No emulator answers. Start one: tweetpipe up.")

    with pytest.raises(NothingThere, match="Start one"), Door(gone, "tweets").stack():
        raise AssertionError("it must not come so far")


def test_after_a_failure_the_place_is_looked_for_anew() -> None:
    opened: list[FakePlace] = []

    def open_place() -> FakePlace:
        opened.append(FakePlace.of(FakeSqs({})))
        return opened[-1]

    door = Door(open_place, "tweets")
    # These places have no CloudFormation.
    for _ in range(2):
        with pytest.raises(KeyError), door.stack():
            raise AssertionError("it must not come so far")

    assert len(opened) == 2


def test_a_question_that_fails_does_not_keep_others_out() -> None:
    with dashboard() as served:
        refusal(served, "/api/item", partition="Ada", sort="1")
        answers: list[Any] = []
        asking = [
            threading.Thread(
                target=lambda: answers.append(get(served, "/api/items", partition="Ada"))
            )
            for _ in range(5)
        ]
        for one in asking:
            one.start()
        for one in asking:
            one.join(60)

    assert len(answers) == 5
