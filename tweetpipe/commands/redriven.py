"""What a redrive says at its end."""

from __future__ import annotations

from collections import Counter

from tweetpipe.aws.errors import TweetpipeError
from tweetpipe.dead_letters.redrive import Redriven

_REASONS = 3  # reasons for which letters are kept, in an error's one line
_ADVICE = "What to do about it: tweetpipe dead-letters redrive --help."


def summary(outcomes: list[Redriven]) -> str:
    """How many records are stored, and letters gone."""
    done = sum(outcome.is_done for outcome in outcomes)
    stored = sum(outcome.stored for outcome in outcomes)
    rejected = sum(outcome.rejected for outcome in outcomes)
    kept = len(outcomes) - done
    return f"{records(stored, rejected)} Dead letters: {done:,} gone, {kept:,} kept."


def records(stored: int, rejected: int) -> str:
    """How many records, of aggregated ones each that is in them, are stored."""
    return f"Records: {stored:,} stored, {rejected:,} rejected."


def fail_if_rejected(rejected: int, *, options: str) -> None:
    """Raises TweetpipeError with how many records were rejected again, if any.

    `options` are those that lead a command to the stack.
    """
    if rejected:
        raise TweetpipeError(
            f"Records that were rejected and are dead letters of their own now: {rejected:,}. "
            f"See tweetpipe dead-letters list{options}"
        )


def fail_if_kept(outcomes: list[Redriven], *, missed: int, options: str) -> None:
    """Raises TweetpipeError with how many letters are kept and why, unless all are gone."""
    whys = [outcome.why for outcome in outcomes if not outcome.is_done]
    whys += ["it is out of sight: another reader holds it"] * missed
    rejected = sum(outcome.rejected for outcome in outcomes)
    if len(whys) == 1:
        raise TweetpipeError(f"1 dead letter is kept: {whys[0]}. {_ADVICE}")
    if whys:
        raise TweetpipeError(f"{len(whys):,} dead letters are kept: {_in_brief(whys)}. {_ADVICE}")
    fail_if_rejected(rejected, options=options)


def _in_brief(whys: list[str]) -> str:
    """The most frequent reasons, without what differs from letter to letter."""
    counts = Counter(": ".join(why.split(": ")[:2]) for why in whys).most_common()
    more = ", and for other reasons" if len(counts) > _REASONS else ""
    return "; ".join(f"{why} ({n:,} of them)" for why, n in counts[:_REASONS]) + more


def as_json(outcome: Redriven) -> dict[str, object]:
    """What became of a letter, for another program."""
    return {
        "id": outcome.letter.id,
        "kind": outcome.letter.kind,
        "stored": outcome.stored,
        "rejected": outcome.rejected,
        "done": outcome.is_done,
        "why": outcome.why,
    }
