"""Output and prompts: results go to standard output, everything else to standard error."""

from __future__ import annotations

import json
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.aws.redaction import redacted
from tweetpipe.events.contract import in_json

_PLAIN_LINE_EVERY = 5.0  # seconds, if the output is not a terminal
_NOT_ASCII = re.compile(r"[^\n -~]")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(text: str, style: str = "") -> None:
    """Print a line of progress or advice."""
    err.print(Text(_safe(text), style=style), soft_wrap=True)


def done(text: str) -> None:
    """Print a line about a success."""
    say(text, "green")


def fail(text: str) -> None:
    """Print an error."""
    err.print(Text.assemble(("Error: ", "bold red"), _safe(text)), soft_wrap=True)


def show_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """An excepthook that hides the credentials that an error may quote."""
    sys.stderr.write(_safe("".join(traceback.format_exception(kind, error, trace))))


def print_json(value: Any) -> None:
    """Print the value as JSON on standard output."""
    sys.stdout.write(json_text(value, indent=2) + "\n")


def json_text(value: Any, *, indent: int | None = None) -> str:
    """The value as JSON that is safe to print: terminal control characters are escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=in_json)
    return _NOT_ASCII.sub(lambda found: _escaped(found[0]), text)


def printable(text: str) -> str:
    """Untrusted text without terminal control characters."""
    return "".join(c if c.isprintable() or c in "\u200d\ufe0f" else " " for c in text)


def _safe(text: str) -> str:
    """Our own text without the credentials and control characters that it may quote."""
    return "\n".join(map(printable, redacted(text).split("\n")))


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """Shows a spinner, or a plain line if standard error is not a terminal."""
    if err.is_terminal:
        with err.status(text):
            yield
    else:
        say(text)
        yield


def bar(*columns: str) -> Progress:
    """A progress bar with additional columns of text, such as `{task.fields[rate]}`."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        *(TextColumn(column) for column in columns),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
    )


@contextmanager
def counting(what: str, *, total: int) -> Iterator[Callable[[int], None]]:
    """Shows a progress bar, or a plain line now and then if stderr is not a terminal."""
    with bar("{task.completed:,.0f} of {task.total:,.0f}") as shown:
        task = shown.add_task(what, total=total)
        next_line = time.monotonic() + _PLAIN_LINE_EVERY

        def show(count: int) -> None:
            nonlocal next_line
            shown.update(task, completed=count)
            if shown.disable and time.monotonic() >= next_line:
                next_line = time.monotonic() + _PLAIN_LINE_EVERY
                say(f"{what}: {count:,} of about {max(total, count):,}")

        yield show


def agrees(question: str, *, otherwise: str) -> bool:
    """Whether the user answers yes.

    Raises WrongUsage with `otherwise`, the way to go on without a prompt, if there is no input.
    """
    return _answer(f"{question} [y/N]", otherwise).lower() in ("y", "yes")


def names(name: str, question: str, *, otherwise: str) -> bool:
    """Whether the user types this name, to rule out an accident; raises as `agrees`."""
    return _answer(f"{question} Type {name} to continue:", otherwise) == name


def _answer(question: str, otherwise: str) -> str:
    err.print(Text(f"{question} ", style="bold"), end="")
    try:
        # Not typer.confirm, which treats Ctrl-C and the end of input alike.
        return input().strip()
    except EOFError as error:
        say("")
        raise WrongUsage(f"There was no answer, so nothing was changed. {otherwise}") from error
