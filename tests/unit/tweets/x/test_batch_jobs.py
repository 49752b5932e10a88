"""X's batch compliance jobs, asked of a server that runs them as X does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.http_server import Request
from tests.http_server import serving as serving_http
from tweets.fakes.x_api import FakeX, Served, serving
from tweets.x import Batch, Credentials, Jobs, XApi, newest_versions
from tweets.x.errors import XError, XRefused, XUnreachable
from tweets.x.jobs import Job

TOKEN = FakeX().credentials.bearer_token


class Killed(BaseException):
    """What ends a run at once, as a kill does: nothing in it may catch this."""


class Clock:
    """Time that passes by waiting alone."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def x(clock: Clock) -> Iterator[Served]:
    with serving(FakeX(clock=clock)) as served:
        yield served


def api_of(x: Served) -> XApi:
    return XApi(Credentials(bearer_token=TOKEN), url=x.url)


@pytest.fixture
def batch(x: Served, clock: Clock, tmp_path: Path) -> Callable[..., Batch]:
    """A run that knows what its predecessors in the same folder have left."""

    def make(**settings: Any) -> Batch:
        return Batch(
            Jobs(api_of(x)),
            tmp_path / "compliance-test",
            label="tweetpipe test",
            wait=clock.wait,
            now=clock,
            **settings,
        )

    return make


def published(x: Served, count: int) -> list[str]:
    indexes = [x.fake.publish() for _ in range(count)]
    return [x.fake.tweet(index).id for index in indexes if index is not None]


def actions(batch: Batch) -> dict[str, str]:
    return {line["id"]: line["reason"] for line in batch.results()}


def test_x_says_what_has_become_of_the_ids(x: Served, batch: Callable[..., Batch]) -> None:
    deleted, edited, protected, same = published(x, 4)
    x.fake.changes.delete(deleted)
    x.fake.changes.edit(edited, "mended")
    author = x.fake.post(protected)
    assert author
    x.fake.changes.author(author.author.id, "protected")
    run = batch()
    run.begin([deleted, edited, protected, same])
    run.run()

    found = actions(run)

    assert found[deleted] == "deleted"
    assert found[edited] == "tweet_edited"
    assert found[protected] == "protected"


def test_a_job_is_waited_for_less_and_less_often(
    x: Served, clock: Clock, batch: Callable[..., Batch]
) -> None:
    x.fake.jobs.seconds = 600
    run = batch()
    run.begin(["1"])
    run.run()

    assert clock.waits[:6] == [2, 4, 8, 16, 32, 60]
    assert max(clock.waits) == 60


def test_ids_go_to_one_job_after_the_other(x: Served, batch: Callable[..., Batch]) -> None:
    ids = published(x, 5)
    for id_ in ids:
        x.fake.changes.delete(id_)
    run = batch(part_bytes=2 * (len(ids[0]) + 1))
    run.begin(ids)
    run.run()

    assert [job.ids for job in x.fake.jobs.jobs] == [ids[:2], ids[2:4], ids[4:]]
    assert actions(run).keys() == set(ids)


def test_without_ids_x_is_not_asked(x: Served, batch: Callable[..., Batch]) -> None:
    run = batch()
    run.begin([])
    run.run()

    assert x.fake.jobs.jobs == []
    assert list(run.results()) == []


STEPS = ("create", "upload", "get", "download")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_was_killed_goes_on_with_its_job(
    step: str,
    after: bool,
    x: Served,
    batch: Callable[..., Batch],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether X has heard of the step, or not."""
    ids = published(x, 3)
    x.fake.changes.delete(ids[0])
    real = getattr(Jobs, step)

    def killed(*arguments: Any) -> None:
        if after:
            real(*arguments)
        raise Killed

    run = batch()
    run.begin(ids)
    with monkeypatch.context() as patched:
        patched.setattr(Jobs, step, killed)
        with pytest.raises(Killed):
            run.run()
    again = batch()
    assert again.is_under_way
    again.run()

    assert [job.ids for job in x.fake.jobs.jobs] == [ids]
    assert actions(again) == {ids[0]: "deleted"}


def test_a_run_that_is_through_leaves_nothing(
    batch: Callable[..., Batch], x: Served, tmp_path: Path
) -> None:
    run = batch()
    run.begin(["1"])
    run.run()
    run.forget()

    assert list(tmp_path.iterdir()) == []
    assert not batch().is_under_way


def test_no_address_that_x_signed_is_kept_or_shown(
    x: Served, batch: Callable[..., Batch], tmp_path: Path
) -> None:
    said: list[str] = []
    run = batch(say=said.append)
    run.begin(published(x, 2))
    run.run()

    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode()
    [job] = x.fake.jobs.jobs
    shown = f"{kept} {said} {Jobs(api_of(x)).get(job.id)}"
    assert job.token not in shown
    assert TOKEN not in shown


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any) -> None:
        raise error

    return fail


def test_a_job_that_expired_before_its_ids_came_is_followed_by_another(
    x: Served, clock: Clock, batch: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = batch()
    run.begin(["1"])
    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "upload", raising(Killed()))
        with pytest.raises(Killed):
            run.run()
    clock.now += 16 * 60
    batch().run()

    assert [job.ids for job in x.fake.jobs.jobs] == [None, ["1"]]


def test_a_job_whose_address_takes_no_ids_is_canceled(
    x: Served, batch: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refusals = Jobs.upload, iter([XRefused(403, {}, reset=None)])

    def upload(jobs: Jobs, *rest: Any) -> None:
        for refusal in refusals:
            raise refusal
        real(jobs, *rest)

    monkeypatch.setattr(Jobs, "upload", upload)
    run = batch()
    run.begin(["1"])
    run.run()

    first, second = x.fake.jobs.jobs
    assert (first.ended, first.ids, second.ids) == ("cancelled", None, ["1"])


def test_a_job_that_failed_is_named_and_the_next_run_begins_another(
    x: Served, clock: Clock, batch: Callable[..., Batch]
) -> None:
    x.fake.jobs.fails = True
    run = batch()
    run.begin(["1"])

    with pytest.raises(XError, match=r"job \d+ is failed\. To start a new job, run"):
        run.run()
    batch().run()

    assert [job.ids for job in x.fake.jobs.jobs] == [["1"], ["1"]]


def test_results_that_have_expired_are_asked_for_anew(
    x: Served, clock: Clock, batch: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = batch()
    run.begin(["1"])
    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "download", raising(Killed()))
        with pytest.raises(Killed):
            run.run()
    clock.now += 8 * 24 * 3600

    with pytest.raises(XError, match="no longer has the results"):
        batch().run()
    batch().run()

    assert len(x.fake.jobs.jobs) == 2


def test_a_job_of_somebody_else_is_named_and_let_be(
    x: Served, clock: Clock, batch: Callable[..., Batch]
) -> None:
    other = x.fake.jobs.create("tweets", "somebody's")
    run = batch()
    run.begin(["1"])

    with pytest.raises(XError, match=rf"job {other.id} \(somebody's, created\)"):
        run.run()
    x.fake.jobs.cancel(other.id)
    batch().run()

    assert [job.ids for job in x.fake.jobs.jobs] == [None, ["1"]]


def test_what_fails_for_a_moment_is_tried_again(
    x: Served, clock: Clock, batch: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = Jobs.get, iter([XUnreachable("gone"), XRefused(503, {}, reset=None)])

    def get(jobs: Jobs, id_: str) -> Any:
        for failure in failures:
            raise failure
        return real(jobs, id_)

    monkeypatch.setattr(Jobs, "get", get)
    run = batch()
    run.begin(["1"])
    run.run()

    assert clock.waits == [0.25, 5.0]
    assert [job.ids for job in x.fake.jobs.jobs] == [["1"]]


def test_a_wrong_token_is_told_at_once(x: Served, clock: Clock, tmp_path: Path) -> None:
    api = XApi(Credentials(bearer_token="wrong"), url=x.url)
    run = Batch(Jobs(api), tmp_path / "c", label="t", wait=clock.wait)
    run.begin(["1"])

    with pytest.raises(XRefused, match="401"):
        run.run()
    assert clock.waits == []


def test_the_token_goes_to_x_alone_and_no_error_quotes_a_signed_address(x: Served) -> None:
    heard: list[str | None] = []

    def answer(request: Request) -> None:
        heard.append(request.headers.get("Authorization"))
        request.reply(403, f"<Error>no, by {request.path}</Error>".encode())

    api = api_of(x)
    with serving_http(answer) as storage, pytest.raises(XRefused) as refused:
        api.authorized("GET", f"{storage}/results?signature=secret")
    with pytest.raises(XUnreachable) as unreachable:
        api.authorized("PUT", "http://127.0.0.1:1/upload?signature=secret", data=b"1")

    assert heard == [None]
    for error in (refused.value, unreachable.value):
        chain: list[BaseException] = [error]
        while (cause := chain[-1].__cause__) is not None:
            chain.append(cause)
        assert error.__suppress_context__ or error.__context__ is None
        assert not any("secret" in f"{each} {each!r}" for each in chain)


def test_a_login_page_is_told_from_x() -> None:
    def answer(request: Request) -> None:
        request.reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})

    with serving_http(answer) as url:
        jobs = Jobs(XApi(Credentials(bearer_token=TOKEN), url=url))
        with pytest.raises(XError, match="not from X's API"):
            jobs.create("name")


def test_results_that_are_cut_off_are_downloaded_again(tmp_path: Path) -> None:
    whole, asked = b'{"id":"1","action":"delete","reason":"deleted"}\n', []

    def answer(request: Request) -> None:
        asked.append(request.path)
        request.send_response(200)
        request.send_header("Content-Length", str(len(whole)))
        request.end_headers()
        request.wfile.write(whole[: 10 if len(asked) == 1 else None])
        request.close()

    to = tmp_path / "results"
    with serving_http(answer) as url:
        jobs = Jobs(XApi(Credentials(bearer_token=TOKEN), url=url))
        job = Job("1", "", "complete", download_url=f"{url}/results")
        with pytest.raises(XUnreachable, match="cut off"):
            jobs.download(job, to)
        assert not to.exists()
        jobs.download(job, to)

    assert to.read_bytes() == whole


def test_results_that_are_none_are_asked_for_anew(
    x: Served, batch: Callable[..., Batch], tmp_path: Path
) -> None:
    run = batch()
    run.begin(["1"])
    run.run()
    (tmp_path / "compliance-test.results.0").write_bytes(b"<html>\n")

    with pytest.raises(XError, match="run the command again"):
        list(batch().results())
    assert not batch().is_under_way


def test_the_newest_version_of_a_post_is_fetched_whole(x: Served) -> None:
    edited, same, gone = published(x, 3)
    second = x.fake.changes.edit(edited, "better")
    third = x.fake.changes.edit(second, "best")
    x.fake.changes.delete(gone)

    fetched = newest_versions(api_of(x), [edited, same, gone, "1"])

    assert fetched.missing == {gone, "1"}
    assert fetched.paid == 3
    assert {id_: newest for id_, (newest, _) in fetched.records.items()} == {
        edited: third,
        same: same,
    }
    record = json.loads(fetched.records[edited][1])
    assert record["data"]["text"] == "best"
    assert record["includes"]["users"][0]["id"] == record["data"]["author_id"]


def test_a_post_that_x_fails_to_find_is_not_taken_for_gone() -> None:
    kinds = {
        "1": "resource-not-found",
        "2": "not-authorized-for-resource",
        "3": "service-unavailable",
    }
    errors = [
        {"resource_id": id_, "type": f"https://api.twitter.com/2/problems/{kind}"}
        for id_, kind in kinds.items()
    ]

    def answer(request: Request) -> None:
        request.reply(200, json.dumps({"errors": errors}).encode())

    with serving_http(answer) as url:
        api = XApi(Credentials(bearer_token=TOKEN), url=url)
        fetched = newest_versions(api, ["1", "2", "3", "4"])

    assert (fetched.missing, fetched.records) == ({"1", "2"}, {})


def test_the_fake_x_takes_changes_from_another_process(x: Served) -> None:
    [id_] = published(x, 1)
    url = f"{x.url}/_fake/changes"

    made = requests.post(url, json=[{"delete": id_}], timeout=60)
    odd = requests.post(url, json=[{"edit": id_}], timeout=60)

    assert (made.status_code, odd.status_code) == (200, 400)
    assert x.fake.changes.why_gone(id_) == "deleted"
