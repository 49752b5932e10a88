"""The machine that a run was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version


def machine() -> str:
    """Describe processors, system, Python, and the library that makes most of the calls."""
    return (
        f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, botocore {version('botocore')}"
    )
