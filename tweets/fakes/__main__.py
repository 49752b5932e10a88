"""`python -m tweets.fakes`: fake tweets on standard output, one JSON object per line."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Sequence
from typing import NoReturn, get_args

from tweets.fakes.model import Shape
from tweets.fakes.pacing import paced
from tweets.fakes.records import records


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; wrong usage raises SystemExit(2)."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if words[:1] == ["serve"]:
            return _end(_serve(words[1:]))
        _write(_parser().parse_args(words))
        return _end(0)
    except KeyboardInterrupt:
        return _end(130)
    except BrokenPipeError:
        return _end(0)  # the reader has seen enough
    except OSError as error:
        sys.stderr.write(f"tweets.fakes: {error.strerror or error}\n")
        return _end(1)


def _serve(words: Sequence[str]) -> int:
    from tweets.fakes.x_api.command import serve  # here, because the other command needs no server

    parser = _Parser(
        prog="python -m fake_tweets serve",
        description="Serve fake tweets like X's API v2: the filtered stream and its rules.",
    )
    return serve(parser, words)


def _write(options: argparse.Namespace) -> None:
    out = sys.stdout.buffer

    def flush_and_sleep(seconds: float) -> None:
        out.flush()
        time.sleep(seconds)

    source = records(
        options.seed,
        count=options.count,
        shape=options.shape,
        malformed=options.malformed,
        duplicates=options.duplicates,
    )
    if options.rate is not None:
        source = paced(source, rate=options.rate, clock=time.monotonic, sleep=flush_and_sleep)
    for record in source:
        out.write(record.data + b"\n")
    out.flush()


def _end(code: int) -> int:
    """Flush standard output, so that Python reports no error at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (for help, use --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m fake_tweets",
        description="Write fake tweets to standard output, one JSON object per line. "
        "The same seed always gives the same tweets. With `serve` as the first argument: run a "
        "fake X API server (see serve --help).",
    )
    parser.add_argument(
        "--count", type=_count, default=10, help="number of tweets to write (default: %(default)s)"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of the tweets; the same seed gives the same tweets (default: %(default)s)",
    )
    parser.add_argument(
        "--shape",
        choices=get_args(Shape),
        default="mixed",
        help="v1 for Twitter's v1.1 JSON, v2 for X's v2 filtered stream, or mixed for about half "
        "of each (default: %(default)s)",
    )
    parser.add_argument(
        "--rate",
        type=_rate,
        metavar="N",
        help="lines to write per second (default: as fast as possible)",
    )
    parser.add_argument(
        "--malformed",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="add this share of malformed lines: 0.01 is one for every hundred tweets",
    )
    parser.add_argument(
        "--duplicates",
        type=_share,
        default=0.0,
        metavar="SHARE",
        help="add this share of repeats of recent tweets",
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _rate(text: str) -> float:
    rate = _number(text)
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} must be above 0")
    return rate


def _share(text: str) -> float:
    share = _number(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be between 0 and 1")
    return share


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


if __name__ == "__main__":
    sys.exit(main())
