"""AWS's price list in the format that AWS publishes: one offer file per service.

`products` lists what is sold, by SKU, and `terms.OnDemand` the prices, in tiers by quantity:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tweetpipe.aws.errors import TweetpipeError, WrongUsage

# "EUC1-Storage-ShardHour" is a Storage-ShardHour in eu-central-1, "EU-" is eu-west-1, and us-east-1
# usually has no prefix. "IA-" is not a region, but another class of table.
_OF_REGION = re.compile(r"(?:EU|[A-Z]{3}\d)-")


class NotAPriceList(WrongUsage):
    """A file is not in AWS's price list format, or lacks a price that is needed."""


@dataclass(frozen=True)
class Sku:
    """Something sold, by its usage type without the region, or by operation if that isn't known.

    A usage type may have several operations with different prices.
    """

    service: str
    usage: str = ""
    operation: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.service, self.usage, self.operation)))

    def is_sold_as(self, attributes: dict[str, str]) -> bool:
        """Whether a product with these attributes is this one."""
        usage = _OF_REGION.sub("", attributes.get("usagetype", ""), count=1)
        return (
            attributes.get("servicecode") == self.service
            and self.usage in ("", usage)
            and (not self.operation or self.operation in attributes.values())
        )


@dataclass(frozen=True)
class Tier:
    """The price in US dollars of each unit from `begin` to `end` in a month."""

    begin: float
    end: float
    dollars: float


@dataclass(frozen=True)
class Price:
    """The price of a unit, with its source and effective date."""

    unit: str
    tiers: tuple[Tier, ...]
    source: str
    dated: str

    def cost(self, quantity: float) -> float:
        """The price in US dollars of this quantity in a month, without a free tier."""
        return sum(
            max(0.0, min(quantity, tier.end) - tier.begin) * tier.dollars for tier in self.tiers
        )


class Offers:
    """A file in AWS's price list format."""

    def __init__(self, name: str, text: str) -> None:
        """Read the text; messages refer to it by `name`."""
        self.name = name
        try:
            self.data = json.loads(text)
        except ValueError as error:
            raise NotAPriceList(
                f"{name} is incomplete or not JSON ({error}). Download it again."
            ) from error
        try:
            self.published = str(self.data["publicationDate"])[:10]
            self._version = f"{self.data['offerCode']} {self.data['version']}"
            self.products = {
                str(sku): dict(product["attributes"])
                for sku, product in self.data["products"].items()
            }
            self.terms: dict[str, Any] = dict(self.data["terms"]["OnDemand"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise NotAPriceList(
                f"{name} is not in AWS's price list format (version v1.0, one service, with "
                "products and terms). An example of such a file is "
                "offers/v1.0/aws/AmazonKinesis/current/us-east-1/index.json."
            ) from error

    @property
    def services(self) -> set[str]:
        """The service codes of its products."""
        return {attributes.get("servicecode", "") for attributes in self.products.values()}

    @property
    def regions(self) -> set[str]:
        """The regions of its products."""
        return {attributes.get("regionCode", "") for attributes in self.products.values()}

    def find(self, wanted: Sku, region: str) -> tuple[str, Price]:
        """The SKU code and the price of a product in a region; raises NotAPriceList if missing."""
        found = {
            sku: self._price(sku)
            for sku, attributes in self.products.items()
            if attributes.get("regionCode") == region and wanted.is_sold_as(attributes)
        }
        if not found:
            raise NotAPriceList(f"{self.name} has no price for {wanted} in {region}.")
        if len({price.tiers for price in found.values()}) > 1:
            raise NotAPriceList(
                f"{self.name} has several prices for {wanted} in {region}: {', '.join(found)}."
            )
        return next(iter(found.items()))

    def _price(self, sku: str) -> Price:
        where = f"{self.name}, SKU {sku}"
        try:
            term = max(self.terms[sku].values(), key=lambda term: str(term["effectiveDate"]))
            dimensions = list(term["priceDimensions"].values())
            currencies = {name for each in dimensions for name in each["pricePerUnit"]}
            if currencies != {"USD"}:
                raise NotAPriceList(
                    f"{where}: the price is in {', '.join(sorted(currencies)) or 'no currency'}, "
                    "but plans support only US dollars."
                )
            tiers = [
                Tier(
                    begin=float(each["beginRange"]),
                    end=float(each["endRange"]),
                    dollars=float(each["pricePerUnit"]["USD"]),
                )
                for each in dimensions
            ]
            return Price(
                unit=str(dimensions[0]["unit"]),
                tiers=_without_free(where, sorted(tiers, key=lambda tier: tier.begin)),
                source=term.get("termAttributes", {}).get("source") or f"AWS: {self._version}",
                dated=str(term["effectiveDate"])[:10],
            )
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise NotAPriceList(
                f"{where}: the terms are not in AWS's price list format ({error!r})."
            ) from error


def read_offers(file: Path) -> Offers:
    """The price list in a file."""
    try:
        return Offers(str(file), file.read_text(encoding="utf-8"))
    except OSError as error:
        raise TweetpipeError(
            f"{file} can't be read: {error.strerror}. Check the path that --prices gives."
        ) from error
    except UnicodeDecodeError as error:
        raise NotAPriceList(f"{file} is not a price list, because it is not text.") from error


def _without_free(where: str, tiers: list[Tier]) -> tuple[Tier, ...]:
    """The contiguous tiers from 0 on, with a free tier priced like the next one.

    A free tier applies to the whole account, where other workloads may have used it up.
    """
    edges = [0.0, *(edge for tier in tiers for edge in (tier.begin, tier.end)), math.inf]
    follow_each_other = all(left == right for left, right in list(pairwise(edges))[::2])
    if not follow_each_other or any(
        not tier.begin < tier.end or not 0 <= tier.dollars < math.inf for tier in tiers
    ):
        raise NotAPriceList(
            f"{where}: the price tiers must cover 0 to Inf without gaps, at prices of 0 or more."
        )
    if len(tiers) > 1 and tiers[0].dollars == 0:
        free, paid, *rest = tiers
        tiers = [Tier(free.begin, paid.end, paid.dollars), *rest]
    return tuple(tiers)
