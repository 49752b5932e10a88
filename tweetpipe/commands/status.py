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
    """Show the parts of the stack, what is wrong with them, and what they did in the last minutes.

    The exit code is 1 when the stack or the emulator is not there, and when a part of the stack is
    in error or can't be read. A warning, such as dead letters that wait, leaves it at 0.
    """
    # Imported here: few commands look at a stack, and each would start later.
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
