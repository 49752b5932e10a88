"""What the plan takes for given is what the stack and the processor do."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from processor.clients import MAX_CALLS
from processor.table import MAX_PUTS_PER_CALL
from producer.outgoing import OutgoingRecord
from producer.sending.aggregation import PAYLOAD_UNIT
from producer.sending.batches import Held
from producer.sending.waiting import Waiting
from tweetpipe.plan import Load
from tweetpipe.plan import constants as c

TEMPLATE = Path(__file__).parents[4] / "infra" / "template.yaml"


class _Loader(yaml.CSafeLoader):
    """Reads over CloudFormation's short functions."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


@pytest.fixture(scope="module")
def parameters() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)["Parameters"]
    return found


@pytest.mark.parametrize(
    ("parameter", "planned"),
    [
        ("BatchSize", Load(rate=1).batch_size),
        ("BatchWindowSeconds", Load(rate=1).window),
        ("MemorySize", Load(rate=1).memory),
        ("Architecture", Load(rate=1).architecture),
        ("Timeout", c.TIMEOUT),
    ],
)
def test_a_plan_starts_from_the_defaults_of_the_template(
    parameters: dict[str, Any], parameter: str, planned: object
) -> None:
    assert parameters[parameter]["Default"] == planned


def test_the_template_allows_as_many_shards_as_the_plan_says(parameters: dict[str, Any]) -> None:
    assert parameters["ShardCount"]["MaxValue"] == c.TEMPLATE_MAX_SHARDS


def test_calls_are_planned_as_the_processor_makes_them() -> None:
    assert (c.PUTS_PER_CALL, c.CALLS_AT_ONCE) == (MAX_PUTS_PER_CALL, MAX_CALLS)


def test_aggregates_are_planned_as_the_producer_makes_them() -> None:
    sigma = c.PAYLOAD_SIGMA
    sizes = Random(1)
    tweets = [sizes.lognormvariate(math.log(2000) - sigma**2 / 2, sigma) for _ in range(2000)]

    planned = Load(rate=1, event_bytes=2000).aggregated()

    waiting = Waiting(call_records=1, max_bytes=1_000_000, linger=0.0, groups_from=0.0)
    for tweet in tweets:
        held = Held(OutgoingRecord(b"", ""), size=round(tweet) + c.KEY_BYTES, since=0.0)
        waiting.add(held, 0.0)
    assert planned.aggregate == int(len(tweets) / len(waiting.clear()))
    assert planned.is_within_a_unit
    assert c.AGGREGATE_BYTES == PAYLOAD_UNIT
