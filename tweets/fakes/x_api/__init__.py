"""A fake X API server: the filtered stream, its rules, and its faults, at no cost.

`serving(FakeX(...))` runs it inside a test, `python -m tweets.fakes serve` on its own.
"""

from __future__ import annotations

from tweets.fakes.x_api.auth import Credentials
from tweets.fakes.x_api.faults import Fault, FaultError
from tweets.fakes.x_api.limits import Limits
from tweets.fakes.x_api.matching import Facts, compile_rule
from tweets.fakes.x_api.replay import Recording
from tweets.fakes.x_api.rule_syntax import RuleError
from tweets.fakes.x_api.server import Served, serving
from tweets.fakes.x_api.state import Connection, FakeX
from tweets.fakes.x_api.usage import Usage

__all__ = [
    "Connection",
    "Credentials",
    "Facts",
    "FakeX",
    "Fault",
    "FaultError",
    "Limits",
    "Recording",
    "RuleError",
    "Served",
    "Usage",
    "compile_rule",
    "serving",
]
