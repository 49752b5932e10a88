"""Measure each setting of `limits`, in well over an hour: python -m benchmarks all_limits."""

from __future__ import annotations

from benchmarks.limits import all_tables as tables

__all__ = ["tables"]
