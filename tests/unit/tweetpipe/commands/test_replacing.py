"""Newer versions of edited posts are fetched within the limit, and stored by the function."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.tweetpipe.complying.doubles import FakeTable, StoredPlace
from tests.unit.tweetpipe.dead_letters.doubles import STACK, FakeLambda
from tests.unit.tweetpipe.stubs import complete_stack
from tweetpipe.commands.replacing import replace_stale
from tweetpipe.complying import Account, Left
from tweets.fakes.x_api import FakeX, Served, serving
from tweets.fakes.x_api.limits import RateWindow
from tweets.x import Allowance, Credentials, XApi
from tweets.x.errors import XRefused

WITH_TABLE = complete_stack(**STACK.outputs, EventDataTable="tweets-EventData")


@pytest.fixture
def x() -> Iterator[Served]:
    with serving(FakeX()) as served:
        yield served


def edited(x: Served, count: int) -> list[str]:
    indexes = [x.fake.publish() for _ in range(count)]
    ids = [x.fake.tweet(index).id for index in indexes if index is not None]
    for id_ in ids:
        x.fake.changes.edit(id_, f"newer than {id_}")
    return ids


def replaced(
    x: Served, table: FakeTable, function: FakeLambda, *, limit: float | None = None
) -> tuple[list[str], int, Allowance]:
    allowance = Allowance(Path("x-spending.json"), account=x.url, price=0.005, limit=limit)
    stale = [
        Left(id_, {name: item[name] for name in ("Username", "Id")})
        for id_, item in table.items.items()
    ]
    failures, done = replace_stale(
        StoredPlace.of(table=table, function=function),
        WITH_TABLE,
        XApi(Credentials(bearer_token=x.fake.credentials.bearer_token), url=x.url),
        stale,
        Account(Path("account.ndjson")),
        allowance,
    )
    return failures, done, allowance


def test_the_newest_is_stored_before_the_older_one_goes(x: Served) -> None:
    ids = edited(x, 2)
    table, function = FakeTable(*ids), FakeLambda()

    failures, done, allowance = replaced(x, table, function)

    assert (failures, done) == ([], 2)
    assert table.items == {}
    texts = [json.loads(data)["data"]["text"] for data in function.data()]
    assert texts == [f"newer than {id_}" for id_ in ids]
    assert allowance.spent.posts == 4


def test_what_the_function_does_not_store_keeps_its_older_version(x: Served) -> None:
    [id_] = edited(x, 1)
    table = FakeTable(id_)
    failing = FakeLambda(error="Unhandled")

    failures, done, _ = replaced(x, table, failing)

    assert done == 0
    assert "were not stored" in failures[0]
    assert list(table.items) == [id_]


def test_the_monthly_limit_leaves_the_rest_for_later(x: Served) -> None:
    ids = edited(x, 3)
    table = FakeTable(*ids)

    failures, done, allowance = replaced(x, table, FakeLambda(), limit=0.02)

    assert done == 2
    assert list(table.items) == ids[2:]
    assert "left no room for 1 edited post" in failures[0]
    assert allowance.spent.dollars <= 0.02


def test_a_post_that_is_not_to_be_had_any_more_goes(x: Served) -> None:
    [id_] = edited(x, 1)
    x.fake.changes.delete(id_)
    table, function = FakeTable(id_), FakeLambda()

    failures, done, allowance = replaced(x, table, function)

    assert (failures, done, table.items) == ([], 1, {})
    assert function.events == []
    assert allowance.spent.posts == 0


def test_what_x_was_paid_for_is_stored_also_when_it_fails_later(x: Served) -> None:
    """At the next run, X would charge for it again."""
    ids = edited(x, 150)
    table, function = FakeTable(*ids), FakeLambda()
    x.fake.windows["lookup"] = RateWindow(2, time.time)  # two calls for each hundred

    with pytest.raises(XRefused):
        replaced(x, table, function)

    assert list(table.items) == ids[100:]
    assert len(function.data()) == 100
    counted = json.loads(Path("x-spending.json").read_text())[x.url]
    assert counted["posts"] == 200 + 2 * 50  # those of the call that failed are left counted
