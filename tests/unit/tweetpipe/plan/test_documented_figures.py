"""The figures of the bill in the documents are what a plan comes to."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.documented import PROJECT
from tweetpipe.plan import Load, Mode, load_prices, make_plan
from tweetpipe.plan import constants as c
from tweetpipe.plan.costs import Costs

PRICES = load_prices("us-east-1")
IDLE = Load(rate=1e-6, hottest_key=1e-6)
# A day of a million tweets.
MILLION = Load(rate=1e6 / 86_400, event_bytes=1024, hours_per_month=24)


def costs(load: Load, mode: Mode = Mode.PROVISIONED) -> Costs:
    return make_plan(load, mode, PRICES).costs


def of_stream(load: Load, mode: Mode = Mode.PROVISIONED) -> float:
    return sum(line.cost for line in costs(load, mode).lines if line.service == "Kinesis")


def each(price: str, units: float = 1) -> float:
    return PRICES[price].cost(units)


_SCANS = costs(replace(MILLION, item_bytes=300))

FIGURES = {
    ("README.md", r"costs about \$(\S+) a month for the one shard"): of_stream(IDLE),
    ("docs/architecture.md", r"as cheap as the sample: about \$(\S+) a month"): of_stream(IDLE),
    ("docs/architecture.md", r"on demand, from about \$(\S+) \|"): of_stream(IDLE, Mode.ON_DEMAND),
    ("docs/aws.md", r"1 provisioned shard \| \$(\S+), idle or not"): of_stream(IDLE),
    ("docs/aws.md", r"StreamMode=ON_DEMAND` \| \$(\S+) idle"): of_stream(IDLE, Mode.ON_DEMAND),
    ("docs/aws.md", r"idle, and \$(\S+) a GB in"): each("kinesis_in_gb"),
    ("docs/aws.md", r"idle, and \S+ a GB in, \$(\S+) a GB out"): each("kinesis_out_gb"),
    ("docs/aws.md", r"of the account \| \$(\S+) a GB in"): each("advantage_in_gb"),
    ("docs/aws.md", r"of the account \| .*in, \$(\S+) a GB out"): each("advantage_out_gb"),
    ("docs/aws.md", r"but at least \$(\S+) \|"): of_stream(IDLE, Mode.ADVANTAGE),
    ("docs/aws.md", r"\$(\S+) a million writes of 1 KB"): each("dynamodb_write", 1e6),
    ("docs/aws.md", r"\$(\S+) a million calls"): each("lambda_request_arm64", 1e6),
    ("docs/aws.md", r"and \$(\S+) a GB-second"): each("lambda_gb_second_arm64"),
    ("docs/aws.md", r"\$(\S+) for 10,000 instead of a new table's 4,000"): each(
        "dynamodb_wcu_hour", 10_000 - c.NEW_TABLE_WRITES
    ),
    ("docs/aws.md", r"metrics are \$(\S+) each"): each("custom_metric_month"),
    ("docs/aws.md", r"1 KB in a day come to about \$(\S+)\."): costs(MILLION).total
    - each("custom_metric_month", c.CUSTOM_METRICS),
    ("docs/aws.md", r"from X costs far more: about \$(\S+)\."): costs(
        replace(MILLION, from_x=True)
    ).total,
    ("docs/operations.md", r"about \$(\S+) for a million, however large"): each(
        "dynamodb_read", 1e6
    ),
    ("docs/architecture.md", r"two scans of a million items cost \$(\S+);"): _SCANS.complying,
    ("docs/compliance.md", r"a run takes about (\S+) read units"): _SCANS.complying
    / each("dynamodb_read"),
    ("docs/compliance.md", r"read units, \$(\S+) with"): _SCANS.complying,
    ("docs/compliance.md", r"double the price of each write, \$(\S+) a million"): each(
        "dynamodb_write", 1e6
    ),
    ("docs/performance.md", r"\$(\S+) a GB-second on arm64"): each("lambda_gb_second_arm64"),
    ("docs/performance.md", r"the writes alone cost \$(\S+) or more"): each("dynamodb_write", 1e6),
}


@pytest.mark.parametrize(("document", "words"), FIGURES)
def test_a_figure_in_the_documents_is_what_a_plan_comes_to(document: str, words: str) -> None:
    [found] = re.findall(words, (PROJECT / document).read_text(encoding="utf-8"))

    shown = Decimal(found.replace(",", "")).normalize()
    last_digit = Decimal((0, (1,), int(shown.as_tuple().exponent)))
    assert float(shown) == pytest.approx(FIGURES[document, words], abs=float(last_digit) * 0.501)
