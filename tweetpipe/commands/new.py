"""tweetpipe new: creates a folder for the user's own events."""

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
"""The name of the folder in the example's README."""


def new(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder to create, such as my-events.")
    ],
) -> None:
    """Create a folder for your own events from a working example."""
    check_name(folder)
    try:
        folder.mkdir()
    except FileExistsError as error:
        raise WrongUsage(f"{folder} already exists. Choose another name.") from error
    except FileNotFoundError as error:
        raise WrongUsage(
            f"{folder} can't be created, because the folder {folder.parent} does not exist. To "
            f"create that folder first, run:\n  mkdir -p {shlex.quote(str(folder.parent))}"
        ) from error
    except OSError as error:
        raise _not_created(folder, error) from error
    named = shlex.quote(str(folder))
    try:
        for source in (*EXAMPLE.glob("*.py"), EXAMPLE / "README.md"):
            text = source.read_text(encoding="utf-8").replace(_SAID, named)
            (folder / source.name).write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder)
        raise _not_created(folder, error) from error
    terminal.done(f"Created {folder}, a working example with page views and clicks. To try it:")
    for line in (
        f"  tweetpipe --events {named} demo",
        f"{folder / 'README.md'} explains what to change, step by step.",
    ):
        terminal.say(line)


def _not_created(folder: Path, error: OSError) -> TweetpipeError:
    return TweetpipeError(
        f"{folder} can't be created: {error.strerror}. Name a folder in one that you can write to "
        "and that has free space."
    )
