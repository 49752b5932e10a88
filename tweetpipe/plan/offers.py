"""AWS's price list as AWS publishes it: offer files, of which one has the prices of a service.

`products` says what is sold, by SKU, and `terms.OnDemand` at which price, in tiers by quantity:
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

# "EUC1-Storage-ShardHour" is a Storage-ShardHour of eu-central-1, "EU-" is eu-west-1, and us-east-1
# mostly has no prefix. "IA-" is none, but another class of table.
_OF_REGION = re.compile(r"(?:EU|[A-Z]{3}\d)-")


class NotAPriceList(WrongUsage):
    """A file is not in AWS's price list format, or lacks a price that is needed."""


@dataclass(frozen=True)
class Sku:
    """What is sold: by its usage type without the region, or where that isn't known, by operation.

    A usage type may be sold for several operations at different prices.
    """

    service: str
    usage: str = ""
    operation: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.service, self.usage, self.operation)))

    def is_sold_as(self, attributes: dict[str, str]) -> bool:
        """Whether a product's attributes are those of this."""
        usage = _OF_REGION.sub("", attributes.get("usagetype", ""), count=1)
        return (
            attributes.get("servicecode") == self.service
            and self.usage in ("", usage)
            and (not self.operation or self.operation in attributes.values())
        )


@dataclass(frozen=True)
class Tier:
    """US dollars for each unit from `begin` to `end` of a month."""

    begin: float
    end: float
    dollars: float


@dataclass(frozen=True)
class Price:
    """What a unit costs, with where that was read and since when it holds."""

    unit: str
    tiers: tuple[Tier, ...]
    source: str
    dated: str

    def cost(self, quantity: float) -> float:
        """US dollars for so many units in a month, nothing of them free."""
        return sum(
            max(0.0, min(quantity, tier.end) - tier.begin) * tier.dollars for tier in self.tiers
        )


class Offers:
    """A file in AWS's price list format."""

    def __init__(self, name: str, text: str) -> None:
        """Read the text; `name` is what messages call it."""
        self.name = name
        try:
            self.data = json.loads(text)
        except ValueError as error:
            raise NotAPriceList(
                f"{name} is not whole, or not JSON ({error}): download it again."
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
                "products and terms): download "
                "offers/v1.0/aws/AmazonKinesis/current/us-east-1/index.json, for instance."
            ) from error

    @property
    def services(self) -> set[str]:
        """The service codes that it has products of."""
        return {attributes.get("servicecode", "") for attributes in self.products.values()}

    @property
    def regions(self) -> set[str]:
        """The regions that it has products of."""
        return {attributes.get("regionCode", "") for attributes in self.products.values()}

    def find(self, wanted: Sku, region: str) -> tuple[str, Price]:
        """The code and the price of what is sold in a region; NotAPriceList if it isn't there."""
        found = {
            sku: self._price(sku)
            for sku, attributes in self.products.items()
            if attributes.get("regionCode") == region and wanted.is_sold_as(attributes)
        }
        if not found:
            raise NotAPriceList(f"{self.name} has no price of {wanted} in {region}.")
        if len({price.tiers for price in found.values()}) > 1:
            raise NotAPriceList(
                f"{self.name} has several prices of {wanted} in {region}: {', '.join(found)}."
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
                    "and only US dollars can be planned with."
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
        raise TweetpipeError(f"{file} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise NotAPriceList(f"{file} is not text, so no price list.") from error


def _without_free(where: str, tiers: list[Tier]) -> tuple[Tier, ...]:
    """The tiers from 0 on, each next to the one before; what is free costs as much as the next.

    A free tier is the account's, and what else runs in it may have used it up.
    """
    edges = [0.0, *(edge for tier in tiers for edge in (tier.begin, tier.end)), math.inf]
    follow_each_other = all(left == right for left, right in list(pairwise(edges))[::2])
    if not follow_each_other or any(
        not tier.begin < tier.end or not 0 <= tier.dollars < math.inf for tier in tiers
    ):
        raise NotAPriceList(
            f"{where}: the tiers don't go on from one to the next, from 0 to Inf, at prices of 0 "
            "or more."
        )
    if len(tiers) > 1 and tiers[0].dollars == 0:
        free, paid, *rest = tiers
        tiers = [Tier(free.begin, paid.end, paid.dollars), *rest]
    return tuple(tiers)
