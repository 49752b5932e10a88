"""Counts, shows, finds and deletes dead letters in the queue and the bucket."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from botocore.config import Config

from tweetpipe.aws.errors import NothingThere, WrongUsage
from tweetpipe.aws.place import Place
from tweetpipe.aws.stack import Stack, options
from tweetpipe.dead_letters.bucket import Bucket, Objects, bucket_of
from tweetpipe.dead_letters.letter import SHORT_ID, DeadLetter
from tweetpipe.dead_letters.queue import AT_A_TIME, Hold

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

# Visible messages, and those held by a reader or delayed.
_VISIBLE: QueueAttributeNameType = "ApproximateNumberOfMessages"
_HELD: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def counts(
    place: Place, queue_url: str, *, bucket: Bucket | None = None, config: Config | None = None
) -> tuple[int, int]:
    """The approximate number of visible dead letters, and of those held by other readers."""
    objects = Objects(place, bucket).count() if bucket else 0
    attributes = place.sqs(config).get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=[_VISIBLE, *_HELD],
    )["Attributes"]
    visible = int(attributes[_VISIBLE]) + objects
    return visible, sum(int(attributes[held]) for held in _HELD)


def peek(
    place: Place,
    queue_url: str,
    limit: int,
    *,
    bucket: Bucket | None = None,
    wanted: Callable[[DeadLetter], bool] = lambda _: True,
) -> tuple[list[DeadLetter], int]:
    """Up to `limit` dead letters in no particular order, and about how many there are in all.

    They are hidden from other readers while this reads, and visible again before it returns.
    """
    about = sum(counts(place, queue_url, bucket=bucket))
    with Hold(place, queue_url, bucket=bucket) as hold:
        return hold.wanted(wanted, limit), about


def find(place: Place, stack: Stack, prefixes: Collection[str]) -> list[DeadLetter]:
    """The letters with these id prefixes, one for each; stops once all ids are found.

    Raises WrongUsage if a prefix matches several, NothingThere if it matches none.
    """
    if not prefixes:
        return []
    shown = f"tweetpipe dead-letters list{options(place.target, stack.name)}"
    found: dict[str, list[DeadLetter]] = {prefix: [] for prefix in prefixes}
    if not all(found):
        raise WrongUsage(f"The id of a dead letter is empty. To list the ids, run:\n  {shown}")
    with Hold(place, stack.outputs["DeadLetterQueueUrl"], bucket=bucket_of(stack)) as hold:
        for letter in hold.letters():
            for prefix in found:
                if letter.id.startswith(prefix):
                    found[prefix].append(letter)
            # Shorter prefixes may match several.
            if all(letters and len(prefix) >= SHORT_ID for prefix, letters in found.items()):
                break
    for prefix, letters in found.items():
        if not letters:
            raise NothingThere(
                f"No dead letter's id begins with {prefix!r}. If the id is right, the letter is "
                f"gone, or another reader holds it. To list what is there, run:\n  {shown}"
            )
        if len(letters) > 1:
            ids = ", ".join(letter.id for letter in letters[:3])
            raise WrongUsage(
                f"{prefix!r} matches the ids of {len(letters):,} dead letters ({ids}). Give more "
                "characters of the one you mean."
            )
    return list({letter.id: letter for [letter] in found.values()}.values())


def every_id(
    place: Place,
    queue_url: str,
    *,
    bucket: Bucket | None = None,
    wanted: Callable[[DeadLetter], bool] = lambda _: True,
) -> set[str]:
    """The ids of all wanted letters that may be deleted and that no other reader holds."""
    with Hold(place, queue_url, bucket=bucket) as hold:
        return {letter.id for letter in hold.letters() if letter.is_deletable and wanted(letter)}


def purge(
    place: Place,
    queue_url: str,
    ids: Collection[str],
    *,
    bucket: Bucket | None = None,
    on_deleted: Callable[[int], None] = lambda _: None,
) -> int:
    """Delete these letters for good, and return how many there were."""
    left = set(ids)
    with Hold(place, queue_url, bucket=bucket) as hold:
        chosen: list[str] = []

        def delete() -> None:
            hold.delete(chosen)
            left.difference_update(chosen)
            chosen.clear()
            on_deleted(len(ids) - len(left))

        for letter in hold.letters():
            if letter.id in left and letter.is_deletable:
                chosen.append(letter.id)
            if len(chosen) == min(AT_A_TIME, len(left)):
                delete()
            if not left:
                break
        delete()
    return len(ids) - len(left)
