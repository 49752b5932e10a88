"""Starts the command line."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line of this process, and exit."""
    # While the rest is imported, Ctrl-C ends the process without a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tweetpipe.commands.main import main

    main()


if __name__ == "__main__":
    main()
