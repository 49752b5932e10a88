"""Fetches the prices that a plan needs from AWS's public price list, without an account.

AWS publishes one large file per service and region. The prices that are kept stay in their format:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from producer.position import replace_file
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.plan.offers import Offers
from tweetpipe.plan.prices import SERVICES, SKUS

AWS = "https://pricing.us-east-1.amazonaws.com"
_PATIENCE = 60.0  # seconds without an answer


def refresh(regions: Sequence[str], file: Path, *, site: str = AWS) -> None:
    """Replace a file with the prices of these regions, but only if all of them were found."""
    lists: list[Offers] = []
    products: dict[str, object] = {}
    terms: dict[str, object] = {}
    for region in regions:
        for service in sorted(SERVICES):
            offers = _fetch(f"{site}/offers/v1.0/aws/{service}/current/{region}/index.json")
            lists.append(offers)
            for wanted in SKUS.values():
                if wanted.service == service:
                    sku, _ = offers.find(wanted, region)
                    products[sku] = offers.data["products"][sku]
                    terms[sku] = offers.terms[sku]
    oldest = min(lists, key=lambda offers: offers.published).data
    kept = oldest | {"products": products, "terms": {"OnDemand": terms}}
    try:
        replace_file(file, json.dumps(kept, indent=2).encode() + b"\n")
    except OSError as error:
        raise TweetpipeError(
            f"{file} can't be written: {error.strerror}. Name a file in a folder that you can "
            "write to."
        ) from error


def _fetch(url: str) -> Offers:
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:
            return Offers(url, answer.read().decode("utf-8", errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            raise TweetpipeError(
                f"{url} returned HTTP status {error.code}. Check that the region exists, and has "
                "this service."
            ) from error
    except (OSError, http.client.HTTPException) as error:
        raise TweetpipeError(
            f"{url} could not be read ({error}). Check your network connection, then run this "
            "again."
        ) from error


def main(arguments: Sequence[str] | None = None, *, site: str = AWS) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tweetpipe.plan.refresh",
        description="Fetch the prices that `tweetpipe plan` needs from AWS's public price list.",
    )
    parser.add_argument(
        "--region", action="append", help="region to fetch (default: us-east-1); repeat for more"
    )
    parser.add_argument("file", type=Path, help="file to write, for `tweetpipe plan --prices`")
    options = parser.parse_args(arguments)
    regions = options.region or ["us-east-1"]
    try:
        refresh(regions, options.file, site=site)
    except TweetpipeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"Saved the prices of {', '.join(regions)} to {options.file}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
