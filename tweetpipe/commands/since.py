"""tweetpipe dead-letters redrive --since: finds rejected records without a dead letter."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.text import Text

from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.aws.place import Target
from tweetpipe.aws.stack import options
from tweetpipe.commands import redriven, terminal
from tweetpipe.commands.logs import age
from tweetpipe.commands.options import open_stack
from tweetpipe.commands.terminal import printable
from tweetpipe.dead_letters import redrive
from tweetpipe.dead_letters.function import NotStored
from tweetpipe.dead_letters.stream import StreamRecord


def redrive_since(since: str, stack_name: str, target: Target, *, as_json: bool) -> None:
    """Reprocess the stream from then on, and fail with a list of what was rejected, if anything."""
    start = datetime.now(UTC) - age(since)
    place, deployed = open_stack(target, stack_name)
    stored = 0
    rejected: list[dict[str, str]] = []
    try:
        with terminal.spinner("Reprocessing the stream"):
            for record, refusals in redrive.redrive_since(place, deployed, start):
                stored += refusals.count("")
                rejected += [_named(record, refusals, n) for n, why in enumerate(refusals) if why]
    except NotStored as error:
        first = f" To do that, run:\n  {error.command}" if error.command else ""
        raise TweetpipeError(f"The stream was only partly reprocessed: {error}.{first}") from error
    finally:
        # Also reported when the run fails or is stopped: the user needs to know how far it got.
        _show(rejected, as_json=as_json)
        terminal.say(redriven.records(stored, len(rejected)))
    redriven.fail_if_rejected(len(rejected), options=options(place.target, deployed.name))


def _named(record: StreamRecord, refusals: list[str], place: int) -> dict[str, str]:
    number = record.sequence_number
    position = f"{number}.{place}" if len(refusals) > 1 else number
    return {"shardId": record.shard, "position": position, "reason": refusals[place]}


def _show(rejected: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        terminal.print_json(rejected)
        return
    for found in rejected:
        terminal.out.print(Text(printable(" ".join(found.values()))), soft_wrap=True)
