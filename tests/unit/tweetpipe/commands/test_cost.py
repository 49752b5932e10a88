from __future__ import annotations

import pytest

from tweetpipe.commands.shown.change_set import cost_line


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"StreamMode": "PROVISIONED", "ShardCount": "1"}, "$11 a month for 1 shard (us-east-1)"),
        ({"StreamMode": "PROVISIONED", "ShardCount": "200"}, "$2,190 a month for 200 shards"),
        ({"StreamMode": "ON_DEMAND", "ShardCount": "1"}, "$29 a month for an on-demand stream"),
        ({}, "$11 a month for 1 shard"),
    ],
)
def test_the_stream_is_priced_by_its_parameters(parameters: dict[str, str], says: str) -> None:
    assert says in cost_line(parameters, "us-east-1")


def test_a_region_without_known_prices_is_named() -> None:
    assert "unknown for eu-west-3" in cost_line({}, "eu-west-3")
