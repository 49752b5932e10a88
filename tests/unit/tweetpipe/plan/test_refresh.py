from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.http_server import Request, serving
from tests.unit.tweetpipe.plan.price_list import price_list, text
from tweetpipe.plan.prices import SERVICES, SKUS, load_prices
from tweetpipe.plan.refresh import main

REGION = "eu-central-1"


def published(request: Request) -> None:
    """What AWS serves: each list at its address."""
    match request.path.split("/"):
        case ["", "offers", "v1.0", "aws", service, "current", region, "index.json"]:
            known = service in SERVICES and region in (REGION, "us-east-1")
            found = text(price_list(service, region)).encode() if known else b"{}"
            request.reply(200 if known else 404, found)
        case _:
            request.reply(404, b"")


def lacking(request: Request) -> None:
    request.reply(200, text(price_list("AWSLambda", REGION) | {"products": {}}).encode())


def broken_off(request: Request) -> None:
    body = text(price_list("AmazonCloudWatch", REGION)).encode()
    request.send_response(200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[: len(body) // 2])
    request.close()


def test_what_a_plan_needs_is_kept_of_what_aws_publishes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prices.json"
    with serving(published) as site:
        code = main(["--region", REGION, str(file)], site=site)

    assert code == 0
    assert capsys.readouterr().out == f"Saved the prices of {REGION} to {file}.\n"
    prices = load_prices(REGION, [file])
    assert {price.cost(2) for price in prices.prices.values()} == {1}
    assert len(json.loads(file.read_text())["products"]) == len(SKUS)


@pytest.mark.parametrize(
    ("handle", "region", "code", "says"),
    [
        (published, "eu-nowhere-1", 1, "returned HTTP status 404. Check that the region"),
        (lacking, REGION, 2, "has no price for AWSLambda Request-ARM in eu-central-1"),
        (broken_off, REGION, 1, "could not be read (IncompleteRead"),
        (Request.reset, REGION, 1, "Check your network connection, then run"),
    ],
)
def test_a_refresh_that_fails_leaves_the_file_and_says_why(
    handle: Callable[[Request], object],
    region: str,
    code: int,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "prices.json"
    file.write_text("as it was")
    with serving(handle) as site:
        assert main(["--region", region, str(file)], site=site) == code

    assert says in capsys.readouterr().err
    assert [each.read_text() for each in tmp_path.iterdir()] == ["as it was"]


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(published) as site:
        assert main([str(tmp_path / "none" / "prices.json")], site=site) == 1

    assert "prices.json can't be written: No such file or directory." in capsys.readouterr().err
