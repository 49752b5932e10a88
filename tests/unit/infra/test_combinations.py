"""Whatever is switched on, off, and over: what CloudFormation would have to make anew."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import combinations
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.combinations import CHOICES, FEW, allowed, with_all_pairs
from tests.unit.infra.reading import DEFAULTS, RESOURCES, TEXT, WHOLE
from tweetpipe.deploying.resolve import StackFacts, holds, resolved

ON_AWS, ON_LOCALSTACK = "123456789012", "000000000000"

# Each is made anew without a loss: its mapping reads the stream from the start, and a new key is
# what a new version asks for.
MADE_ANEW = {
    ON_AWS: {("StreamToProcessor", "EventSourceArn"), ("ProducerAccessKey", "Serial")},
    ON_LOCALSTACK: {("ProducerAccessKey", "Serial")},
}


def fixed(kind: str) -> set[str]:
    """The properties of a type that CloudFormation can't change in place."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    paths = schema.get("createOnlyProperties", [])
    return {
        path.split("/")[2] for path in paths + schema.get("conditionalCreateOnlyProperties", [])
    }


FIXED = {
    name: {
        key: value
        for key, value in resource["Properties"].items()
        if key in fixed(resource["Type"])
    }
    for name, resource in RESOURCES.items()
}


def facts(account: str, chosen: dict[str, str]) -> StackFacts:
    names = {name: name for name in RESOURCES}
    pseudo = {
        f"AWS::{name}": name for name in ("Partition", "Region", "StackName", "URLSuffix")
    } | {"AWS::AccountId": account}
    return StackFacts(
        refs=names | pseudo | DEFAULTS | chosen,
        attributes={f"{name}.Arn": f"arn:{name}" for name in RESOURCES},
        conditions=WHOLE["Conditions"],
    )


@pytest.mark.parametrize("account", [ON_AWS, ON_LOCALSTACK])
def test_an_update_from_any_combination_to_any_other_keeps_stream_table_and_queue(
    account: str,
) -> None:
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for chosen in allowed(TEXT):
        known = facts(account, chosen)
        for name, properties in FIXED.items():
            if holds(RESOURCES[name].get("Condition", True), known):
                values = resolved(properties, known)
                for key in properties:
                    said[name, key].add(json.dumps(values.get(key), sort_keys=True))

    assert {place for place, values in said.items() if len(values) > 1} == MADE_ANEW[account]


@pytest.mark.parametrize("name", ["EventStream", "EventData", "DeadLetters", "Processor"])
def test_no_choice_leaves_out_what_tweets_need(name: str) -> None:
    assert "Condition" not in RESOURCES[name]


def test_only_what_the_rules_refuse_is_left_out() -> None:
    found = allowed(TEXT)
    met = {(chosen["StreamMode"], chosen["RecordDistribution"]) for chosen in found}

    assert len(found) == 3 * 2 ** (len(CHOICES) - 2)
    assert ("PROVISIONED", "AUTO") not in met


def test_few_combinations_have_each_two_values_that_can_meet() -> None:
    few = list(with_all_pairs(allowed(TEXT)))

    def pairs(some: list[dict[str, str]]) -> set[Any]:
        return {pair for chosen in some for pair in combinations(chosen.items(), 2)}

    assert pairs(few) == pairs(allowed(TEXT))
    assert len(few) == FEW
