"""Shows what CloudFormation would change, before deploy asks for confirmation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tweetpipe.aws.errors import WrongUsage
from tweetpipe.commands import terminal
from tweetpipe.deploying.cautions import cautions
from tweetpipe.deploying.changes import Change, ChangeSet
from tweetpipe.plan.prices import load_prices

_HOURS = 730  # a month


def show_change_set(plan: ChangeSet, region: str) -> None:
    """Print each change with its old and new values, the cautions, and the new cost."""
    for change in plan.changes:
        what = ", ".join(map(str, change.properties))
        terminal.say(
            f"  {_verb(change):<16} {change.logical_id}  {change.type}"
            + (f"  ({what})" if what else "")
            + ("  its data will be deleted" if change.loses_data else ""),
            "bold red" if change.loses_data else "yellow" if _removes(change) else "",
        )
    show_cautions(plan)
    counts = Counter(map(_verb, plan.changes))
    terminal.say(", ".join(f"{n} {verb}" for verb, n in counts.items()) or "No resource changes.")
    terminal.say(cost_line(plan.parameters, region))


def show_cautions(plan: ChangeSet, *, on_aws: bool = True) -> None:
    """Print the cautions about the plan."""
    for line in cautions(plan, on_aws=on_aws):
        terminal.say(f"  Note: {line}", "yellow")


def cost_line(parameters: Mapping[str, str], region: str) -> str:
    """The fixed cost of a stack with these parameters; everything else is paid by use."""
    try:
        prices = load_prices(region)
    except WrongUsage:
        return f"Cost: unknown for {region}; see tweetpipe plan for prices of us-east-1."
    if parameters.get("StreamMode") == "ON_DEMAND":
        stream, cost = "an on-demand stream", prices["kinesis_stream_hour"].cost(_HOURS)
    else:
        shards = int(parameters.get("ShardCount", "1"))
        stream = f"{shards:,} shard{'s' if shards > 1 else ''}"
        cost = prices["kinesis_shard_hour"].cost(shards * _HOURS)
    return f"Cost: about ${cost:,.0f} a month for {stream} ({region}), plus a cost for each event."


def _removes(change: Change) -> bool:
    return change.action == "Remove" or change.is_replaced


def _verb(change: Change) -> str:
    match change.action:
        case "Add":
            return "added"
        case "Import":
            return "imported"
        case "Remove":
            return "retained" if change.keeps_old else "removed"
        case "Modify" if change.is_replaced:
            return "replaced" if change.replacement == "True" else "may be replaced"
    return "changed"
