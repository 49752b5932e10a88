from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.tweetpipe.dashboard.doubles import Dashboard, dashboard
from tests.unit.tweetpipe.dashboard.reading import get, post
from tests.unit.tweetpipe.dead_letters.doubles import rejected, tweet

REDRIVE = "/api/dead-letters/redrive"
PURGE = "/api/dead-letters/purge"


def letters(*numbers: int) -> dict[str, str]:
    return {f"letter-{number}": rejected(tweet(number)) for number in numbers}


def in_a_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


def hold_the_function(served: Dashboard) -> tuple[threading.Event, threading.Event]:
    """Makes the function wait: for its being at work, and to let it go on."""
    at_work, go_on = threading.Event(), threading.Event()

    def answer(event: dict[str, Any]) -> Any:
        at_work.set()
        assert go_on.wait(60)
        return {"batchItemFailures": []}

    served.function.answer = answer
    return at_work, go_on


def test_a_letter_is_redriven_and_gone() -> None:
    with dashboard(letters=letters(1, 2)) as served:
        answer = post(served, REDRIVE, {"ids": ["letter-1"]}).json()

        assert answer == {"done": 1, "stored": 1, "rejected": 0, "missed": 0, "kept": []}
        assert served.function.data() == [tweet(1)]
        assert served.sqs.visible() == ["letter-2"]


@pytest.mark.heavy
def test_all_letters_are_redriven() -> None:
    with dashboard(letters=letters(*range(25))) as served:
        answer = post(served, REDRIVE, {"all": True}).json()

        assert (answer["done"], answer["stored"]) == (25, 25)
        assert served.sqs.visible() == []


def test_a_letter_that_would_be_rejected_again_stays_and_says_why() -> None:
    with dashboard(letters={"one": rejected(b'{"text": "no id"}')}) as served:
        answer = post(served, REDRIVE, {"ids": ["one"]}).json()

        assert "rejected again" in answer["kept"][0]["why"]
        assert served.sqs.visible() == ["one"]


def test_a_letter_that_is_gone_is_missed() -> None:
    with dashboard(letters=letters(1)) as served:
        answer = post(served, REDRIVE, {"ids": ["letter-9"]}).json()

        assert (answer["done"], answer["missed"]) == (0, 1)
        assert served.sqs.visible() == ["letter-1"]


def test_a_letter_is_deleted_without_being_stored() -> None:
    with dashboard(letters=letters(1, 2)) as served:
        assert post(served, PURGE, {"ids": ["letter-2"]}).json() == {"deleted": 1, "missed": 0}

        assert served.sqs.visible() == ["letter-1"]
        assert not served.function.events


@pytest.mark.parametrize("path", [REDRIVE, PURGE])
def test_a_dashboard_that_only_reads_changes_nothing(path: str) -> None:
    with dashboard(letters=letters(1), may_act=False, options=" --stack mine") as served:
        assert get(served, "/api/now")["may_act"] is False
        assert get(served, "/api/now")["options"] == " --stack mine"
        answer = post(served, path, {"ids": ["letter-1"]})

        assert answer.status_code == 403
        assert "tweetpipe dashboard --stack mine --allow-actions" in answer.json()["error"]
        assert served.sqs.visible() == ["letter-1"]


@pytest.mark.parametrize(
    "body", [None, [], {}, {"ids": []}, {"ids": "one"}, {"ids": [1]}, {"all": "yes"}, "x" * 70_000]
)
def test_what_names_no_letters_is_refused(body: Any) -> None:
    with dashboard(letters=letters(1)) as served:
        assert post(served, REDRIVE, body).status_code == 400
        assert served.sqs.visible() == ["letter-1"]


def test_everything_is_deleted_by_name_only() -> None:
    with dashboard(letters=letters(1)) as served:
        assert post(served, PURGE, {"all": True}).status_code == 400
        assert served.sqs.visible() == ["letter-1"]


def test_a_second_redrive_waits_for_the_first_ones_end() -> None:
    with dashboard(letters=letters(1)) as served:
        at_work, go_on = hold_the_function(served)
        first, results = in_a_thread(lambda: post(served, REDRIVE, {"all": True}))
        assert at_work.wait(60)
        second = post(served, REDRIVE, {"all": True})
        go_on.set()
        first.join(60)

    assert second.status_code == 409
    assert results[0].json()["done"] == 1


def test_the_end_of_the_server_leaves_the_rest_in_the_queue() -> None:
    with dashboard(letters=letters(1, 2, 3)) as served:
        at_work, go_on = hold_the_function(served)
        redriving, results = in_a_thread(lambda: post(served, REDRIVE, {"all": True}))
        assert at_work.wait(60)
        served.actions.stop()
        go_on.set()
        redriving.join(60)

        assert len(served.sqs.visible()) == 2
    assert "still in the queue" in results[0].json()["error"]
