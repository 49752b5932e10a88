"""The name by which fake tweets have always been known."""

from __future__ import annotations

import subprocess
import sys

import pytest

import fake_tweets
from tweets import fakes


def test_it_has_all_that_tweets_fakes_has() -> None:
    assert fake_tweets.__all__ == fakes.__all__
    assert all(getattr(fake_tweets, name) is getattr(fakes, name) for name in fakes.__all__)


@pytest.mark.heavy
def test_its_command_writes_fake_tweets() -> None:
    written = subprocess.check_output([sys.executable, "-m", "fake_tweets", "--count", "3"])
    assert written.splitlines() == [record.data for record in fakes.records(0, count=3)]
