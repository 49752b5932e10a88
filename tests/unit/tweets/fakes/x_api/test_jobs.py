"""Compliance jobs of the fake X: their states, their signed addresses, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.unit.tweets.fakes.x_api.client import BEARER, Client, served
from tweets.fakes.x_api import FakeX

JOBS = "/2/compliance/jobs"
NOW = 1_800_000_000.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def fake() -> FakeX:
    return FakeX(clock=Clock())


@pytest.fixture
def client(fake: FakeX) -> Iterator[Client]:
    with served(fake) as found:
        yield found


def created(client: Client, **wanted: Any) -> Any:
    answer = client.post(JOBS, {"type": "tweets", "name": "mine", **wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def send(url: str, body: bytes = b"1\n", **headers: str) -> int:
    return requests.put(url, data=body, headers=headers or BEARER, timeout=60).status_code


def status_of(client: Client, job: Any) -> str:
    return str(client.get(f"{JOBS}/{job['id']}").json()["data"]["status"])


def test_a_job_goes_from_created_to_complete(fake: FakeX, client: Client) -> None:
    fake.jobs.seconds = 60
    job = created(client)
    states = [status_of(client, job)]
    assert send(job["upload_url"]) == 200
    states.append(status_of(client, job))
    assert requests.get(job["download_url"], headers=BEARER, timeout=60).status_code == 403
    fake.clock.now += 60  # type: ignore[attr-defined]
    states.append(status_of(client, job))

    assert states == ["created", "in_progress", "complete"]
    assert (job["name"], job["type"]) == ("mine", "tweets")
    assert job["upload_expires_at"] == "2027-01-15T08:15:00.000Z"
    assert job["download_expires_at"] == "2027-01-22T08:00:00.000Z"


def test_only_what_has_changed_is_in_the_results(fake: FakeX, client: Client) -> None:
    fake.publish()
    id_ = fake.tweet(0).id
    fake.changes.scrub_geo(id_)
    job = created(client)
    send(job["upload_url"], f"{id_}\nabc\n7\n".encode())

    lines = requests.get(job["download_url"], headers=BEARER, timeout=60).text.splitlines()

    assert lines == [
        f'{{"id":"{id_}","action":"scrub_geo","reason":"geo_scrubbed"}}',
        '{"id":"abc","error":"invalid_id"}',
    ]


def test_there_is_one_job_of_a_type_at_a_time(client: Client) -> None:
    job = created(client)

    assert client.post(JOBS, {"type": "tweets"}).status_code == 409
    created(client, type="users")
    cancel = requests.delete(f"{client.url}{JOBS}/{job['id']}", headers=BEARER, timeout=60)
    assert cancel.status_code == 200
    created(client)
    names = [each["status"] for each in client.get(JOBS, type="tweets").json()["data"]]
    assert names == ["cancelled", "created"]


def test_an_address_is_good_for_one_job_for_a_while_and_with_the_token(
    fake: FakeX, client: Client
) -> None:
    job = created(client)
    fake.jobs.max_bytes = 10

    assert send(job["upload_url"], Authorization="Bearer wrong") == 401
    assert send(f"{job['upload_url']}0") == 401
    assert send(job["upload_url"], b"1" * 11) == 413
    fake.clock.now += 16 * 60  # type: ignore[attr-defined]
    assert send(job["upload_url"]) == 403
    assert status_of(client, job) == "expired"


@pytest.mark.parametrize(
    "body", [{}, {"type": "posts"}, {"type": "tweets", "name": "x" * 65}, [], {"type": ["tweets"]}]
)
def test_what_is_no_request_for_a_job_is_refused(body: object, client: Client) -> None:
    assert client.post(JOBS, body).status_code == 400


def test_an_unknown_job_is_not_found(client: Client) -> None:
    assert client.get(f"{JOBS}/7").status_code == 404


def test_requests_are_counted(fake: FakeX, client: Client) -> None:
    assert [client.get(JOBS, type="tweets").status_code for _ in range(151)][-2:] == [200, 429]


def test_posts_are_looked_up_as_they_are_now(fake: FakeX, client: Client) -> None:
    fake.publish()
    fake.publish()
    gone, edited = fake.tweet(0).id, fake.tweet(1).id
    fake.changes.delete(gone)
    newest = fake.changes.edit(edited, "new")

    page = client.get("/2/tweets", ids=f"{gone},{edited},{newest}").json()

    assert [(post["id"], post["text"] == "new") for post in page["data"]] == [
        (edited, False),
        (newest, True),
    ]
    assert all(post["edit_history_tweet_ids"] == [edited, newest] for post in page["data"])
    assert [error["resource_id"] for error in page["errors"]] == [gone]
    assert fake.usage.posts == 2
    assert client.get("/2/tweets").status_code == 400
    assert client.get("/2/tweets", ids="1", nonsense="1").status_code == 400


def test_a_retweet_goes_with_its_original(fake: FakeX, client: Client) -> None:
    while (index := fake.publish()) is not None and not fake.tweet(index).retweet_of:
        pass
    assert index is not None
    retweet = fake.tweet(index)
    assert retweet.retweet_of
    fake.changes.delete(retweet.retweet_of.id)
    job = created(client)
    send(job["upload_url"], f"{retweet.id}\n".encode())

    line = requests.get(job["download_url"], headers=BEARER, timeout=60).json()

    assert (line["id"], line["action"], line["reason"]) == (retweet.id, "delete", "deleted")
