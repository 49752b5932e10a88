"""A fake X API server: the filtered stream, its rules and its faults, without credentials or cost.

`serving(FakeX(...))` runs it inside a test, `python -m fake_tweets serve` on its own.
"""

from __future__ import annotations

from fake_tweets.x_api.auth import Credentials
from fake_tweets.x_api.faults import Fault, FaultError
from fake_tweets.x_api.limits import Limits
from fake_tweets.x_api.matching import Facts, compile_rule
from fake_tweets.x_api.rule_syntax import RuleError
from fake_tweets.x_api.server import Served, serving
from fake_tweets.x_api.state import Connection, FakeX

__all__ = [
    "Connection",
    "Credentials",
    "Facts",
    "FakeX",
    "Fault",
    "FaultError",
    "Limits",
    "RuleError",
    "Served",
    "compile_rule",
    "serving",
]
