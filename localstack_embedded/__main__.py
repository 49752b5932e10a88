"""`localstack-embedded up|down|reset|status|env|doctor`: LocalStack from a shell."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from . import (
    DEFAULT_HOME,
    Died,
    EmulatorError,
    Instance,
    Stopped,
    reset,
    shared_home,
    silence,
    start,
    status,
    stop,
)
from .doctor import Finding, examine
from .suggested import OWN, suggesting

COMMANDS = {
    "up": "Start LocalStack. The first start installs it, which takes about a minute.",
    "down": "Stop LocalStack and delete its state, unless it was started with --keep.",
    "reset": "Empty a running LocalStack: all accounts, or the one that --account names.",
    "status": "Show whether LocalStack is running.",
    "env": "Print the variables that AWS tools need, for eval.",
    "doctor": "Check whether this machine has everything that LocalStack needs.",
}

EXAMPLES = {
    "up": ["localstack-embedded up", "localstack-embedded up --keep --port 4570"],
    "down": ["localstack-embedded down"],
    "reset": ["localstack-embedded reset", "localstack-embedded reset --account 000000000000"],
    "status": ["localstack-embedded status"],
    "env": ['eval "$(localstack-embedded env)"'],
    "doctor": ["localstack-embedded doctor"],
}

_LABEL = 8  # characters


def main(arguments: list[str] | None = None, *, name: str = OWN.name) -> int:
    """Run one command; returns 0 if it succeeded, 1 if it failed, and 130 if it was interrupted.

    Messages suggest commands that begin with `name`.
    """
    options = _parser().parse_args(arguments)
    try:
        with suggesting(replace(OWN, name=name, home_setting="--home")):
            status = _run(options)
        sys.stdout.flush()
        return status
    except EmulatorError as error:
        _say(f"error: {error}")
        return 1
    except BrokenPipeError:  # The reader has closed the pipe, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130


def _run(options: argparse.Namespace) -> int:
    home: Path = options.home or DEFAULT_HOME
    environment_home = options.home or shared_home()
    match options.command:
        case "up":
            instance = start(
                home,
                environment_home=environment_home,
                port=options.port,
                open_to_this_machine=options.open_to_this_machine,
                shard_limits=options.shard_limits,
                keep=options.keep,
                on_step=_say,
            )
            which = "is up" if instance.started_by_this_call else "was already up"
            sys.stdout.write(f"LocalStack {instance.version} {which} at {instance.endpoint}\n")
            sys.stdout.write(f"{instance.whom_it_serves}\n")
        case "down":
            was_there = stop(home, on_step=_say)
            sys.stdout.write("stopped\n" if was_there else "LocalStack was not running\n")
        case "reset":
            for service, what in reset(home, account=options.account).items():
                _say(f"not reset: {service}: {what}")
            whose = f"account {options.account}" if options.account else "all accounts"
            sys.stdout.write(f"{whose} reset\n")
        case "env":
            return _print_variables(status(home))
        case "doctor":
            return _print_findings(list(examine(home, environment_home)))
        case _:
            return _report(home, status(home))
    return 0


def _print_variables(found: Instance | Stopped | Died) -> int:
    if not isinstance(found, Instance):
        raise EmulatorError(found.explanation)
    for name, value in found.variables.items():
        sys.stdout.write(f"export {name}={value}\n")
    return 0


def _print_findings(findings: list[Finding]) -> int:
    for finding in findings:
        text = finding.text.replace("\n", f"\n{' ' * _LABEL}")
        sys.stdout.write(f"{finding.verdict:{_LABEL}}{text}\n")
    return 1 if any(finding.is_failure for finding in findings) else 0


def _report(home: Path, found: Instance | Stopped | Died) -> int:
    if isinstance(found, Instance):
        if problem := silence.of(home, found):
            sys.stdout.write(f"{problem}\n")
            return 1
        runs = f"LocalStack {found.version} runs" if found.version else "LocalStack is starting"
        sys.stdout.write(f"{runs} at {found.endpoint}\n")
        return 0
    sys.stdout.write(f"{found.explanation}\n")
    return 1 if isinstance(found, Died) else 0


def _say(step: str) -> None:
    sys.stderr.write(f"{step}\n")


def _home(text: str) -> Path:
    try:
        return Path(text).absolute()
    except FileNotFoundError as error:
        raise argparse.ArgumentTypeError(
            "the current folder no longer exists; use a path that begins with /"
        ) from error


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else 0
    if not 0 < port < 2**16:
        raise argparse.ArgumentTypeError("must be 1 to 65535")
    return port


def _account(text: str) -> str:
    if not re.fullmatch("[0-9]{12}", text):
        raise argparse.ArgumentTypeError("must have 12 digits")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="localstack-embedded",
        description="Run LocalStack, an emulator of AWS, as an ordinary process.",
        epilog="For the options of a command, run it with --help.\n\n"
        + _listed(example for examples in EXAMPLES.values() for example in examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    parsers = {}
    for name, text in COMMANDS.items():
        parsers[name] = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=_listed(EXAMPLES[name]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parsers[name].add_argument(
            "--home", type=_home, help=f"the folder for its files (default: {DEFAULT_HOME})"
        )
    parsers["reset"].add_argument(
        "--account", type=_account, help="the account to empty, 12 digits (default: all accounts)"
    )
    up = parsers["up"]
    up.add_argument(
        "--port", type=_port, help="the port to listen on (default: 4566, or the next free one)"
    )
    up.add_argument(
        "--open-to-this-machine",
        action="store_true",
        help="accept requests from all users of this machine; they can then run code as you",
    )
    up.add_argument(
        "--keep",
        action="store_true",
        help="save the state on disk, and start with the state saved before",
    )
    up.add_argument(
        "--shard-limits",
        action="store_true",
        help="apply AWS's limits to each shard: 1,000 records and 1 MiB per second in, five reads "
        "and 2 MiB per second out",
    )
    return parser


def _listed(examples: Iterable[str]) -> str:
    return "\n".join(["examples:", *(f"  {example}" for example in examples)])


if __name__ == "__main__":
    sys.exit(main(name=f"{shlex.quote(sys.executable)} -m localstack_embedded"))
