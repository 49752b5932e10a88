"""Gives the tests marked `aws` a stack in an AWS account instead of an emulator."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.commands import Environment
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack


@dataclass(kw_only=True, eq=False)
class Given:
    """A pytest plugin; `environment` is the caller's, which the tests otherwise remove.

    `further` names other stacks that tests have deployed, also with `parameters`.
    """

    place: Place
    stack: Stack
    environment: Environment
    parameters: dict[str, str] = field(default_factory=dict)
    further: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def pytest_configure(self) -> None:
        os.environ.update(self.environment)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.outcomes[report.outcome] += 1

    def name_for(self, purpose: str) -> str:
        """The name of another stack."""
        self.further.append(f"{self.stack.name}-{purpose}")
        return self.further[-1]


def given(request: pytest.FixtureRequest) -> Given | None:
    """The stack of the run, if it is on AWS."""
    plugins = request.config.pluginmanager.get_plugins()
    return next((plugin for plugin in plugins if isinstance(plugin, Given)), None)
