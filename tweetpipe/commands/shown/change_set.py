"""What CloudFormation would change, as deploy shows it before it asks."""

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
    """Each change with its old and new values, what to mind, and what the stack costs then."""
    for change in plan.changes:
        what = ", ".join(map(str, change.properties))
        terminal.say(
            f"  {_verb(change):<16} {change.logical_id}  {change.type}"
            + (f"  ({what})" if what else "")
            + ("  its data is lost" if change.loses_data else ""),
            "bold red" if change.loses_data else "yellow" if _removes(change) else "",
        )
    show_cautions(plan)
    counts = Counter(map(_verb, plan.changes))
    terminal.say(", ".join(f"{n} {verb}" for verb, n in counts.items()) or "No resource changes.")
    terminal.say(cost_line(plan.parameters, region))


def show_cautions(plan: ChangeSet, *, on_aws: bool = True) -> None:
    """What to mind of the plan."""
    for line in cautions(plan, on_aws=on_aws):
        terminal.say(f"  Mind: {line}", "yellow")


def cost_line(parameters: Mapping[str, str], region: str) -> str:
    """What a stack with these parameters costs before any event comes; all else is paid by use."""
    try:
        prices = load_prices(region)
    except WrongUsage:
        return f"Cost: no prices are known here for {region}; see tweetpipe plan for us-east-1."
    if parameters.get("StreamMode") == "ON_DEMAND":
        stream, cost = "an on-demand stream", prices["kinesis_stream_hour"].cost(_HOURS)
    else:
        shards = int(parameters.get("ShardCount", "1"))
        stream = f"{shards:,} shard{'s' if shards > 1 else ''}"
        cost = prices["kinesis_shard_hour"].cost(shards * _HOURS)
    return (
        f"Cost: about ${cost:,.0f} a month for {stream} ({region}), "
        "and what events cost on top of it."
    )


def _removes(change: Change) -> bool:
    return change.action == "Remove" or change.is_replaced


def _verb(change: Change) -> str:
    match change.action:
        case "Add":
            return "added"
        case "Import":
            return "imported"
        case "Remove":
            return "left behind" if change.keeps_old else "removed"
        case "Modify" if change.is_replaced:
            return "replaced" if change.replacement == "True" else "perhaps replaced"
    return "changed"
