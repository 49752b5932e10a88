"""tweetpipe new: a folder of one's own to begin with."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from tweetpipe.aws.errors import TweetpipeError, WrongUsage
from tweetpipe.commands import terminal
from tweetpipe.events import check_name
from tweetpipe.project import EXAMPLE

_SAID = "examples/clickstream"
"""What the example's README calls its own folder."""


def new(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to put it, such as my-events.")
    ],
) -> None:
    """Make a folder for events of your own, from an example that works as it is."""
    check_name(folder)
    try:
        folder.mkdir()
    except FileExistsError as error:
        raise WrongUsage(f"{folder} is there already. Choose another name.") from error
    except FileNotFoundError as error:
        raise WrongUsage(f"There is no folder {folder.parent} to make {folder} in.") from error
    named = shlex.quote(str(folder))
    try:
        for source in (*EXAMPLE.glob("*.py"), EXAMPLE / "README.md"):
            text = source.read_text(encoding="utf-8").replace(_SAID, named)
            (folder / source.name).write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder)
        raise TweetpipeError(f"{folder} can't be made: {error.strerror}.") from error
    terminal.done(f"{folder} holds page views and clicks, which work as they are:")
    for line in (
        f"  tweetpipe --events {named} demo",
        f"{folder / 'README.md'} says what to change, and in which order.",
    ):
        terminal.say(line)
