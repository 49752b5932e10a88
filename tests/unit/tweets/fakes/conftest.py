from __future__ import annotations

import pytest

from tweets.fakes.pools import pools


@pytest.fixture(autouse=True, scope="session")
def _pools_are_made() -> None:
    """Make the pools outside of any test, whose time may be limited."""
    pools()
