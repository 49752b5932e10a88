"""Runs the command line and turns every error into a message and an exit code."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import typer.main
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from localstack_embedded import EmulatorError, suggesting
from producer import ProducerError, SettingsError, SourceError
from tweetpipe import events
from tweetpipe.aws import stack as stacks
from tweetpipe.aws.errors import INTERRUPTED, TweetpipeError, mistake
from tweetpipe.aws.explain import explain
from tweetpipe.commands import settings_file, terminal
from tweetpipe.commands.app import app
from tweetpipe.commands.interrupt import ending_in_time
from tweetpipe.commands.lifecycle import PROGRAM

# Shared by all calls, because each log line goes through every handler.
_SILENCE = logging.NullHandler()

_PAGES = {"--help", "-h", "--version"}


def main(argv: Sequence[str] | None = None, *, prog_name: str = "tweetpipe") -> None:
    """Runs one command and exits the process."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    if debug:
        sys.excepthook = terminal.show_traceback
        logging.basicConfig(format="%(message)s")
        logging.getLogger("tweetpipe").setLevel(logging.DEBUG)
    else:
        # Warnings of libraries, such as each failed attempt, are reported in our own words.
        logging.getLogger().addHandler(_SILENCE)
    code: object = None
    with ending_in_time() as signals, suggesting(PROGRAM):
        try:
            settings_file.load()
            arguments = [a for a in arguments if a != "--debug"]
            folder, arguments = _events_of(arguments)
            events.choose(folder)
            stack = events.stack_name()
            stacks.is_meant(os.environ.get("TWEETPIPE_STACK") or stack)
            defaults = _defaults(_command(), stack=stack)
            _command().main(args=arguments, prog_name=prog_name, default_map=defaults)
        except SystemExit as ended:
            code = ended.code
            if isinstance(ended.__context__, BrokenPipeError) and _PAGES & {*arguments}:
                code = 0  # the reader, such as head, has seen enough
        except KeyboardInterrupt:
            code = INTERRUPTED  # a second one, while the first was dealt with
        except Exception as error:
            if debug:
                raise
            message, code = _in_one_line(error)
            terminal.fail(message)
        finally:
            events.choose(None)
            stacks.is_meant()
    # Whatever the command returned: it was interrupted before it was done.
    sys.exit(128 + signals[0] if signals else code)  # type: ignore[arg-type]


def _defaults(command: Any, *, stack: str) -> dict[str, Any]:
    """The default of --stack for a command and its subcommands, as a click default map."""
    own = {each.name: stack for each in command.params if "--stack" in each.opts}
    below = getattr(command, "commands", {})
    return own | {name: _defaults(each, stack=stack) for name, each in below.items()}


def _events_of(arguments: list[str]) -> tuple[str | None, list[str]]:
    """The value of --events, wherever it stands in the arguments, and the other arguments."""
    folder: str | None = None
    rest: list[str] = []
    left = iter(arguments)
    for argument in left:
        name, separator, value = argument.partition("=")
        if argument == "--":
            return folder, [*rest, argument, *left]
        if name != "--events":
            rest.append(argument)
        elif separator:
            folder = value
        elif (following := next(left, None)) is not None:
            folder = following
        else:
            return None, [argument]  # the parser then reports the missing value
    return folder, rest


@cache
def _command() -> Any:
    """All of the commands, created once however often main is called."""
    return typer.main.get_command(app)


def _in_one_line(error: Exception) -> tuple[str, int]:
    match error:
        case TweetpipeError():
            return str(error), error.exit_code
        case SettingsError():
            return _sentence(str(error)), 2
        case SourceError(advice=str(advice)) if advice:
            again = "" if "\n" in advice else ", then run this command again."
            return f"{error}. {advice}{again}", 1
        case ProducerError() | EmulatorError():
            return _sentence(str(error)), 1
        case BotoCoreError() | ClientError():
            return explain(error), 1
        case ResponseParserError():
            return (
                f"The answer is not from AWS or an emulator of it: {error}. Check "
                "AWS_ENDPOINT_URL, and whether a proxy answers instead."
            ), 1
        case OSError():
            return _of_the_system(error), 1
    return mistake(error), 1


def _sentence(text: str) -> str:
    """The text with a period, unless it has one or ends with a command to run."""
    last = text.rpartition("\n")[2]
    return text if last.startswith("  ") or last.endswith((".", "?")) else f"{text}."


def _of_the_system(error: OSError) -> str:
    named = f": {error.filename}" if error.filename else ""
    said = f"{error.strerror or error}{named}"
    match error:
        case FileNotFoundError() | PermissionError() if error.filename:
            return f"{said}. Check the path and its permissions, then run this command again."
        case OSError(errno=errno.ENOSPC):
            return f"{said}. Free disk space, then run this command again."
    return said
