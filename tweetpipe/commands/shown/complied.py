"""Reports the outcome of a comply run."""

from __future__ import annotations

from typing import Any

from tweetpipe.commands import terminal
from tweetpipe.complying import Account
from tweetpipe.words import counted


def tell(outcome: dict[str, Any], account: Account, *, as_json: bool) -> None:
    """Print the counts in words, and with `as_json` also as JSON."""
    if as_json:
        terminal.print_json(outcome)
    changes = ", ".join(
        f"{change['where']}: {change['count']:,} {change['did']}" for change in outcome["changes"]
    )
    would = "Would change" if outcome["dry_run"] else "Changed"
    looked = (
        f"{counted(outcome['items'], 'item')}, {counted(outcome['dead_letters'], 'dead letter')}"
    )
    if outcome["ids_refused"]:
        terminal.say(f"X did not accept {counted(outcome['ids_refused'], 'id')} as valid.")
    if outcome["author_notices"] and not outcome["ids_asked"]:
        terminal.say(
            "X's stream reported changes to authors' accounts "
            f"({counted(outcome['author_notices'], 'message')}). Only a job at X can tell which "
            "stored posts they affect. Run this again without --no-job."
        )
    if outcome["told_but_not_stored"]:
        terminal.say(
            f"Deleted on X but not stored, or not yet: {outcome['told_but_not_stored']:,}. The log "
            "keeps them, and each run checks again."
        )
    if outcome["waiting_for_newer"]:
        terminal.say(
            "Edited on X, but the newer version is not stored yet: "
            f"{outcome['waiting_for_newer']:,}."
        )
    terminal.done(f"{would} {changes or 'nothing'}. Checked {looked}.")
    if changes and account.path:
        terminal.say(f"Each change is a line in {account.path}")
