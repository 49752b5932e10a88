from __future__ import annotations

import pytest

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.deploying import parameters
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
        ("Nope", "1", "no parameter"),
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
