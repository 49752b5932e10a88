"""What holds for all tests."""

from __future__ import annotations

import os
import signal

_OF_THIS_MACHINE = ("AWS_", "TWEETPIPE_", "X_API_URL")


def pytest_configure() -> None:
    _interrupt_as_in_a_shell()
    _forget_settings_of_this_machine()


def _interrupt_as_in_a_shell() -> None:
    """A shell has what it starts in the background ignore SIGINT, and children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _forget_settings_of_this_machine() -> None:
    """Whoever runs the tests may have profiles, proxies and defaults of their own."""
    for name in list(os.environ):
        if name.startswith(_OF_THIS_MACHINE) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
