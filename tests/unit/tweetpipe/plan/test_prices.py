from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tweetpipe.plan.price_list import Json, dimension, price_list, product, term, text
from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.plan.offers import NotAPriceList, Offers, Sku, read_offers
from tweetpipe.plan.prices import PRICES_FILE, SERVICES, SKUS, load_prices

REGION = "eu-central-1"
SHARD_HOUR = SKUS["kinesis_shard_hour"]


def with_tiers(*tiers: Json) -> Offers:
    content = price_list("AmazonKinesis")
    content["terms"]["OnDemand"]["KINESIS_SHARD_HOUR"] = term("KINESIS_SHARD_HOUR", *tiers)
    return Offers("list.json", text(content))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The lists of all services for a region that is not in ours."""
    for service in SERVICES:
        (tmp_path / f"{service}.json").write_text(text(price_list(service)))
    return sorted(tmp_path.iterdir())


def test_ours_has_what_a_plan_needs_with_date_and_source_and_no_more() -> None:
    prices = load_prices("us-east-1")

    for price in prices.prices.values():
        assert price.tiers[0].dollars > 0
        assert price.source.startswith("https://")
        assert price.dated <= prices.published
    assert prices.quoted == len(SKUS) == len(read_offers(PRICES_FILE).products)


def test_lists_of_another_region_are_planned_with(files: list[Path]) -> None:
    prices = load_prices(REGION, files)

    assert {price.cost(10) for price in prices.prices.values()} == {5}
    assert (prices.published, prices.quoted) == ("2026-11-20", 0)
    assert prices["kinesis_put"].source == "AWS: AmazonKinesis 20261120000000"


def test_a_list_of_one_service_takes_the_place_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "lambda.json"
    file.write_text(text(price_list("AWSLambda", "us-east-1", dollars="7")))

    prices = load_prices("us-east-1", [file])

    assert prices["lambda_request_arm64"].cost(1) == 7
    assert prices["kinesis_shard_hour"] == load_prices("us-east-1")["kinesis_shard_hour"]


def test_a_region_without_prices_is_refused_with_the_command_that_fetches_them() -> None:
    with pytest.raises(NotAPriceList, match=r"refresh --region eu-west-1 prices\.json") as refused:
        load_prices("eu-west-1")
    assert "only for us-east-1" in str(refused.value)


def test_a_region_whose_lists_are_not_all_given_is_refused(files: list[Path]) -> None:
    without_lambda = [file for file in files if file.stem != "AWSLambda"]
    with pytest.raises(NotAPriceList, match="no prices of AWSLambda for the region 'eu-central-1'"):
        load_prices(REGION, without_lambda)


def test_a_list_of_another_service_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ec2.json"
    file.write_text(text(price_list("AmazonKinesis") | {"products": {}}))
    with pytest.raises(
        NotAPriceList, match=r"ec2\.json has prices of another service\. .* AWSLambda, "
    ):
        load_prices("us-east-1", [file])


def test_a_price_that_is_not_in_its_list_is_named(files: list[Path]) -> None:
    [kinesis] = [file for file in files if file.stem == "AmazonKinesis"]
    content = json.loads(kinesis.read_text())
    del content["products"]["ADVANTAGE_OUT_GB"]
    kinesis.write_text(text(content))

    with pytest.raises(
        NotAPriceList, match="no price for AmazonKinesis AdvantageDataRetrieval in eu-central-1"
    ):
        load_prices(REGION, files)


@pytest.mark.parametrize(
    ("usage", "is_it"),
    [
        ("Storage-ShardHour", True),
        ("EUC1-Storage-ShardHour", True),
        ("EU-Storage-ShardHour", True),
        ("USE1-Storage-ShardHour", True),
        ("IA-Storage-ShardHour", False),
        ("EUC1-IA-Storage-ShardHour", False),
        ("EUC1-Extended-ShardHour", False),
        ("Global-Storage-ShardHour", False),
    ],
)
def test_a_usage_type_is_the_same_in_each_region_and_other_classes_are_others(
    usage: str, is_it: bool
) -> None:
    attributes = product("AmazonKinesis", REGION, usage)["attributes"]
    assert SHARD_HOUR.is_sold_as(attributes) is is_it
    assert not Sku("AWSLambda", SHARD_HOUR.usage).is_sold_as(attributes)


def test_what_is_beyond_a_tier_costs_what_the_next_one_says() -> None:
    offers = with_tiers(dimension("0.1", "0", "100"), dimension("0.05", "100", "Inf"))
    _, price = offers.find(SHARD_HOUR, REGION)

    assert price.cost(100) == pytest.approx(10)
    assert price.cost(300) == pytest.approx(20)


def test_a_free_tier_is_not_taken_to_be_free() -> None:
    offers = with_tiers(dimension("0.000", "0", "25"), dimension("0.25", "25", "Inf"))
    _, price = offers.find(SHARD_HOUR, REGION)

    assert price.cost(4) == pytest.approx(1)


def test_the_latest_terms_count() -> None:
    content = price_list("AmazonKinesis")
    older = term("OLD", dimension("9"), since="2020-01-01T00:00:00Z")
    content["terms"]["OnDemand"]["KINESIS_SHARD_HOUR"] |= older

    assert Offers("", text(content)).find(SHARD_HOUR, REGION)[1].cost(1) == 0.5


def test_two_prices_of_the_same_are_refused_and_two_names_for_one_are_not() -> None:
    content = price_list("AmazonKinesis")
    content["products"]["AGAIN"] = content["products"]["KINESIS_SHARD_HOUR"]
    content["terms"]["OnDemand"]["AGAIN"] = term("AGAIN", dimension("0.5"))
    assert Offers("", text(content)).find(SHARD_HOUR, REGION)[1].cost(1) == 0.5

    content["terms"]["OnDemand"]["AGAIN"] = term("AGAIN", dimension("0.6"))
    with pytest.raises(NotAPriceList, match="several prices for AmazonKinesis Storage-ShardHour"):
        Offers("list.json", text(content)).find(SHARD_HOUR, REGION)


@pytest.mark.parametrize(
    "tiers",
    [
        pytest.param([dimension("1", "5")], id="not from 0"),
        pytest.param([dimension("1", "0", "10")], id="not to the end"),
        pytest.param([dimension("1", "0", "5"), dimension("1", "6")], id="with a gap"),
        pytest.param([dimension("1", "0", "7"), dimension("1", "6")], id="twice the same"),
        pytest.param([dimension("-1")], id="below 0"),
        pytest.param([dimension("nan")], id="no number"),
        pytest.param([dimension("1"), dimension("2")], id="two without end"),
    ],
)
def test_tiers_that_make_no_whole_are_refused(tiers: list[Json]) -> None:
    with pytest.raises(NotAPriceList, match=r"list\.json, SKU KINESIS_SHARD_HOUR: the price tiers"):
        with_tiers(*tiers).find(SHARD_HOUR, REGION)


@pytest.mark.parametrize(
    ("tiers", "says"),
    [
        ([dimension("1", currency="CNY")], "the price is in CNY, but plans support only US"),
        ([dimension("1", end="much")], "not in AWS's price list format"),
        ([{"unit": "Units"}], "not in AWS's price list format"),
        ([], "the price is in no currency"),
    ],
)
def test_terms_that_cannot_be_planned_with_are_refused(tiers: list[Json], says: str) -> None:
    with pytest.raises(NotAPriceList, match=says):
        with_tiers(*tiers).find(SHARD_HOUR, REGION)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "null",
        "{}",
        '{"regions": {}}',
        text({"PriceList": []}),
        text(price_list("AmazonKinesis") | {"terms": {"Reserved": {}}}),
        text(price_list("AmazonKinesis") | {"products": {"SKU": {}}}),
        text(price_list("AmazonKinesis") | {"products": ["SKU"]}),
    ],
)
def test_what_is_no_price_list_is_told_from_one(content: str) -> None:
    with pytest.raises(NotAPriceList, match=r"list\.json is not in AWS's price list format"):
        Offers("list.json", content)


@given(cut=st.integers(1, len(text(price_list("AWSLambda"))) - 1))
def test_a_list_that_breaks_off_is_refused(cut: int) -> None:
    with pytest.raises(NotAPriceList, match=r"list\.json is incomplete"):
        Offers("list.json", text(price_list("AWSLambda"))[:cut])


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(TweetpipeError, match=r"none\.json can't be read: No such file"):
        read_offers(tmp_path / "none.json")
    (tmp_path / "gzip.json").write_bytes(b"\x1f\x8b\xff")
    with pytest.raises(NotAPriceList, match=r"gzip\.json is not a price list"):
        read_offers(tmp_path / "gzip.json")
