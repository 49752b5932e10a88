"""AWS's prices in a region, from files in AWS's price list format.

prices.json is such a file with only the prices that a plan needs. It was written by hand from third
parties that quote AWS's list; it names them as sources. `python -m tweetpipe.plan.refresh` replaces
it with AWS's own prices.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tweetpipe.plan.offers import NotAPriceList, Offers, Price, Sku, read_offers

PRICES_FILE = Path(__file__).with_name("prices.json")

SKUS = {
    "kinesis_shard_hour": Sku("AmazonKinesis", "Storage-ShardHour"),
    "kinesis_put": Sku("AmazonKinesis", "PutRequestPayloadUnits"),
    "kinesis_stream_hour": Sku("AmazonKinesis", "OnDemand-StreamHour"),
    "kinesis_in_gb": Sku("AmazonKinesis", "OnDemand-BilledIncomingBytes"),
    "kinesis_out_gb": Sku("AmazonKinesis", "OnDemand-BilledOutgoingBytes"),
    "advantage_in_gb": Sku("AmazonKinesis", operation="AdvantageDataIngested"),
    "advantage_in_missing_gb": Sku("AmazonKinesis", operation="AdvantageDataIngestionShortfall"),
    "advantage_out_gb": Sku("AmazonKinesis", operation="AdvantageDataRetrieval"),
    "advantage_out_missing_gb": Sku("AmazonKinesis", operation="AdvantageDataRetrievalShortfall"),
    "lambda_request_arm64": Sku("AWSLambda", "Request-ARM"),
    "lambda_request_x86_64": Sku("AWSLambda", "Request"),
    "lambda_gb_second_arm64": Sku("AWSLambda", "Lambda-GB-Second-ARM"),
    "lambda_gb_second_x86_64": Sku("AWSLambda", "Lambda-GB-Second"),
    "dynamodb_write": Sku("AmazonDynamoDB", "WriteRequestUnits"),
    "dynamodb_read": Sku("AmazonDynamoDB", "ReadRequestUnits"),
    "dynamodb_wcu_hour": Sku("AmazonDynamoDB", "WriteCapacityUnit-Hrs"),
    "dynamodb_storage_gb_month": Sku("AmazonDynamoDB", "TimedStorage-ByteHrs"),
    "dynamodb_recovery_gb_month": Sku("AmazonDynamoDB", "TimedPITRStorage-ByteHrs"),
    "logs_in_gb": Sku("AmazonCloudWatch", "DataProcessing-Bytes", "PutLogEvents"),
    "custom_metric_month": Sku("AmazonCloudWatch", "CW:MetricMonitorUsage"),
}
"""The prices that a plan needs. For Advantage, only the names of the operations are known."""

SERVICES = frozenset(sku.service for sku in SKUS.values())


@dataclass(frozen=True)
class Prices:
    """The prices of one region; `published` is the date of the oldest price list."""

    region: str
    published: str
    prices: dict[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.prices[name]

    @property
    def quoted(self) -> int:
        """The number of prices quoted from third parties instead of read from AWS."""
        return sum("://" in price.source for price in self.prices.values())


def load_prices(region: str, files: Sequence[Path] = ()) -> Prices:
    """The prices of a region, each service's from the last file that has it, or from our own."""
    lists: dict[str, Offers] = {}
    for file in (PRICES_FILE, *files):
        with _leading_to_a_good_file(region):
            offers = read_offers(file)
        if not offers.services & SERVICES:
            raise NotAPriceList(
                f"{file} has prices of another service. A plan needs prices of "
                f"{', '.join(sorted(SERVICES))}. {_fetching(region)}"
            )
        lists |= dict.fromkeys(offers.services & SERVICES, offers)
    if lacking := sorted(service for service in SERVICES if region not in lists[service].regions):
        known = set.intersection(*(offers.regions for offers in lists.values()))
        of = "" if len(lacking) == len(SERVICES) else f" of {', '.join(lacking)}"
        raise NotAPriceList(
            f"There are no prices{of} for the region {region!r}, only for "
            f"{', '.join(sorted(known)) or 'no region'}. Check the name. {_fetching(region)}"
        )
    with _leading_to_a_good_file(region):
        prices = {name: lists[sku.service].find(sku, region)[1] for name, sku in SKUS.items()}
    return Prices(
        region=region,
        published=min(offers.published for offers in lists.values()),
        prices=prices,
    )


@contextmanager
def _leading_to_a_good_file(region: str) -> Iterator[None]:
    """Adds the command that fetches prices to an error about a price list."""
    try:
        yield
    except NotAPriceList as error:
        raise NotAPriceList(f"{error} {_fetching(region)}") from error


def _fetching(region: str) -> str:
    return (
        "To fetch the region's prices, run this, then plan again with --prices prices.json:\n"
        f"  {shlex.quote(sys.executable)} -m tweetpipe.plan.refresh --region {region} prices.json"
    )
