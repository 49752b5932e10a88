"""What a run of comply has come to."""

from __future__ import annotations

from typing import Any

from tweetpipe.commands import terminal
from tweetpipe.complying import Account
from tweetpipe.words import counted


def tell(outcome: dict[str, Any], account: Account, *, as_json: bool) -> None:
    """The counts, for a person, and with `as_json` for another program as well."""
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
        terminal.say(f"Ids that X does not take for any: {outcome['ids_refused']:,}.")
    if outcome["author_notices"] and not outcome["ids_asked"]:
        terminal.say(
            f"X's stream told of authors' accounts ({outcome['author_notices']:,} messages): which "
            "stored posts are theirs, only X's job can tell. Run this without --no-job."
        )
    if outcome["told_but_not_stored"]:
        terminal.say(
            f"Deleted on X, and not stored (yet): {outcome['told_but_not_stored']:,}. The log "
            "keeps them, and each run looks again."
        )
    if outcome["waiting_for_newer"]:
        terminal.say(
            "Edited on X, and the newer version is not stored yet: "
            f"{outcome['waiting_for_newer']:,}."
        )
    terminal.done(f"{would} {changes or 'nothing'}. Looked at {looked}.")
    if changes and account.path:
        terminal.say(f"A line for each is in {account.path}")
