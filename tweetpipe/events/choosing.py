"""Chooses the folder of events: from the option, the variable, the project, or the default."""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from tweetpipe.aws import stack
from tweetpipe.aws.errors import WrongUsage
from tweetpipe.events.contract import Events
from tweetpipe.events.loading import DEFAULT, load

SETTING = "TWEETPIPE_EVENTS"
_PROJECT = Path("pyproject.toml")
_option: str | None = None


def choose(folder: str | None) -> None:
    """Sets the value of --events, or None if it is not given."""
    global _option
    _option = folder
    _chosen.cache_clear()
    stack.every_command_needs(f" --events {shlex.quote(folder)}" if folder else "")


def chosen() -> Events:
    """The events in use; raises WrongUsage if their folder can't be used.

    Cached for the current folder and variable until `choose` is called.
    """
    return _chosen(_option, os.environ.get(SETTING), _here())


@lru_cache(maxsize=1)
def _chosen(*_: object) -> Events:
    # Cached because it is called for each item, and reading a file each time would take longer
    # than reading the item.
    folder = _named()
    return load(Path(folder) if folder else DEFAULT)


def _here() -> tuple[int, int] | None:
    """The identity of the current folder; None if it has been deleted."""
    try:
        found = os.stat(".")
    except OSError:
        return None
    return found.st_dev, found.st_ino


def stack_name() -> str:
    """The default stack name: the folder's name, so that different events use different stacks."""
    return Path(_named() or DEFAULT).expanduser().resolve().name.replace("_", "-")


def _named() -> str:
    return _option or os.environ.get(SETTING) or _of_the_project()


def require_those_of(name: str, parameters: Mapping[str, str]) -> Events:
    """The events in use; raises WrongUsage if the stack was deployed for other events."""
    events = chosen()
    deployed = parameters.get("Events", DEFAULT.name)
    if deployed != events.name or any(
        parameters.get(name, value) != value for name, value in events.parameters.items()
    ):
        raise WrongUsage(
            f"The stack {name} was deployed for the events {deployed}, but the events in use are "
            f"{events.name}. Name the folder of {deployed} with --events, or another stack with "
            "--stack, then run this command again."
        )
    return events


def _of_the_project() -> str:
    try:
        project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise WrongUsage(
            f"{_PROJECT} can't be read: {error}. Correct it, then run this command again."
        ) from error
    found: object = project
    for name in ("tool", "tweetpipe"):
        found = found.get(name, {}) if isinstance(found, dict) else None
    folder = found.get("events", "") if isinstance(found, dict) else None
    if not isinstance(folder, str):
        raise WrongUsage(
            f"{_PROJECT}: events under [tool.tweetpipe] must be the name of a folder, such as "
            '"my_events".'
        )
    return folder
