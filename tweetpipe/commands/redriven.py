"""The messages at the end of a redrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.dead_letters.redrive import REJECTED_AGAIN, Redriven
from tweetpipe.words import counted

_REASONS = 3  # reasons for which letters are kept, in an error's one line
_HELP = "tweetpipe dead-letters redrive --help"


def summary(outcomes: list[Redriven]) -> str:
    """The counts of records stored and of dead letters deleted."""
    done = sum(outcome.is_done for outcome in outcomes)
    stored = sum(outcome.stored for outcome in outcomes)
    rejected = sum(outcome.rejected for outcome in outcomes)
    kept = len(outcomes) - done
    return f"{records(stored, rejected)} Dead letters: {done:,} deleted, {kept:,} kept."


def records(stored: int, rejected: int) -> str:
    """The counts of records, where each record within an aggregated one counts."""
    return f"Records: {stored:,} stored, {rejected:,} rejected."


def fail_if_rejected(rejected: int, *, options: str) -> None:
    """Raises TweetpipeError with the number of records that were rejected again, if any.

    `options` are the options that select the stack.
    """
    if rejected:
        each, their = (
            ("was", "has a dead letter of its")
            if rejected == 1
            else ("were", "each have a dead letter of their")
        )
        raise TweetpipeError(
            f"{counted(rejected, 'record')} {each} rejected and now {their} own. To see why, run:\n"
            f"  tweetpipe dead-letters list{options}"
        )


def fail_if_kept(outcomes: list[Redriven], *, missed: int, options: str) -> None:
    """Raises TweetpipeError with the number of dead letters that were kept, and why, if any."""
    whys = [outcome.why for outcome in outcomes if not outcome.is_done]
    whys += ["another reader holds it"] * missed
    commands = [outcome.command for outcome in outcomes if outcome.command]
    advice = _advice(dict.fromkeys(commands), others=len(whys) - len(commands))
    rejected = sum(outcome.rejected for outcome in outcomes)
    if len(whys) == 1:
        raise TweetpipeError(f"1 dead letter was kept: {whys[0]}. {advice}")
    if whys:
        raise TweetpipeError(f"{len(whys):,} dead letters were kept: {_in_brief(whys)}. {advice}")
    fail_if_rejected(rejected, options=options)


def _advice(commands: Iterable[str], *, others: int) -> str:
    """What to do about letters: some need a command first, `others` don't."""
    lines = [f"  {command}" for command in commands]
    if lines:
        lines.insert(0, "To do that, run:")
    if others:
        about = " about the others" if lines else ""
        lines += [f"For what to do{about}, see:", f"  {_HELP}"]
    return "\n".join(lines)


def _in_brief(whys: list[str]) -> str:
    """The most frequent reasons, without the details that differ between dead letters."""
    again = [why.split(": ")[1] for why in whys if why.startswith(REJECTED_AGAIN)]
    others = [": ".join(why.split(": ")[:2]) for why in whys if not why.startswith(REJECTED_AGAIN)]
    parts = [f"{why} ({n:,} of them)" for why, n in Counter(others).most_common(_REASONS)]
    if again:
        reasons = ", ".join(f"{why} {n:,}" for why, n in Counter(again).most_common())
        parts.insert(0, f"{len(again):,} would be rejected again ({reasons})")
    more = ", and for other reasons" if len(set(others)) > _REASONS else ""
    return "; ".join(parts) + more


def as_json(outcome: Redriven) -> dict[str, object]:
    """The outcome for one dead letter, as JSON."""
    return {
        "id": outcome.letter.id,
        "kind": outcome.letter.kind,
        "stored": outcome.stored,
        "rejected": outcome.rejected,
        "done": outcome.is_done,
        "why": outcome.why,
        "command": outcome.command,
    }
