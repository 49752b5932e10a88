"""What AWS charges in a region, from files in AWS's price list format.

prices.json is such a file, with what a plan needs and nothing else. It was written by hand from
what others quote of AWS's list, as the sources in it say, and `python -m tweetpipe.plan.refresh`
replaces it by what AWS publishes.
"""

from __future__ import annotations

from collections.abc import Sequence
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
"""What a plan needs. Of Advantage, only the names of the operations are known here."""

SERVICES = frozenset(sku.service for sku in SKUS.values())


@dataclass(frozen=True)
class Prices:
    """The prices of one region; `published` is when the oldest of their lists was."""

    region: str
    published: str
    prices: dict[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.prices[name]

    @property
    def quoted(self) -> int:
        """How many are quoted from others instead of read from AWS."""
        return sum("://" in price.source for price in self.prices.values())


def load_prices(region: str, files: Sequence[Path] = ()) -> Prices:
    """The prices of a region: each service's from the last file that has it, or from ours."""
    lists: dict[str, Offers] = {}
    for file in (PRICES_FILE, *files):
        offers = read_offers(file)
        if not offers.services & SERVICES:
            raise NotAPriceList(
                f"{file} has no prices of {', '.join(sorted(SERVICES))}: it is another service's."
            )
        lists |= dict.fromkeys(offers.services & SERVICES, offers)
    if lacking := sorted(service for service in SERVICES if region not in lists[service].regions):
        known = set.intersection(*(offers.regions for offers in lists.values()))
        raise NotAPriceList(
            f"There are no prices of {', '.join(lacking)} for region {region!r} "
            f"(there are for {', '.join(sorted(known)) or 'none'}). Fetch them from AWS: "
            f"`python -m tweetpipe.plan.refresh --region {region} prices.json`, then add "
            "`--prices prices.json`."
        )
    return Prices(
        region=region,
        published=min(offers.published for offers in lists.values()),
        prices={name: lists[sku.service].find(sku, region)[1] for name, sku in SKUS.items()},
    )
