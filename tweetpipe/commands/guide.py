"""Help for newcomers: the groups of commands, and examples of each command."""

from __future__ import annotations

FIRST = {
    "Start": ("tweetpipe demo", "run the whole pipeline on this machine"),
    "Send": ("tweetpipe produce fake --count 5000", "send fake events"),
    "Look": ("tweetpipe dashboard", "watch the stack in a browser"),
    "Fix": ("tweetpipe dead-letters list", "see what could not be stored, and why"),
    "AWS": ("tweetpipe deploy --target aws", "deploy the same stack to AWS"),
}
"""What to try first, in this order."""

PANELS = {
    "Start": ("demo", "new", "up", "down"),
    "Send": ("produce", "verify"),
    "Look": ("status", "watch", "dashboard", "query", "logs"),
    "Fix": ("dead-letters", "comply"),
    "Plan and deploy": ("plan", "deploy", "destroy"),
}
"""The commands as --help groups them."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": (
        "tweetpipe demo",
        "tweetpipe demo --count 5000",
        "tweetpipe --events my-events demo",
    ),
    "new": (
        "tweetpipe new my-events",
        "tweetpipe new orders",
    ),
    "up": (
        "tweetpipe up",
        "tweetpipe up --keep",
        "tweetpipe up --port 4567 --shard-limits",
    ),
    "down": ("tweetpipe down",),
    "produce": (
        "tweetpipe produce fake --count 5000 --rate 200",
        "tweetpipe produce file events.ndjson",
    ),
    "produce fake": (
        "tweetpipe produce fake --count 5000 --rate 200",
        "tweetpipe produce fake --seed 7 --malformed 0.02",
        "tweetpipe produce fake --forever --rate 20",
    ),
    "produce file": (
        "tweetpipe produce file events.ndjson",
        "tweetpipe produce file 'archive/*.gz' --resume",
        "zcat events.ndjson.gz | tweetpipe produce file -",
    ),
    "produce twitter": (
        "tweetpipe produce twitter --track yolo --max-tweets 500",
        "tweetpipe produce twitter --track '#aws lang:en' --max-minutes 10",
    ),
    "verify": (
        "tweetpipe verify --count 5000",
        "tweetpipe verify file events.ndjson",
    ),
    "verify fake": (
        "tweetpipe verify fake --count 5000 --seed 7",
        "tweetpipe verify fake --count 5000 --allow-others",
    ),
    "verify file": (
        "tweetpipe verify file events.ndjson",
        "tweetpipe verify file 'archive/*.gz' --wait 60",
    ),
    "status": (
        "tweetpipe status",
        "tweetpipe status --json",
        "tweetpipe status --target aws",
    ),
    "watch": (
        "tweetpipe watch",
        "tweetpipe watch --interval 5",
        "tweetpipe watch --for 10 --json",
    ),
    "dashboard": (
        "tweetpipe dashboard",
        "tweetpipe dashboard --port 8081 --open",
        "tweetpipe dashboard --target aws --allow-actions",
    ),
    "query": (
        "tweetpipe query 'Ada Lovelace'",
        "tweetpipe query 'Ada Lovelace' --limit 1 --json",
    ),
    "logs": (
        "tweetpipe logs --since 1h",
        "tweetpipe logs --follow",
    ),
    "dead-letters": (
        "tweetpipe dead-letters list",
        "tweetpipe dead-letters redrive --all",
    ),
    "dead-letters list": (
        "tweetpipe dead-letters list",
        "tweetpipe dead-letters list --by-reason",
        "tweetpipe dead-letters list --kind exhausted --limit 10",
    ),
    "dead-letters show": (
        "tweetpipe dead-letters show ID",
        "tweetpipe dead-letters show ID --payload > record.json",
    ),
    "dead-letters redrive": (
        "tweetpipe dead-letters redrive --all --kind exhausted",
        "tweetpipe dead-letters redrive ID --payload record.json",
        "tweetpipe dead-letters redrive --since 6h",
    ),
    "dead-letters purge": (
        "tweetpipe dead-letters purge ID --yes",
        "tweetpipe dead-letters purge --reason not-json --older-than 7d --yes",
    ),
    "comply": (
        "tweetpipe comply --dry-run",
        "tweetpipe comply --no-job",
    ),
    "plan": (
        "tweetpipe plan --rate 2000",
        "tweetpipe plan --rate 2000 --peak-factor 5",
        "tweetpipe plan --rate 50 --mode on-demand --json",
    ),
    "deploy": (
        "tweetpipe deploy",
        "tweetpipe deploy -p ShardCount=2",
        "tweetpipe deploy --target aws",
    ),
    "destroy": (
        "tweetpipe destroy",
        "tweetpipe destroy --stack mine --yes",
        "tweetpipe destroy --target aws",
    ),
}


def epilog(command: str) -> str | None:
    """The examples for the help of a command, one per line."""
    examples = EXAMPLES.get(command, ())
    heading = "Example:" if len(examples) == 1 else "Examples:"
    return "\n  ".join([heading, *examples]) if examples else None


def panel(command: str) -> str | None:
    """The panel of --help that lists the command."""
    return next((name for name, commands in PANELS.items() if command in commands), None)


def place(command: str) -> int:
    """The position of the command among all commands."""
    order = [each for commands in PANELS.values() for each in commands]
    return order.index(command) if command in order else len(order)


def first_steps() -> list[str]:
    """What `tweetpipe` prints without arguments."""
    width = max(len(command) for command, _ in FIRST.values())
    steps = [f"  {what:<6}  {command:<{width}}  {why}" for what, (command, why) in FIRST.items()]
    return ["First steps:", *steps, "", "All commands: tweetpipe --help"]
