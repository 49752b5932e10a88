"""tweetpipe dashboard on a real pipeline, in a real browser."""

from __future__ import annotations

import base64
import json
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

import localstack_embedded
from localstack_embedded import DEFAULT_HOME
from localstack_embedded.tests.unused_ports import free_port
from tests.browsers import NewPage, browser, new_page
from tests.commands import Environment, dashboard, producing
from tests.pictures import moving, require_fonts
from tests.soak.page import BROWSER, SERVER, left_open
from tests.stack_fixtures import PARAMETERS, deployed_stack
from tests.waiting import wait_for
from tweetpipe import dead_letters
from tweetpipe.aws.place import Place, local_place
from tweetpipe.aws.stack import Stack
from tweetpipe.looking import table
from tweetpipe.project import ROOT

__all__ = ["browser", "new_page"]


def put(place: Place, stack: Stack, data: bytes) -> None:
    place.kinesis().put_record(
        StreamName=stack.outputs["KinesisStream"], Data=data, PartitionKey="someone"
    )


def tweet(number: int, text: str) -> bytes:
    user = {"name": "Some One", "screen_name": "someone"}
    created = "Wed Oct 10 20:19:24 +0000 2018"
    fields = {"id_str": str(number), "created_at": created, "text": text, "user": user}
    return json.dumps(fields).encode()


def put_until_seen(place: Place, stack: Stack, page: Page, numbers: Iterator[int]) -> str:
    """A tweet's text that is on the page; before the first look, they land unseen."""

    def seen() -> str:
        text = f"tweet {next(numbers)} {uuid.uuid4()}"
        put(place, stack, tweet(int(text.split()[1]), text))
        # The page is asked between two tweets, and no longer than that.
        page.wait_for_timeout(500)
        shown = page.locator("#events .message").all_inner_texts()
        return shown[0] if shown else ""

    return wait_for(seen, "a tweet on the page")


def count(start: int = 1) -> Iterator[int]:
    while True:
        yield start
        start += 1


def test_tweets_land_on_the_page_and_dead_letters_are_handled_there(
    place: Place,
    new_stack: Callable[[], Stack],
    command_environment: Environment,
    new_page: NewPage,
    tmp_path: Path,
) -> None:
    # The page shows fifty dead letters, and other tests' may be as many.
    deployed = new_stack()
    with dashboard(command_environment, deployed.name, tmp_path) as (url, process):
        page = new_page(url)
        expect(page.locator("#overall")).not_to_have_text("Connecting")
        text = put_until_seen(place, deployed, page, count(7_000))

        page.locator("#events li").filter(has_text=text).get_by_role("button").click()
        details = page.get_by_role("dialog")
        expect(details.locator("pre")).to_contain_text(text)
        expect(details).to_contain_text("shardId-")
        page.get_by_role("button", name="All items of this Username").click()
        expect(page.locator("#items").get_by_text(text)).to_be_visible()

        put(place, deployed, b"<script>not json</script>")
        url_of_queue = deployed.outputs["DeadLetterQueueUrl"]
        wait_for(lambda: sum(dead_letters.counts(place, url_of_queue)), "a dead letter")
        page.get_by_role("button", name="Read the queue").click()
        letter = page.locator(".letter").filter(has_text="<script>not json</script>")
        expect(letter).to_contain_text("not-json")
        letter.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete permanently").click()
        expect(letter).to_have_count(0)

        # With the page still open.
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        expect(page.get_by_role("alert")).to_contain_text("server does not answer")
    assert "Traceback" not in (tmp_path / "dashboard.log").read_text()


def test_a_rejected_record_comes_home_by_a_button(
    place: Place,
    new_stack: Callable[[], Stack],
    command_environment: Environment,
    new_page: NewPage,
    tmp_path: Path,
) -> None:
    # The page shows fifty dead letters, and other tests' may be as many.
    deployed = new_stack()
    text = f"redriven {uuid.uuid4()}"
    send_letter(place, deployed, tweet(9_000, text))
    with dashboard(command_environment, deployed.name, tmp_path) as (url, _):
        page = new_page(url)
        page.get_by_role("button", name="Read the queue").click()
        letter = page.locator(".letter").filter(has_text=text)
        expect(letter).to_have_count(1)
        letter.get_by_role("button", name="Redrive").click()
        page.get_by_role("dialog").get_by_role("button", name="Redrive").click()
        expect(page.locator("#letters-note")).to_contain_text(
            "1 record stored, 1 dead letter removed"
        )

    stored = table.get(place, deployed.outputs["EventDataTable"], ("Some One", "9000"))
    assert stored is not None
    assert stored["Message"] == text


@pytest.mark.slow
def test_the_page_outlives_the_emulator(
    command_environment: Environment, new_page: NewPage, tmp_path: Path
) -> None:
    home, port = tmp_path / "localstack", free_port()
    name = f"test-{uuid.uuid4().hex[:8]}"

    def start() -> Place:
        instance = localstack_embedded.start(
            home, environment_home=DEFAULT_HOME, port=port, on_step=print
        )
        return local_place(embedded_endpoint=instance.endpoint, environ={})

    try:
        place = start()
        environment = command_environment | {"AWS_ENDPOINT_URL": place.endpoint or ""}
        with dashboard(environment, name, tmp_path) as (url, _):
            page = new_page(url)
            alert = page.get_by_role("alert")
            expect(alert).to_contain_text(f"no stack {name}")
            with deployed_stack(place, PARAMETERS, name=name) as stack:
                expect(alert).to_be_hidden()
                put_until_seen(place, stack, page, count())
                localstack_embedded.stop(home)
                expect(alert).to_contain_text("No emulator answers")
                place = start()
            with deployed_stack(place, PARAMETERS, name=name) as stack:
                expect(alert).to_be_hidden()
                put_until_seen(place, stack, page, count(100))
    finally:
        localstack_embedded.stop(home)


def test_a_moving_picture_of_the_page(
    place: Place,
    new_stack: Callable[[], Stack],
    command_environment: Environment,
    new_page: NewPage,
    tmp_path: Path,
) -> None:
    """With SCREENSHOTS=1, it becomes the one of docs/watching.md."""
    asked = os.environ.get("SCREENSHOTS") == "1"
    frames, items = (24, 9_000) if asked else (3, 100)
    path = ROOT / "docs/images/dashboard.gif" if asked else tmp_path / "dashboard.gif"
    stack = new_stack()
    taken: list[bytes] = []
    with (
        dashboard(command_environment, stack.name, tmp_path) as (url, _),
        producing(command_environment, stack.name, tmp_path),
    ):
        options = {"reduced_motion": "no-preference"} if asked else {}
        page = new_page(url, viewport={"width": 1280, "height": 1080}, **options)
        expect(page.locator("#events li").nth(4)).to_be_visible()
        wait_for(lambda: item_count(place, stack) >= items, f"{items} tweets")
        for _ in range(frames):
            page.wait_for_timeout(250)
            if asked:
                require_fonts(page)
            taken.append(page.screenshot())
        accent = page.evaluate("getComputedStyle(document.querySelector('.bar i')).backgroundColor")
    moving(taken, path, frame_ms=300)

    with Image.open(path) as recording:
        assert recording.format == "GIF"
        assert getattr(recording, "n_frames", 1) > 1
        colors = {color for _, color in recording.convert("RGB").getcolors(1 << 24) or []}
        assert accent in {f"rgb{color}" for color in colors}


@pytest.mark.slow
def test_an_open_page_takes_no_more_than_it_may(
    endpoint: str, browser: Browser, tmp_path: Path
) -> None:
    """What becomes of it in an hour is for `make soak-page`."""
    [sample] = left_open(browser, endpoint, minutes=0.1, rate=100, folder=tmp_path, say=print)

    assert 0 < sample.server < SERVER
    assert 0 < sample.own < BROWSER


def item_count(place: Place, stack: Stack) -> int:
    """What is stored; an emulator knows at once."""
    found = place.dynamodb().describe_table(TableName=stack.outputs["EventDataTable"])
    return found["Table"]["ItemCount"]


def send_letter(place: Place, stack: Stack, data: bytes) -> None:
    """What the function would have sent of a record that it takes today."""
    found = place.kinesis().describe_stream_summary(StreamName=stack.outputs["KinesisStream"])
    body = {
        "kind": "rejected",
        "reason": "unexpected",
        "detail": "",
        "streamArn": found["StreamDescriptionSummary"]["StreamARN"],
        "shardId": "shardId-000000000000",
        "sequenceNumber": "1",
        "partitionKey": "someone",
        "arrivedAt": "2024-01-01T00:00:00.000Z",
        "payload": base64.b64encode(data).decode(),
        "payloadBytes": len(data),
    }
    place.sqs().send_message(
        QueueUrl=stack.outputs["DeadLetterQueueUrl"], MessageBody=json.dumps(body)
    )
