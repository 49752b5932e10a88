from __future__ import annotations

from tests.unit.producer.files.conftest import keep

__all__ = ["keep"]
