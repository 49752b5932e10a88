"""What AWS charges, from prices.json: a price with its unit, date and source for each line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tweetpipe.aws.errors import WrongUsage

PRICES_FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Price:
    """US dollars for one `unit`; `third_party` tells that the source is not who charges it."""

    price: float
    unit: str
    source: str
    dated: str
    third_party: bool


@dataclass(frozen=True)
class Prices:
    """The prices and the quotas of one region."""

    region: str
    read_on: str
    prices: dict[str, Price]
    on_demand_mb_per_second: float
    shards_per_account: int

    def __getitem__(self, name: str) -> float:
        return self.prices[name].price


def load_prices(region: str, file: Path = PRICES_FILE) -> Prices:
    """The prices of a region; WrongUsage if the file has none for it."""
    data = json.loads(file.read_text(encoding="utf-8"))
    regions = data["regions"]
    if region not in regions:
        raise WrongUsage(
            f"There are no prices for region {region!r}: choose {' or '.join(regions)}, "
            f"or add the region to {file.name}."
        )
    known = regions[region]
    return Prices(
        region=region,
        read_on=data["read_on"],
        prices={name: Price(**price) for name, price in known["prices"].items()},
        on_demand_mb_per_second=known["limits"]["on_demand_mb_per_second"]["value"],
        shards_per_account=known["limits"]["shards_per_account"]["value"],
    )
