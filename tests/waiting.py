"""Waiting for a condition instead of for a fixed time."""

from __future__ import annotations

from localstack_embedded.tests.waiting import is_gone, wait_for

__all__ = ["LONG", "is_gone", "wait_for"]

LONG = 600.0
"""Seconds for what can take minutes on a busy machine, such as containers."""
