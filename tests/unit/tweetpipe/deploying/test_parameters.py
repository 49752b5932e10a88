from __future__ import annotations

from pathlib import Path

import pytest

from tests.sensors import written
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.stack import Stack
from tweetpipe.deploying import parameters
from tweetpipe.events import load
from tweetpipe.project import TEMPLATE

TEXT = TEMPLATE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ShardCount", "1"),
        ("ShardCount", "500"),
        ("MaximumRetryAttempts", "-1"),
        ("MaximumRecordAgeSeconds", "-1"),
        ("MaximumRecordAgeSeconds", "60"),
        ("MaximumRecordAgeSeconds", "604800"),
        ("StreamMode", "ON_DEMAND"),
        ("LogRetentionDays", "14"),
    ],
)
def test_what_the_template_allows_passes(name: str, value: str) -> None:
    parameters.check(TEXT, {name: value})


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("Nope", "1", "not a parameter"),
        ("ShardCount", "0", "from 1 to 500"),
        ("ShardCount", "501", "from 1 to 500"),
        ("ShardCount", "many", "whole number"),
        ("StreamMode", "FAST", "PROVISIONED, ON_DEMAND"),
        ("MaximumRecordAgeSeconds", "59", "from 60 to 604800"),
        ("MaximumRecordAgeSeconds", "604801", "from 60 to 604800"),
        ("LogRetentionDays", "15", "one of 1, 3"),
    ],
)
def test_what_it_does_not_allow_is_told(name: str, value: str, told: str) -> None:
    with pytest.raises(WrongUsage, match=told):
        parameters.check(TEXT, {name: value})


def deployed_with(settings: dict[str, str]) -> Stack:
    return Stack(
        name="mine", id="1", status="CREATE_COMPLETE", reason="", parameters=settings, outputs={}
    )


@pytest.mark.parametrize(
    ("changed", "keys"),
    [
        # As a stack of before there were other events has it.
        (None, "Username (S) and Id (S)"),
        ({"SortKeyType": "S"}, "sensor (S) and ts (S)"),
        ({"PartitionKeyName": "probe"}, "probe (S) and ts (N)"),
    ],
)
def test_events_with_other_keys_than_the_table_are_refused(
    changed: dict[str, str] | None, keys: str, tmp_path: Path
) -> None:
    sensors = load(written(tmp_path / "sensors"))
    settings = {} if changed is None else sensors.parameters | changed

    with pytest.raises(WrongUsage) as refused:
        parameters.check_events(TEXT, deployed_with(settings), sensors, options=" --stack mine")

    assert f"the stack mine has the keys {keys}, but the events sensors have other" in str(
        refused.value
    )
    assert "Nothing was changed" in str(refused.value)
    assert str(refused.value).endswith(":\n  tweetpipe destroy --stack mine")


def test_events_of_another_name_with_the_same_keys_may_follow(tmp_path: Path) -> None:
    sensors, probes = (load(written(tmp_path / name)) for name in ("sensors", "probes"))

    parameters.check_events(TEXT, deployed_with(sensors.parameters), probes)
