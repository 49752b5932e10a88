"""The dead letters that a command names, and what may be done with each."""

from __future__ import annotations

import shlex
from contextlib import AbstractContextManager

from tweetpipe import dead_letters as letters
from tweetpipe.aws.errors import TweetpipeError, WrongUsage
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack
from tweetpipe.commands import terminal
from tweetpipe.dead_letters import DeadLetter, Kind, redrive
from tweetpipe.dead_letters.bucket import Bucket


def selection(ids: list[str] | None, *, every: bool, ways: str, options: str) -> list[str]:
    """The ids, or none if they are chosen in other `ways`, the options for that.

    Raises WrongUsage if both or neither are given.
    """
    if ids and every:
        raise WrongUsage(f"An id can't be combined with {ways}. Leave out one of them.")
    if not ids and not every:
        raise WrongUsage(f"Name dead letters by id, or add {ways}. {how_to_list_ids(options)}")
    return ids or []


def how_to_list_ids(options: str) -> str:
    """The advice to run the command that shows them; `options` select the stack."""
    return f"To list the ids, run:\n  tweetpipe dead-letters list{options}"


def find(place: Place, deployed: Stack, prefixes: list[str]) -> list[DeadLetter]:
    """The letters with these id prefixes; raises like `dead_letters.find`."""
    if not prefixes:
        return []
    with reading():
        return letters.find(place, deployed, prefixes)


def deletable(letter: DeadLetter, bucket: Bucket | None) -> DeadLetter:
    """The letter itself; raises WrongUsage if it belongs to another stack."""
    if not letter.is_deletable:
        object_ = shlex.quote(f"s3://{bucket.name if bucket else ''}/{letter.key}")
        raise WrongUsage(
            f"{letter.short_id} is in your bucket but does not belong to this stack. Nothing was "
            f"deleted. If you no longer need it, run:\n  aws s3 rm {object_}"
        )
    return letter


def reading() -> AbstractContextManager[None]:
    """Shows that the queue is being read."""
    return terminal.spinner("Reading the dead-letter queue")


def payload_of(place: Place, letter: DeadLetter) -> bytes:
    """The bytes of a rejected record; raises WrongUsage, and TweetpipeError if they are gone."""
    require_rejected(letter, "--payload")
    data = redrive.payload(place, letter)
    if data is None:
        raise TweetpipeError(
            f"The record of {letter.short_id} was too large for its message, and the stream no "
            "longer has it. Send it again from its source, if the source still has it."
        )
    return data


def require_rejected(letter: DeadLetter, option: str) -> None:
    """Raise WrongUsage if the option can't be used with this kind of letter."""
    if letter.kind is not Kind.REJECTED:
        raise WrongUsage(
            f"{letter.short_id} is {letter.kind}, and {option} works only with rejected dead "
            f"letters. Leave out {option}."
        )
