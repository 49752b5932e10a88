"""How long LocalStack's CloudFormation, replaced by a stand-in, waits between checks."""

from __future__ import annotations

import itertools
import sys
from types import ModuleType

import pytest

from localstack_embedded.plugin.cloudformation import look_often

MODULE = "localstack.services.cloudformation.resource_provider"


class ResourceProviderExecutor:
    """Returns what it was called with."""

    def deploy_loop(
        self, provider: str, resource: str, *, max_timeout: int = 300, sleep_time: float = 5
    ) -> tuple[str, str, int, float]:
        return provider, resource, max_timeout, sleep_time


def test_a_resource_is_looked_at_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in itertools.accumulate(MODULE.split("."), lambda a, b: f"{a}.{b}"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    executor = type("Executor", (ResourceProviderExecutor,), {})
    monkeypatch.setattr(sys.modules[MODULE], "ResourceProviderExecutor", executor, raising=False)

    look_often()

    assert executor().deploy_loop("lambda", resource="f") == ("lambda", "f", 300, 0.1)
