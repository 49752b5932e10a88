"""tweetpipe status."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.text import Text

from tweetpipe.aws.place import Target
from tweetpipe.aws.stack import options
from tweetpipe.commands import terminal
from tweetpipe.commands.options import (
    DEFAULT_STACK,
    JsonOption,
    StackOption,
    TargetOption,
    open_stack,
)

_NOT_WELL = ("error", "unknown")


def status(
    stack_name: StackOption = DEFAULT_STACK,
    target: TargetOption = Target.LOCAL,
    as_json: JsonOption = False,
) -> None:
    """Show each part of the stack, its problems, and its activity in the last few minutes.

    Exits with code 1 if there is no stack or no emulator, or if a part of the stack is in error or
    can't be read. A warning, such as waiting dead letters, does not change the exit code.
    """
    # Imported here because few commands need them, and every command would start more slowly.
    from tweetpipe.commands import reporting
    from tweetpipe.commands.shown.live import troubles
    from tweetpipe.commands.twitter import read_so_far
    from tweetpipe.live import judging
    from tweetpipe.live.once import look_once

    place, deployed = open_stack(target, stack_name)
    seen, measured = look_once(place, deployed)
    healths = {
        "stack": judging.stack(deployed.status, options=options(place.target, stack_name)),
        **seen.healths,
    }
    so_far = read_so_far(Path(), deployed)
    if as_json:
        report = reporting.as_json(place, deployed, seen, measured, healths)
        terminal.print_json(report | {"read_from_x": so_far.content})
    else:
        terminal.out.print(reporting.as_table(place, deployed, seen, measured, healths))
        for line in [*map(Text, so_far.lines), *troubles(healths)]:
            terminal.out.print(line, soft_wrap=True)
    if any(health.state in _NOT_WELL for health in healths.values()):
        raise typer.Exit(1)
