"""What becomes of items of the table, by what X says of their posts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.tweetpipe.complying.doubles import (
    FakeTable,
    StoredPlace,
    deleted,
    edited,
    judge,
    withheld,
)
from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.complying import Account, Changes, Pace, found_in_table, review

PACE = Pace(units=1000, clock=lambda: 0.0, wait=lambda _: None)
ACCOUNT = "account.ndjson"


def reviewed(
    table: FakeTable, *said: dict[str, Any], account: Account | None = None, **wanted: Any
) -> Changes:
    return review(
        StoredPlace.of(table=table),
        "tweets-EventData",
        judge(*said),
        account=account or Account(Path(ACCOUNT)),
        pace=PACE,
        **wanted,
    )


def lines() -> list[dict[str, str]]:
    return [json.loads(line) for line in Path(ACCOUNT).read_text().splitlines()]


def test_what_x_deletes_is_deleted_and_all_else_stays() -> None:
    table = FakeTable(*map(str, range(1, 11)))

    changes = reviewed(table, deleted("3"), deleted("7"), deleted("99"), wanted={"3", "99"})

    assert list(table.items) == ["1", "2", "4", "5", "6", "8", "9", "10"]
    assert (changes.items, changes.seen) == (10, {"3"})
    assert [(line["id"], line["did"], line["why"]) for line in lines()] == [
        ("3", "deleted", "deleted"),
        ("7", "deleted", "deleted"),
    ]


def test_a_post_that_is_stored_after_its_delete_goes_at_the_next_run() -> None:
    table = FakeTable("1")
    reviewed(table, deleted("2"))
    table.put("2")

    reviewed(table, deleted("2"))

    assert list(table.items) == ["1"]


def test_twice_is_no_more_than_once() -> None:
    table = FakeTable("1", "2")
    said = (deleted("1"), withheld("2", "DE"))
    reviewed(table, *said)
    first = lines()

    reviewed(table, *said)

    assert lines() == first


@pytest.mark.parametrize("order", [("5", "6", "7"), ("7", "6", "5"), ("6", "7", "5")])
def test_of_several_versions_the_last_remains(order: tuple[str, ...]) -> None:
    table = FakeTable(*order)

    reviewed(table, edited("5", "6"), edited("6", "7"))

    assert list(table.items) == ["7"]
    assert {line["why"] for line in lines()} == {"edited"}


def test_a_version_stays_until_a_newer_one_is_stored() -> None:
    table = FakeTable("5")

    changes = reviewed(table, edited("5", "6"))

    assert list(table.items) == ["5"]
    assert [one.id for one in changes.left] == ["5"]
    table.put("6")
    assert reviewed(table, edited("5", "6")).left == []
    assert list(table.items) == ["6"]


def test_all_versions_go_when_one_is_deleted() -> None:
    table = FakeTable("5", "6")

    reviewed(table, edited("5", "6"), deleted("6"))

    assert table.items == {}


def test_what_is_withheld_is_marked_anew_after_it_was_stored_anew() -> None:
    table = FakeTable("1", "2")
    reviewed(table, withheld("1", "FR", "DE"))
    marked = {"L": [{"S": "DE"}, {"S": "FR"}]}

    assert table.items["1"]["WithheldIn"] == marked
    assert "WithheldIn" not in table.items["2"]
    table.put("1")  # as the function does when a batch is tried again
    reviewed(table, withheld("1", "FR", "DE"))
    assert table.items["1"]["WithheldIn"] == marked


def test_a_mark_goes_when_nothing_is_withheld_any_more() -> None:
    table = FakeTable("1")
    reviewed(table, withheld("1", "DE"))

    reviewed(table, withheld("1", "DE"), withheld("1"))

    assert "WithheldIn" not in table.items["1"]


def test_an_item_that_has_gone_meanwhile_does_not_come_back_as_a_mark() -> None:
    class Deleting(FakeTable):
        def update_item(self, **asked: Any) -> None:
            self.items.clear()
            super().update_item(**asked)

    table = Deleting("1")

    reviewed(table, withheld("1", "DE"))

    assert table.items == {}


def test_a_dry_run_counts_and_changes_nothing() -> None:
    table = FakeTable("1", "2", "5", "6")
    account = Account(None)

    reviewed(table, deleted("1"), withheld("2", "DE"), edited("5", "6"), account=account)

    assert list(table.items) == ["1", "2", "5", "6"]
    assert "WithheldIn" not in table.items["2"]
    assert account.counts == {("EventData", "deleted"): 2, ("EventData", "marked"): 1}
    assert list(Path().iterdir()) == []


def test_nothing_is_changed_without_its_line() -> None:
    table = FakeTable("1")
    account = Account(Path("no-such-folder") / ACCOUNT)

    with pytest.raises(TweetpipeError, match=r"Can't write .*: No such file.*run the command"):
        reviewed(table, deleted("1"), account=account)
    assert list(table.items) == ["1"]


def test_a_line_says_when_and_names_no_author() -> None:
    at = datetime(2026, 11, 27, 8, tzinfo=UTC)
    reviewed(FakeTable("1"), deleted("1"), account=Account(Path(ACCOUNT), now=lambda: at))

    assert lines() == [
        {
            "at": "2026-11-27T08:00:00Z",
            "id": "1",
            "did": "deleted",
            "why": "deleted",
            "where": "EventData",
        }
    ]


def test_the_table_is_read_no_faster_than_allowed() -> None:
    now, waits = 0.0, []

    def wait(seconds: float) -> None:
        waits.append(seconds)

    table = FakeTable(*map(str, range(10)))
    pace = Pace(units=0.5, clock=lambda: now, wait=wait)
    stack = complete_stack(EventDataTable="tweets-EventData")

    found = list(found_in_table(StoredPlace.of(table=table), stack, judge(), pace=pace))

    assert found == [str(number) for number in range(10)]
    assert waits == [5.0] * (len(table.scans) - 1)  # pages of 2.5 units
    assert {scan["Limit"] for scan in table.scans} == {5}
    assert {scan["ConsistentRead"] for scan in table.scans} == {False}


def test_a_throttled_scan_waits_and_goes_on() -> None:
    waits: list[float] = []
    table = FakeTable(*map(str, range(5)))
    table.refusals = ["ProvisionedThroughputExceededException"] * 3
    pace = Pace(units=1000, clock=lambda: 0.0, wait=waits.append)

    found = list(scanned(table, pace))

    assert found == [*"01234"]
    assert [wait for wait in waits if wait >= 1] == [5, 15, 30]


@pytest.mark.parametrize(
    "refusals", [["AccessDeniedException"], ["ProvisionedThroughputExceededException"] * 6]
)
def test_a_scan_that_is_refused_for_good_fails(refusals: list[str]) -> None:
    table = FakeTable("1")
    table.refusals = [*refusals]

    with pytest.raises(ClientError, match=refusals[0]):
        list(scanned(table, PACE))

    assert not table.refusals


def scanned(table: FakeTable, pace: Pace) -> Iterator[str]:
    stack = complete_stack(EventDataTable="tweets-EventData")
    return found_in_table(StoredPlace.of(table=table), stack, judge(), pace=pace)
