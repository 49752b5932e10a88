"""Removes what a test session made with Docker once the session ends, however it ends.

It runs as a separate process. Its standard input is a pipe from the session, which closes when the
session ends, even if it is killed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 600.0  # seconds; a busy machine takes minutes

# Everything that the session made has one of these labels, with the session's name as its value.
LABEL = "tweetpipe.tests"
COMPOSE_LABEL = "com.docker.compose.project"


@contextmanager
def watching(session: str) -> Iterator[None]:
    """Starts the janitor, and waits at the end of the block until it has cleaned up."""
    with subprocess.Popen(
        [sys.executable, __file__, session],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the tests
    ) as process:
        yield
        assert process.stdin
        process.stdin.close()
        process.wait(timeout=_PATIENCE)


def left(session: str, kind: str, label: str = LABEL) -> list[str]:
    """The remaining containers, networks, volumes, or images of the session."""
    every = ("--all",) if kind == "container" else ()
    listed = _docker(kind, "ls", "--quiet", *every, "--filter", f"label={label}={session}")
    return listed.split()


def tidy_up(session: str) -> None:
    """Removes everything that the session has left."""
    # Containers first, because a network or volume in use can't be removed.
    options = {"container": ("--force", "--volumes"), "network": (), "volume": (), "image": ()}
    for kind, how in options.items():
        if names := [*left(session, kind), *left(session, kind, COMPOSE_LABEL)]:
            _docker(kind, "rm", *how, *names)


def _docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=True, timeout=_PATIENCE
    ).stdout


if __name__ == "__main__":
    sys.stdin.read()
    tidy_up(sys.argv[1])
