"""Tests that every kind of events must pass. To run them in this folder: python -m pytest"""

from __future__ import annotations

from pathlib import Path

import pytest

from processor.errors import Rejected
from tweetpipe.events import load

EVENTS = load(Path(__file__).parent)
SOME = range(200)


def test_each_fake_event_becomes_the_expected_item() -> None:
    for index in SOME:
        data, partition_key = EVENTS.fake(7, index)
        assert EVENTS.function.to_item(data) == EVENTS.expected(7, index)
        assert EVENTS.function.item(data), "DynamoDB takes it"
        assert EVENTS.partition_key(data) == partition_key


def test_no_two_fake_events_have_the_same_key() -> None:
    keys = {EVENTS.key_of(EVENTS.expected(seed, index)) for seed in (7, 8) for index in SOME}
    assert len(keys) == 2 * len(SOME)


def test_malformed_events_are_rejected() -> None:
    assert EVENTS.malformed is not None
    for index in SOME:
        with pytest.raises(Rejected):
            EVENTS.function.to_item(EVENTS.malformed(7, index))
