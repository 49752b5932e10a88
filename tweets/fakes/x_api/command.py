"""`python -m tweets.fakes serve`: the fake X API server as a command."""

from __future__ import annotations

import argparse
import signal
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tweets.fakes.x_api.auth import Credentials
from tweets.fakes.x_api.faults import KINDS, Fault, FaultError
from tweets.fakes.x_api.limits import ENTERPRISE, Limits
from tweets.fakes.x_api.replay import Recording
from tweets.fakes.x_api.server import FakeXServer, listening_socket, url_of
from tweets.fakes.x_api.state import FakeX
from tweets.fakes.x_api.usage import PRICE

_BACKLOG = 128
_ACCESS = {"pay-per-use": Limits(), "enterprise": ENTERPRISE}


def serve(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Serve until a signal arrives and return the exit code; raises SystemExit(2) and OSError."""
    _add_options(parser)
    options = parser.parse_args(arguments)
    try:
        fake = _fake(options)
    except ValueError as error:
        parser.error(f"--rule: {error}")
    try:
        listening = listening_socket(options.host, options.port)
        listening.listen(_BACKLOG)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        why = error.strerror or error
        _say(f"tweets.fakes: can't listen on {where}: {why}. Choose another port with --port")
        return 1
    server = FakeXServer(fake)
    sys.stdout.write(f"{_greeting(url_of(listening), fake.credentials)}\n")
    sys.stdout.flush()
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()
    return 128 + (server.signal or signal.SIGINT)


def _fake(options: argparse.Namespace) -> FakeX:
    return FakeX(
        seed=options.seed,
        rate=options.rate,
        count=options.count,
        heartbeat=options.heartbeat,
        max_lag=options.max_lag,
        match_all=options.match_all,
        live=options.live,
        rules=options.rule,
        faults=options.fault,
        limits=_limits(options),
        price=options.price,
        recording=options.replay,
        log=_say,
    )


def _limits(options: argparse.Namespace) -> Limits:
    given = {"rules": options.rules_cap, "posts": options.posts_cap}
    return replace(
        _ACCESS[options.access],
        stream=options.connections_per_window,
        **{name: number for name, number in given.items() if number is not None},
    )


def _greeting(url: str, credentials: Credentials) -> str:
    return (
        f"The fake X API listens on {url} and accepts bearer_token={credentials.bearer_token} or "
        f"consumer_key={credentials.consumer_key} consumer_secret={credentials.consumer_secret} "
        f"access_token_key={credentials.access_token_key} "
        f"access_token_secret={credentials.access_token_secret}"
    )


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = _WholeNames
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add(
        "--port",
        type=_port,
        default=8888,
        help="port to listen on; 0 means any free port (default: %(default)s)",
    )
    add("--seed", type=int, default=0, help="seed of the tweets (default: %(default)s)")
    add(
        "--rate",
        type=_positive,
        default=200.0,
        metavar="N",
        help="tweets to publish a second; those that match a rule are sent (default: %(default)g)",
    )
    add(
        "--count",
        type=_count,
        metavar="N",
        help="publish this many tweets, then send only heartbeats",
    )
    add(
        "--heartbeat",
        type=_positive,
        default=20.0,
        metavar="SECONDS",
        help="seconds of silence before a heartbeat, an empty line, is sent (default: %(default)g)",
    )
    add(
        "--max-lag",
        type=_positive,
        default=30.0,
        metavar="SECONDS",
        help="seconds that a slow reader may keep the server waiting (default: %(default)g)",
    )
    add(
        "--connections-per-window",
        type=_count,
        default=50,
        metavar="N",
        help="connects allowed in 15 minutes (default: %(default)s)",
    )
    add(
        "--access",
        choices=_ACCESS,
        default="pay-per-use",
        help="access level that sets the limits of rules and posts (default: %(default)s)",
    )
    add("--rules-cap", type=_count, metavar="N", help="number of rules that the App may have")
    add(
        "--posts-cap",
        type=_count,
        metavar="N",
        help="number of posts that the App may read in a month",
    )
    add(
        "--price",
        type=_positive,
        default=PRICE,
        metavar="DOLLARS",
        help="price of a post in dollars, for the status and the usage (default: %(default)g)",
    )
    add(
        "--replay",
        type=_recording,
        metavar="FILE",
        help="send this recorded stream instead of fake tweets: one object of X's API v2 a line, "
        "gzip or not; other lines are sent unchanged",
    )
    add("--match-all", action="store_true", help="send every post as if it matched every rule")
    add(
        "--live",
        action="store_true",
        help="publish even without a connection, with current ids and times",
    )
    add("--backfill", action="store_true", help="accept backfill_minutes, as for an Enterprise app")
    add("--rule", action="append", default=[], help="add this rule at the start")
    add(
        "--fault",
        action="append",
        type=_fault,
        default=[],
        metavar="FAULT",
        help="faults to inject, in this order, as kind[:value][@posts][xtimes]: drop@100 drops "
        "after 100 posts of a connection, 503x3 fails the next three connects, silence:30@5 is "
        f"silent for 30 seconds after 5 posts. {_kinds()}",
    )


class _WholeNames(argparse.HelpFormatter):
    """Formats help without breaking lines within the name of a fault."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(text, width, break_on_hyphens=False)


def _kinds() -> str:
    in_stream, at_connect = (
        "; ".join(
            f"{name}{f':{kind.value.upper()}' if kind.value else ''}: {kind.means}"
            for name, kind in KINDS.items()
            if kind.at_connect is at
        )
        for at in (False, True)
    )
    return f"In the stream, with @posts: {in_stream}. At a connect: {at_connect}."


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _recording(text: str) -> Recording:
    try:
        return Recording.read(Path(text))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"can't read {text}: {error.strerror or error}") from error
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _port(text: str) -> int:
    port = _count(text)
    if port > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is above 65535")
    return port


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number above 0")
    return number
