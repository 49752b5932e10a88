"""`python -m localstack_embedded up|down|status`: LocalStack from a shell."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import DEFAULT_HOME, Died, EmulatorError, Instance, start, status, stop


def main(arguments: list[str] | None = None) -> int:
    """Run one command: 0 when it is done, 1 when it failed, 130 when it was interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options.command, options.home, options.port)
    except EmulatorError as error:
        _say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130


def _run(command: str, home: Path, port: int | None) -> int:
    match command:
        case "up":
            instance = start(home, port=port, on_step=_say)
            which = "is up" if instance.started_by_this_call else "was up already"
            sys.stdout.write(f"LocalStack {instance.version} {which} at {instance.endpoint}\n")
        case "down":
            sys.stdout.write("stopped\n" if stop(home, on_step=_say) else "nothing was running\n")
        case _:
            return _report(status(home))
    return 0


def _report(found: object) -> int:
    match found:
        case Instance():
            version = found.version or "(still starting)"
            sys.stdout.write(f"LocalStack {version} runs at {found.endpoint}\n")
        case Died():
            sys.stdout.write(f"{found.explanation}\n")
            return 1
        case _:
            sys.stdout.write("nothing is running\n")
    return 0


def _say(step: str) -> None:
    sys.stderr.write(f"{step}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m localstack_embedded", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="default: %(default)s")
    parser.add_argument("--port", type=int, help="default: 4566, or the next free one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
