"""Setup for all tests."""

from __future__ import annotations

import gc
import inspect
import os
import signal
from functools import cache
from typing import Any

import botocore.hooks
import botocore.session
import pytest
from _pytest.runner import runtestprotocol
from botocore.compat import accepts_kwargs
from hypothesis import HealthCheck, settings

from tests import forking

# Includes the size of the terminal, which readline sets for child processes such as workers.
_OF_THIS_MACHINE = ("AWS_", "TWEETPIPE_", "X_API_URL", "COLUMNS", "LINES")
# --durations doesn't list faster tests.
_LEAST_DURATION = 0.005
_GARBAGE = 20_000  # objects made since the last collection, less those that are gone


pytest_cmdline_main = forking.pytest_cmdline_main


def pytest_configure() -> None:
    gc.disable()
    _interrupt_as_in_a_shell()
    let_sessions_share()
    _give_properties_time()


def let_sessions_share() -> None:
    """Cache what every session of botocore would read and compute again."""
    botocore.session.create_loader = cache(botocore.session.create_loader)
    hooks: Any = botocore.hooks
    hooks.EventAliaser._alias_event_name = hooks.EventAliaser(None)._alias_event_name
    hooks.accepts_kwargs = _takes_any_keywords


def _takes_any_keywords(handler: Any) -> bool:
    """Answer botocore's question about a handler without computing its whole signature."""
    code = getattr(handler, "__code__", None)
    return bool(code.co_flags & inspect.CO_VARKEYWORDS if code else accepts_kwargs(handler))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from scanning imported modules, and from starting in most tests.

    An exception raised in a destructor is lost. With another test's garbage, that might happen to
    the KeyboardInterrupt of a signal, or at the end of the stack in a test of deep nesting.
    """
    gc.freeze()
    gc.set_threshold(200_000)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Collect garbage between tests instead, where pytest reports what a destructor raises."""
    if gc.get_count()[0] > _GARBAGE:
        gc.collect(0)  # all would take a tenth of the tests' CPU


def _give_properties_time() -> None:
    """Allow an example any time on a busy machine; the targets of make differ in their number."""
    busy = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("busy", settings(), **busy, max_examples=30)
    settings.register_profile("quick", settings(), **busy, max_examples=10)
    settings.register_profile("slow", settings(), **busy, max_examples=1000)
    settings.load_profile("busy")


def _interrupt_as_in_a_shell() -> None:
    """Undo that background jobs of a shell ignore SIGINT, which children inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _forget_settings_of_this_machine() -> None:
    """Remove the profiles, proxies, and defaults of the user who runs the tests."""
    for name in list(os.environ):
        if name.startswith(_OF_THIS_MACHINE) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


# At import, because a folder's conftest may import modules that read them, such as COLUMNS.
_forget_settings_of_this_machine()


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Have a worker report only what is of interest, because a report costs as much as a test."""
    if not hasattr(item.config, "workerinput"):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        if report.when == "call" or not report.passed or report.duration > _LEAST_DURATION:
            if report.passed:
                report.keywords = {}
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Distribute the files among the workers that `-n` asks for."""
    from tests.xdist_scheduling import ByFile  # imported here, because only such workers need it

    return ByFile(config, log)
