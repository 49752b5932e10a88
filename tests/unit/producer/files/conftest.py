from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Keep = Callable[[bytes], Path]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Write bytes to a file whose name says nothing about its contents."""

    def written(content: bytes) -> Path:
        path = tmp_path / "some file"
        path.write_bytes(content)
        return path

    return written
