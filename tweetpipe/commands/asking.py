"""Asks before something is changed on AWS."""

from __future__ import annotations

from rich.text import Text

from tweetpipe import terminal
from tweetpipe.aws.errors import WrongUsage


def agrees(question: str, *, otherwise: str) -> bool:
    """Whether the answer is yes.

    Raises WrongUsage with `otherwise`, the option that needs no answer, where nobody can give one.
    """
    return _answer(f"{question} [y/N]", otherwise).lower() in ("y", "yes")


def names(name: str, question: str, *, otherwise: str) -> bool:
    """Whether the answer is this name, which nobody types by accident; raises as `agrees`."""
    return _answer(f"{question} Type {name} to go on:", otherwise) == name


def _answer(question: str, otherwise: str) -> str:
    terminal.err.print(Text(f"{question} ", style="bold"), end="")
    try:
        # Not typer.confirm: it makes one thing of Ctrl-C and of nobody being there.
        return input().strip()
    except EOFError as error:
        terminal.say("")
        raise WrongUsage(f"Nobody answers, so nothing was changed. {otherwise}") from error
